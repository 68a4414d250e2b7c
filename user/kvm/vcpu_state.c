// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kvm/ioctl.h"
#include "kvm/kvm.h"
#include "kvm/vcpu_state.h"

/* KVM_GET_XSAVE2 gives what KVM_CAP_XSAVE2 says; this is what there is without */
#define XSAVE_SIZE sizeof(struct kvm_xsave)

struct vcpu_state {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_vcpu_events events;
	struct kvm_debugregs debugregs;
	struct kvm_xcrs xcrs;
	struct kvm_mp_state mp;
	struct kvm_lapic_state lapic;
	bool has_xcrs, has_lapic;
	void *xsave; /* NULL where KVM has none */
	unsigned long set_xsave;
	struct kvm_msrs *msrs; /* those that can be read and written back */
};

static int step(int vcpu_fd, unsigned long request, void *arg, const char *what,
		struct slotscope_error *err)
{
	if (!kvm_ioctl(vcpu_fd, request, arg))
		return 0;
	return error_set(err, errno, "keep or restore a vCPU's state (%s)",
			 what);
}

#define STEP(request, arg) step(vcpu_fd, request, arg, #request, err)

/* KVM lists some that depend on features which this vCPU has not */
static int save_msrs(const struct kvm_state *s, int vcpu_fd,
		     struct vcpu_state *state, struct slotscope_error *err)
{
	const struct kvm_msr_list *list = s->msrs;
	uint32_t i;
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} one;

	state->msrs = calloc(
		1, sizeof(*state->msrs) +
			   list->nmsrs * sizeof(state->msrs->entries[0]));
	if (!state->msrs)
		return error_set(err, ENOMEM, "keep a vCPU's MSRs");
	for (i = 0; i < list->nmsrs; i++) {
		memset(&one, 0, sizeof(one));
		one.head.nmsrs = 1;
		one.entry.index = list->indices[i];
		if (kvm_ioctl(vcpu_fd, KVM_GET_MSRS, &one) == 1)
			state->msrs->entries[state->msrs->nmsrs++] = one.entry;
	}
	return 0;
}

/* One at a time: some can be read and not written, which stops a list */
static void load_msrs(int vcpu_fd, const struct kvm_msrs *msrs)
{
	uint32_t i;
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} one;

	for (i = 0; i < msrs->nmsrs; i++) {
		memset(&one, 0, sizeof(one));
		one.head.nmsrs = 1;
		one.entry = msrs->entries[i];
		kvm_ioctl(vcpu_fd, KVM_SET_MSRS, &one);
	}
}

static int save_xsave(const struct kvm_state *s, int vcpu_fd,
		      struct vcpu_state *state, struct slotscope_error *err)
{
	unsigned long get = KVM_GET_XSAVE;
	size_t size = s->xsave_size;

	if (!s->xsave)
		return 0;
	state->set_xsave = KVM_SET_XSAVE;
	if (size > XSAVE_SIZE)
		get = KVM_GET_XSAVE2;
	else
		size = XSAVE_SIZE;
	state->xsave = calloc(1, size);
	if (!state->xsave)
		return error_set(err, ENOMEM, "keep a vCPU's registers");
	return step(vcpu_fd, get, state->xsave, "KVM_GET_XSAVE", err);
}

static int save(const struct kvm_state *s, int vcpu_fd,
		struct vcpu_state *state, struct slotscope_error *err)
{
	/* The order is QEMU's (kvm_arch_get_registers) */
	int ret = STEP(KVM_GET_VCPU_EVENTS, &state->events);

	if (!ret)
		ret = STEP(KVM_GET_MP_STATE, &state->mp);
	if (!ret)
		ret = STEP(KVM_GET_REGS, &state->regs);
	if (!ret)
		ret = save_xsave(s, vcpu_fd, state, err);
	if (ret)
		return ret;
	state->has_xcrs = !kvm_ioctl(vcpu_fd, KVM_GET_XCRS, &state->xcrs);
	ret = STEP(KVM_GET_SREGS, &state->sregs);
	if (!ret)
		ret = save_msrs(s, vcpu_fd, state, err);
	if (ret)
		return ret;
	/* Fails without a local APIC in the kernel */
	state->has_lapic = !kvm_ioctl(vcpu_fd, KVM_GET_LAPIC, &state->lapic);
	return STEP(KVM_GET_DEBUGREGS, &state->debugregs);
}

int vcpu_state_save(const struct kvm_state *s, int vcpu_fd,
		    struct vcpu_state **out, struct slotscope_error *err)
{
	struct vcpu_state *state = calloc(1, sizeof(*state));
	int ret;

	if (!state)
		return error_set(err, ENOMEM, "keep a vCPU's state");
	ret = save(s, vcpu_fd, state, err);
	if (ret) {
		vcpu_state_free(state);
		return ret;
	}
	/* Pending events are to go too, not only what is said to be there */
	state->events.flags = KVM_VCPUEVENT_VALID_NMI_PENDING |
			      KVM_VCPUEVENT_VALID_SHADOW;
	*out = state;
	return 0;
}

/* The kernel only reads what it is given here */
#define LOAD(request, arg) STEP(request, (void *)(arg))

int vcpu_state_load(const struct kvm_state *s, int vcpu_fd,
		    const struct vcpu_state *state, struct slotscope_error *err)
{
	int ret;

	/* The order is QEMU's (kvm_arch_put_registers): the APIC base in sregs
	 * before the APIC, MSRs before what depends on them */
	ret = LOAD(KVM_SET_SREGS, &state->sregs);
	if (!ret)
		ret = LOAD(KVM_SET_REGS, &state->regs);
	if (!ret && state->xsave)
		ret = step(vcpu_fd, state->set_xsave, state->xsave,
			   "KVM_SET_XSAVE", err);
	if (!ret && state->has_xcrs)
		ret = LOAD(KVM_SET_XCRS, &state->xcrs);
	if (ret)
		return ret;
	load_msrs(vcpu_fd, state->msrs);
	if (state->has_lapic)
		ret = LOAD(KVM_SET_LAPIC, &state->lapic);
	if (!ret)
		ret = LOAD(KVM_SET_VCPU_EVENTS, &state->events);
	if (!ret)
		ret = LOAD(KVM_SET_MP_STATE, &state->mp);
	if (!ret)
		ret = LOAD(KVM_SET_DEBUGREGS, &state->debugregs);
	return ret;
}

void vcpu_state_free(struct vcpu_state *state)
{
	if (!state)
		return;
	free(state->msrs);
	free(state->xsave);
	free(state);
}
