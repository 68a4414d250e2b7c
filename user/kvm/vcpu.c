// SPDX-License-Identifier: GPL-2.0-or-later
/* Making vCPUs, and what is wanted of all of them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kvm/ioctl.h"
#include "kvm/kvm.h"
#include "kvm/vcpu.h"
#include "kvm/vcpu_state.h"
#include "kvm/watch.h"

/* APICs in the kernel hold back all vCPUs but the first; without, we do */
static enum vcpu_status first_status(const struct vcpu *cpu)
{
	return cpu->index && cpu->set->kvm->irqchip == KVM_IRQCHIP_NONE ?
		       VCPU_WAIT_SIPI :
		       VCPU_PAUSED;
}

static size_t ring_bytes(const struct vcpu *cpu)
{
	return cpu->set->kvm->ring_size * sizeof(*cpu->ring);
}

static int map_ring(struct vcpu *cpu, struct slotscope_error *err)
{
	void *ring;

	if (!ring_bytes(cpu))
		return 0;
	ring = mmap(NULL, ring_bytes(cpu), PROT_READ | PROT_WRITE, MAP_SHARED,
		    cpu->fd, KVM_DIRTY_LOG_PAGE_OFFSET * sysconf(_SC_PAGESIZE));
	if (ring == MAP_FAILED)
		return error_set(err, errno, "map the dirty ring of vCPU %u",
				 cpu->index);
	cpu->ring = ring;
	return 0;
}

static int init_vcpu(struct vcpu *cpu, struct slotscope_error *err)
{
	struct kvm_state *s = cpu->set->kvm;
	int size, ret;
	NARRATE(KVM_INIT_VCPU, watch_vcpu, cpu, "vCPU %u", cpu->index);

	cpu->fd = kvm_ioctl(s->vm_fd, KVM_CREATE_VCPU, cpu->index);
	if (cpu->fd < 0)
		return error_set(err, errno, "create vCPU %u (KVM_CREATE_VCPU)",
				 cpu->index);
	size = kvm_ioctl(s->dev_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (size < (int)sizeof(*cpu->run))
		return error_set(err, size < 0 ? errno : EPROTO,
				 "ask KVM how large a vCPU's kvm_run is");
	cpu->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, cpu->fd,
			0);
	narrate_mmap(cpu->run,
		     "mmap(NULL, %d, PROT_READ|PROT_WRITE, MAP_SHARED, %d, 0)",
		     size, cpu->fd);
	if (cpu->run == MAP_FAILED) {
		cpu->run = NULL;
		return error_set(err, errno, "map the kvm_run of vCPU %u",
				 cpu->index);
	}
	cpu->run_size = size;
	ret = map_ring(cpu, err);
	if (ret)
		return ret;
	ret = kvm_arch_init_vcpu(s, cpu->fd, cpu->index, err);
	if (ret)
		return ret;
	return vcpu_start_thread(cpu, err);
}

int vcpus_init(struct vcpus *set, unsigned int nr, struct kvm_state *s,
	       struct big_lock *lock, struct kvm_io_listener *events,
	       struct slotscope_error *err)
{
	unsigned int i;
	int ret;

	*set = (struct vcpus){
		.kvm = s,
		.lock = lock,
		.events = events,
		.notify_fd = -1,
	};
	pthread_cond_init(&set->wake, NULL);
	pthread_cond_init(&set->parked, NULL);
	pthread_cond_init(&set->gate_moved, NULL);
	pthread_mutex_init(&set->gate, NULL);
	set->cpus = calloc(nr, sizeof(*set->cpus));
	if (!set->cpus) {
		ret = error_set(err, ENOMEM, "make %u vCPUs", nr);
		goto err_deinit;
	}
	set->notify_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (set->notify_fd < 0) {
		ret = error_set(err, errno, "make an eventfd for the vCPUs");
		goto err_deinit;
	}
	for (i = 0; i < nr; i++) {
		set->cpus[i] =
			(struct vcpu){ .set = set, .index = i, .fd = -1 };
		set->cpus[i].status = first_status(&set->cpus[i]);
	}
	/* All are there before the first thread looks at the others */
	set->nr = nr;
	for (i = 0; i < nr; i++) {
		ret = init_vcpu(&set->cpus[i], err);
		if (ret)
			goto err_deinit;
	}
	kvm_io_listener_set_ring(events, set->cpus[0].run);
	return 0;

err_deinit:
	vcpus_deinit(set);
	return ret;
}

static void deinit_vcpu(struct vcpu *cpu)
{
	if (cpu->ring)
		munmap(cpu->ring, ring_bytes(cpu));
	if (cpu->run)
		munmap(cpu->run, cpu->run_size);
	if (cpu->fd >= 0)
		close(cpu->fd);
	vcpu_state_free(cpu->power_on);
}

static void kick_all(struct vcpus *set)
{
	unsigned int i;

	for (i = 0; i < set->nr; i++)
		if (set->cpus[i].has_thread)
			vcpu_kick(&set->cpus[i]);
}

void vcpus_deinit(struct vcpus *set)
{
	unsigned int i;

	if (!set->lock)
		return;
	set->want_quit = true;
	set->want_run = false;
	pthread_cond_broadcast(&set->wake);
	vcpu_kick_hard();
	kick_all(set);
	big_unlock(set->lock);
	/* A call that began to wait just after a kick needs another one */
	for (i = 0; i < set->nr; i++)
		while (set->cpus[i].has_thread &&
		       !vcpu_join_thread(&set->cpus[i]))
			kick_all(set);
	big_lock(set->lock);
	for (i = 0; i < set->nr; i++)
		deinit_vcpu(&set->cpus[i]);
	free(set->cpus);
	set->cpus = NULL;
	set->nr = 0;
	if (set->notify_fd >= 0)
		close(set->notify_fd);
	set->notify_fd = -1;
	pthread_mutex_destroy(&set->gate);
	pthread_cond_destroy(&set->gate_moved);
	pthread_cond_destroy(&set->parked);
	pthread_cond_destroy(&set->wake);
	set->lock = NULL;
}

void vcpus_resume(struct vcpus *set)
{
	set->want_run = true;
	pthread_cond_broadcast(&set->wake);
}

void vcpus_stop_soon(struct vcpus *set)
{
	set->want_run = false;
	kick_all(set);
}

static bool any_runs(const struct vcpus *set)
{
	unsigned int i;

	for (i = 0; i < set->nr; i++)
		if (set->cpus[i].status == VCPU_RUNNING)
			return true;
	return false;
}

void vcpus_pause(struct vcpus *set)
{
	vcpus_stop_soon(set);
	while (any_runs(set))
		big_lock_wait(set->lock, &set->parked);
}

static bool any_in_kvm(const struct vcpus *set)
{
	unsigned int i;

	for (i = 0; i < set->nr; i++)
		if (set->cpus[i].in_kvm)
			return true;
	return false;
}

void vcpus_keep_out(struct vcpus *set)
{
	unsigned int i;

	pthread_mutex_lock(&set->gate);
	set->closed++;
	for (i = 0; i < set->nr; i++)
		if (set->cpus[i].in_kvm)
			vcpu_kick(&set->cpus[i]);
	while (any_in_kvm(set))
		pthread_cond_wait(&set->gate_moved, &set->gate);
	pthread_mutex_unlock(&set->gate);
}

void vcpus_let_in(struct vcpus *set)
{
	pthread_mutex_lock(&set->gate);
	set->closed--;
	pthread_cond_broadcast(&set->gate_moved);
	pthread_mutex_unlock(&set->gate);
}

void vcpus_smi(struct vcpus *set, bool first)
{
	struct vcpu *cpu = set->cpus;
	unsigned int i;

	for (i = 0; i < set->nr && !first; i++)
		if (pthread_equal(set->cpus[i].thread, pthread_self()))
			cpu = &set->cpus[i];
	cpu->want_smi = true;
	vcpu_kick(cpu);
}

int vcpus_save(struct vcpus *set, struct slotscope_error *err)
{
	unsigned int i;
	int ret;

	for (i = 0; i < set->nr; i++) {
		NARRATE(KVM_ARCH_GET_REGISTERS, NULL, NULL, "vCPU %u", i);
		ret = vcpu_state_save(set->kvm, set->cpus[i].fd,
				      &set->cpus[i].power_on, err);
		if (ret)
			return ret;
	}
	return 0;
}

int vcpus_reset(struct vcpus *set, struct slotscope_error *err)
{
	unsigned int i;
	int ret;

	for (i = 0; i < set->nr; i++) {
		struct vcpu *cpu = &set->cpus[i];

		ret = vcpu_state_load(set->kvm, cpu->fd, cpu->power_on, err);
		if (ret)
			return ret;
		cpu->status = first_status(cpu);
		cpu->asleep = 0;
		cpu->want_look = cpu->want_smi = false;
		cpu->error = (struct slotscope_error){};
	}
	return 0;
}

bool vcpus_all_asleep(const struct vcpus *set)
{
	/* The one looked at last may have woken the one looked at first */
	unsigned int i, enough = set->nr > 1 ? 2 : 1;

	for (i = 0; i < set->nr; i++) {
		const struct vcpu *cpu = &set->cpus[i];

		if (cpu->status != VCPU_HALTED &&
		    cpu->status != VCPU_WAIT_SIPI &&
		    !(cpu->status == VCPU_RUNNING && cpu->asleep >= enough))
			return false;
	}
	return true;
}

enum vcpu_status vcpus_status(const struct vcpus *set,
			      struct vcpu_counts *counts,
			      struct slotscope_error *err)
{
	unsigned int i, nr[VCPU_STOPPED + 1] = {};

	if (counts)
		*counts = (struct vcpu_counts){};
	for (i = 0; i < set->nr; i++) {
		const struct vcpu *cpu = &set->cpus[i];

		if (cpu->status == VCPU_STOPPED && !nr[VCPU_STOPPED] && err)
			*err = cpu->error;
		nr[cpu->status]++;
		if (!counts)
			continue;
		counts->pio += cpu->counts.pio;
		counts->mmio += cpu->counts.mmio;
		counts->interrupted += cpu->counts.interrupted;
	}
	if (nr[VCPU_STOPPED])
		return VCPU_STOPPED;
	if (vcpus_all_asleep(set))
		return VCPU_HALTED;
	return nr[VCPU_RUNNING] ? VCPU_RUNNING : VCPU_PAUSED;
}

void vcpus_notify(struct vcpus *set)
{
	uint64_t one = 1;

	/* Cannot fail but for a full counter, which is as good a notice */
	(void)!write(set->notify_fd, &one, sizeof(one));
}
