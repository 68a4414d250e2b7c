// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A vCPU's thread: KVM_RUN, exits, and waiting while it is not to run.
 *
 * To get a vCPU out of KVM_RUN without a race, immediate_exit is set first and a
 * signal sent then: if the thread is about to enter KVM_RUN, it returns at once;
 * if it is inside, the signal ends it. KVM_RUN alone: other calls go on (SA_RESTART),
 * or what a vCPU's thread tells to a slow reader would be cut short.
 */
#include <errno.h>
#include <signal.h>
#include <time.h>

#include "kvm/exits.h"
#include "kvm/ioctl.h"
#include "kvm/vcpu.h"
#include "kvm/watch.h"

#define SIG_KICK SIGUSR1 /* QEMU's SIG_IPI */

/* Accesses that one instruction may be made of: more is a loop of the guest */
#define MAX_PIECES 64

#define JOIN_MS 20 /* between two kicks */

static void kicked(int sig)
{
	/* There only so that the signal ends KVM_RUN instead of the process */
}

void vcpu_kick(struct vcpu *cpu)
{
	__atomic_store_n(&cpu->run->immediate_exit, 1, __ATOMIC_RELAXED);
	pthread_kill(cpu->thread, SIG_KICK);
}

static void set_action(int flags)
{
	const struct sigaction action = {
		.sa_handler = kicked,
		.sa_flags = flags,
	};

	sigaction(SIG_KICK, &action, NULL);
}

static void enter_gate(struct vcpu *cpu)
{
	struct vcpus *set = cpu->set;

	pthread_mutex_lock(&set->gate);
	while (set->closed)
		pthread_cond_wait(&set->gate_moved, &set->gate);
	cpu->in_kvm = true;
	pthread_mutex_unlock(&set->gate);
}

static void leave_gate(struct vcpu *cpu)
{
	struct vcpus *set = cpu->set;

	pthread_mutex_lock(&set->gate);
	cpu->in_kvm = false;
	if (set->closed)
		pthread_cond_broadcast(&set->gate_moved);
	pthread_mutex_unlock(&set->gate);
}

static void set_status(struct vcpu *cpu, enum vcpu_status status)
{
	if (cpu->status == status)
		return;
	cpu->status = status;
	if (status == VCPU_RUNNING)
		return;
	pthread_cond_broadcast(&cpu->set->parked);
	if (status != VCPU_PAUSED)
		vcpus_notify(cpu->set);
	/* As in QEMU: what one vCPU cannot go on with, the VM cannot */
	if (status == VCPU_STOPPED)
		vcpus_stop_soon(cpu->set);
}

/* What KVM_RUN returned with; the lock is held */
static void handle(struct vcpu *cpu, int code)
{
	enum vcpu_status status = VCPU_STOPPED;

	/* They came before what this exit is for */
	kvm_flush_coalesced(cpu->set->events);
	cpu->io_pending = false;
	if (code == EINTR || code == EAGAIN) {
		cpu->counts.interrupted++;
		if (cpu->want_look) {
			cpu->want_look = false;
			cpu->asleep = vcpu_is_asleep(cpu) ? cpu->asleep + 1 : 0;
			if (vcpus_all_asleep(cpu->set))
				vcpus_notify(cpu->set);
		}
		return;
	}
	cpu->asleep = 0;
	if (code)
		vcpu_run_failed(cpu, code, &cpu->error);
	else
		status = vcpu_handle_exit(cpu, &cpu->error);
	set_status(cpu, status);
}

/*
 * KVM finishes an instruction that accessed a device when KVM_RUN is entered
 * again. Before registers are read or set it has to: else it would be
 * finished after a reset, in another program.
 */
static void finish_io(struct vcpu *cpu)
{
	int i;

	for (i = 0; cpu->io_pending && i < MAX_PIECES; i++) {
		__atomic_store_n(&cpu->run->immediate_exit, 1,
				 __ATOMIC_RELAXED);
		handle(cpu, kvm_ioctl(cpu->fd, KVM_RUN, 0) ? errno : 0);
	}
}

/* With the first time the creation path ends, and the story of it */
static int enter_guest(struct vcpu *cpu)
{
	NARRATE(KVM_CPU_EXEC, watch_kvm_run, cpu, "vCPU %u", cpu->index);

	return kvm_ioctl(cpu->fd, KVM_RUN, 0) ? errno : 0;
}

static void run(struct vcpu *cpu)
{
	int code;

	set_status(cpu, VCPU_RUNNING);
	__atomic_store_n(&cpu->run->immediate_exit, 0, __ATOMIC_RELAXED);
	if (cpu->want_smi) {
		cpu->want_smi = false;
		/* ENOTTY where KVM has no SMM: then nothing here asks for it */
		kvm_ioctl(cpu->fd, KVM_SMI, 0);
	}
	big_unlock(cpu->set->lock);

	enter_gate(cpu);
	code = enter_guest(cpu);
	if (narrating())
		narrate_end();
	leave_gate(cpu);

	big_lock_vcpu(cpu->set->lock);
	handle(cpu, code);
}

static bool may_run(const struct vcpu *cpu)
{
	return cpu->set->want_run &&
	       (cpu->status == VCPU_PAUSED || cpu->status == VCPU_RUNNING);
}

static void *thread(void *opaque)
{
	struct vcpu *cpu = opaque;
	struct vcpus *set = cpu->set;

	big_lock_vcpu(set->lock);
	while (!set->want_quit) {
		if (may_run(cpu)) {
			run(cpu);
			continue;
		}
		finish_io(cpu);
		if (cpu->status == VCPU_RUNNING)
			set_status(cpu, VCPU_PAUSED);
		big_lock_wait_vcpu(set->lock, &set->wake);
	}
	big_unlock(set->lock);
	return NULL;
}

int vcpu_start_thread(struct vcpu *cpu, struct slotscope_error *err)
{
	sigset_t all, old;
	int ret;

	set_action(SA_RESTART);
	/* All other signals are the main thread's */
	sigfillset(&all);
	sigdelset(&all, SIG_KICK);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&cpu->thread, NULL, thread, cpu);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret)
		return error_set(err, ret, "start the thread of vCPU %u",
				 cpu->index);
	cpu->has_thread = true;
	return 0;
}

void vcpu_kick_hard(void)
{
	set_action(0);
}

bool vcpu_join_thread(struct vcpu *cpu)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += JOIN_MS * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	if (pthread_clockjoin_np(cpu->thread, NULL, CLOCK_MONOTONIC, &until))
		return false;
	cpu->has_thread = false;
	return true;
}
