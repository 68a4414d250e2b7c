// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The vCPU's thread: KVM_RUN, exits, pause and resume.
 *
 * To get a vCPU out of KVM_RUN without a race, immediate_exit is set first and a
 * signal sent then: if the thread is about to enter KVM_RUN, it returns at once;
 * if it is inside, the signal ends it.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/kvm.h>

#include "kvm/exits.h"
#include "kvm/kvm.h"
#include "kvm/vcpu.h"

#define SIG_KICK SIGUSR1 /* QEMU's SIG_IPI */

static void kicked(int sig)
{
	/* There only so that the signal ends KVM_RUN instead of the process */
}

static void notify(struct vcpu *cpu)
{
	uint64_t one = 1;

	/* Cannot fail but for a full counter, which is as good a notice */
	(void)!write(cpu->notify_fd, &one, sizeof(one));
}

static void kick(struct vcpu *cpu)
{
	__atomic_store_n(&cpu->run->immediate_exit, 1, __ATOMIC_RELAXED);
	pthread_kill(cpu->thread, SIG_KICK);
}

/* Run until the guest halts, something ends it, or we are asked to leave */
static enum vcpu_status run(struct vcpu *cpu, struct vcpu_counts *counts,
			    struct slotscope_error *err)
{
	enum vcpu_status status = VCPU_RUNNING;

	while (status == VCPU_RUNNING) {
		if (ioctl(cpu->fd, KVM_RUN, 0)) {
			if (errno == EINTR || errno == EAGAIN) {
				counts->interrupted++;
				return VCPU_PAUSED;
			}
			vcpu_run_failed(cpu, errno, err);
			return VCPU_STOPPED;
		}
		status = vcpu_handle_exit(cpu, counts, err);
	}
	return status;
}

static bool may_run(const struct vcpu *cpu)
{
	return cpu->want_run &&
	       (cpu->status == VCPU_PAUSED || cpu->status == VCPU_RUNNING);
}

static void set_status(struct vcpu *cpu, enum vcpu_status status)
{
	if (cpu->status == status)
		return;
	cpu->status = status;
	pthread_cond_broadcast(&cpu->wake);
	notify(cpu);
}

static void *thread(void *opaque)
{
	struct vcpu *cpu = opaque;
	struct slotscope_error err = {};
	struct vcpu_counts counts = {};
	enum vcpu_status status;

	pthread_mutex_lock(&cpu->lock);
	while (!cpu->want_quit) {
		if (!may_run(cpu)) {
			if (cpu->status == VCPU_RUNNING)
				set_status(cpu, VCPU_PAUSED);
			pthread_cond_wait(&cpu->wake, &cpu->lock);
			continue;
		}
		set_status(cpu, VCPU_RUNNING);
		__atomic_store_n(&cpu->run->immediate_exit, 0,
				 __ATOMIC_RELAXED);
		pthread_mutex_unlock(&cpu->lock);

		status = run(cpu, &counts, &err);

		pthread_mutex_lock(&cpu->lock);
		cpu->counts = counts;
		cpu->error = err;
		if (status != VCPU_PAUSED)
			set_status(cpu, status);
	}
	pthread_mutex_unlock(&cpu->lock);
	return NULL;
}

static int start_thread(struct vcpu *cpu, struct slotscope_error *err)
{
	struct sigaction action = { .sa_handler = kicked };
	sigset_t all, old;
	int ret;

	sigaction(SIG_KICK, &action, NULL);
	/* All other signals are the main thread's */
	sigfillset(&all);
	sigdelset(&all, SIG_KICK);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&cpu->thread, NULL, thread, cpu);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret)
		return error_set(err, ret, "start the thread of vCPU 0");
	cpu->has_thread = true;
	return 0;
}

int kvm_init_vcpu(struct vcpu *cpu, const struct kvm_state *s,
		  const struct vcpu_ops *ops, struct slotscope_error *err)
{
	int size, ret;

	*cpu = (struct vcpu){
		.fd = -1,
		.notify_fd = -1,
		.ops = *ops,
		.status = VCPU_PAUSED,
	};
	pthread_mutex_init(&cpu->lock, NULL);
	pthread_cond_init(&cpu->wake, NULL);
	cpu->fd = ioctl(s->vm_fd, KVM_CREATE_VCPU, 0);
	if (cpu->fd < 0) {
		ret = error_set(err, errno, "create vCPU 0 (KVM_CREATE_VCPU)");
		goto err_deinit;
	}
	size = ioctl(s->dev_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (size < (int)sizeof(*cpu->run)) {
		ret = error_set(err, size < 0 ? errno : EPROTO,
				"ask KVM how large a vCPU's kvm_run is");
		goto err_deinit;
	}
	cpu->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, cpu->fd,
			0);
	if (cpu->run == MAP_FAILED) {
		cpu->run = NULL;
		ret = error_set(err, errno, "map the kvm_run of vCPU 0");
		goto err_deinit;
	}
	cpu->run_size = size;
	ret = kvm_arch_init_vcpu(s, cpu->fd, err);
	if (ret)
		goto err_deinit;
	cpu->notify_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (cpu->notify_fd < 0) {
		ret = error_set(err, errno, "make an eventfd for vCPU 0");
		goto err_deinit;
	}
	ret = start_thread(cpu, err);
	if (ret)
		goto err_deinit;
	return 0;

err_deinit:
	vcpu_deinit(cpu);
	return ret;
}

void vcpu_deinit(struct vcpu *cpu)
{
	if (cpu->has_thread) {
		pthread_mutex_lock(&cpu->lock);
		cpu->want_quit = true;
		cpu->want_run = false;
		pthread_cond_broadcast(&cpu->wake);
		kick(cpu);
		pthread_mutex_unlock(&cpu->lock);
		pthread_join(cpu->thread, NULL);
	}
	if (cpu->notify_fd >= 0)
		close(cpu->notify_fd);
	if (cpu->run)
		munmap(cpu->run, cpu->run_size);
	if (cpu->fd >= 0)
		close(cpu->fd);
	pthread_cond_destroy(&cpu->wake);
	pthread_mutex_destroy(&cpu->lock);
	cpu->has_thread = false;
	cpu->run = NULL;
	cpu->fd = cpu->notify_fd = -1;
}

void vcpu_resume(struct vcpu *cpu)
{
	pthread_mutex_lock(&cpu->lock);
	cpu->want_run = true;
	pthread_cond_broadcast(&cpu->wake);
	pthread_mutex_unlock(&cpu->lock);
}

void vcpu_pause(struct vcpu *cpu)
{
	pthread_mutex_lock(&cpu->lock);
	cpu->want_run = false;
	if (cpu->status == VCPU_RUNNING)
		kick(cpu);
	while (cpu->status == VCPU_RUNNING)
		pthread_cond_wait(&cpu->wake, &cpu->lock);
	pthread_mutex_unlock(&cpu->lock);
}

enum vcpu_status vcpu_status(struct vcpu *cpu, struct vcpu_counts *counts,
			     struct slotscope_error *err)
{
	enum vcpu_status status;

	pthread_mutex_lock(&cpu->lock);
	status = cpu->status;
	if (counts)
		*counts = cpu->counts;
	if (err)
		*err = cpu->error;
	pthread_mutex_unlock(&cpu->lock);
	return status;
}
