// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Has the guest come to its end? With local APICs in the kernel, HLT is no exit:
 * a halted vCPU waits in KVM_RUN, for an interrupt that may come or not. It
 * cannot come if the vCPU has interrupts off: then only another vCPU could wake
 * it, or we.
 *
 * KVM tells a vCPU's state only while it is out of KVM_RUN, and a guest at work
 * is not to be disturbed: so only those are fetched out that have neither come
 * out nor used their CPU since they were looked at last.
 */
#include <time.h>

#include "kvm/ioctl.h"
#include "kvm/kvm.h"
#include "kvm/vcpu.h"

#define RFLAGS_IF (1ULL << 9)
#define IDLE_NS	  1000000ULL /* KVM polls a little before it sleeps */

static uint64_t cpu_time(const struct vcpu *cpu)
{
	struct timespec used = {};
	clockid_t clock;

	if (!pthread_getcpuclockid(cpu->thread, &clock))
		clock_gettime(clock, &used);
	return used.tv_sec * 1000000000ULL + used.tv_nsec;
}

/* Since the last time; may be said of one that only seems to rest */
static bool rests(struct vcpu *cpu)
{
	uint64_t exits = cpu->counts.pio + cpu->counts.mmio;
	uint64_t used = cpu_time(cpu);
	bool same = exits == cpu->seen_exits && used - cpu->seen_ns < IDLE_NS;

	cpu->seen_exits = exits;
	cpu->seen_ns = used;
	return same;
}

bool vcpu_is_asleep(const struct vcpu *cpu)
{
	struct kvm_mp_state mp;
	struct kvm_regs regs;

	if (kvm_ioctl(cpu->fd, KVM_GET_MP_STATE, &mp))
		return false;
	switch (mp.mp_state) {
	case KVM_MP_STATE_UNINITIALIZED:
	case KVM_MP_STATE_INIT_RECEIVED:
		return true; /* it waits for another to start it */
	case KVM_MP_STATE_HALTED:
		return !kvm_ioctl(cpu->fd, KVM_GET_REGS, &regs) &&
		       !(regs.rflags & RFLAGS_IF);
	default:
		return false;
	}
}

bool vcpus_may_sleep(const struct vcpus *set)
{
	return set->kvm->irqchip != KVM_IRQCHIP_NONE && set->want_run;
}

void vcpus_look(struct vcpus *set)
{
	bool rest = true;
	unsigned int i;

	for (i = 0; i < set->nr; i++)
		if (set->cpus[i].status == VCPU_RUNNING &&
		    !rests(&set->cpus[i])) {
			set->cpus[i].asleep = 0;
			rest = false;
		}
	if (!rest)
		return;
	for (i = 0; i < set->nr; i++) {
		if (set->cpus[i].status != VCPU_RUNNING)
			continue;
		set->cpus[i].want_look = true;
		vcpu_kick(&set->cpus[i]);
	}
}
