// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <linux/kvm.h>

#include "kvm/kvm.h"
#include "kvm/vcpu_state.h"

#define MSRS_MAX 4096

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
	if (!ioctl(vcpu_fd, request, arg))
		return 0;
	return error_set(err, errno, "keep or restore a vCPU's state (%s)",
			 what);
}

#define STEP(request, arg) step(vcpu_fd, request, arg, #request, err)

static struct kvm_msr_list *msr_list(const struct kvm_state *s)
{
	struct kvm_msr_list probe = {}, *list;

	/* E2BIG, and how many there are */
	ioctl(s->dev_fd, KVM_GET_MSR_INDEX_LIST, &probe);
	if (probe.nmsrs > MSRS_MAX)
		return NULL;
	list = calloc(1,
		      sizeof(*list) + probe.nmsrs * sizeof(list->indices[0]));
	if (!list)
		return NULL;
	list->nmsrs = probe.nmsrs;
	if (ioctl(s->dev_fd, KVM_GET_MSR_INDEX_LIST, list))
		list->nmsrs = 0;
	return list;
}

/*
 * KVM lists MSRs that depend on features which this vCPU has not, and ones that
 * cannot be written: each is tried once, and kept if it takes its own value.
 */
static int save_msrs(const struct kvm_state *s, int vcpu_fd,
		     struct vcpu_state *state, struct slotscope_error *err)
{
	struct kvm_msr_list *list = msr_list(s);
	uint32_t i;
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} one;

	if (!list)
		return error_set(err, ENOMEM, "list a vCPU's MSRs");
	state->msrs = calloc(
		1, sizeof(*state->msrs) +
			   list->nmsrs * sizeof(state->msrs->entries[0]));
	for (i = 0; state->msrs && i < list->nmsrs; i++) {
		memset(&one, 0, sizeof(one));
		one.head.nmsrs = 1;
		one.entry.index = list->indices[i];
		if (ioctl(vcpu_fd, KVM_GET_MSRS, &one) == 1 &&
		    ioctl(vcpu_fd, KVM_SET_MSRS, &one) == 1)
			state->msrs->entries[state->msrs->nmsrs++] = one.entry;
	}
	free(list);
	return state->msrs ? 0 : error_set(err, ENOMEM, "keep a vCPU's MSRs");
}

static int save_xsave(const struct kvm_state *s, int vcpu_fd,
		      struct vcpu_state *state, struct slotscope_error *err)
{
	unsigned long get = KVM_GET_XSAVE;
	size_t size = kvm_check_extension(s, KVM_CAP_XSAVE2);

	if (!kvm_check_extension(s, KVM_CAP_XSAVE))
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
	int ret = STEP(KVM_GET_REGS, &state->regs);

	if (!ret)
		ret = STEP(KVM_GET_SREGS, &state->sregs);
	if (!ret)
		ret = STEP(KVM_GET_VCPU_EVENTS, &state->events);
	if (!ret)
		ret = STEP(KVM_GET_DEBUGREGS, &state->debugregs);
	if (!ret)
		ret = STEP(KVM_GET_MP_STATE, &state->mp);
	if (ret)
		return ret;
	/* ENXIO without a local APIC in the kernel */
	state->has_lapic = !ioctl(vcpu_fd, KVM_GET_LAPIC, &state->lapic);
	state->has_xcrs = !ioctl(vcpu_fd, KVM_GET_XCRS, &state->xcrs);
	ret = save_xsave(s, vcpu_fd, state, err);
	if (ret)
		return ret;
	return save_msrs(s, vcpu_fd, state, err);
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
	if (ioctl(vcpu_fd, KVM_SET_MSRS, state->msrs) !=
	    (int)state->msrs->nmsrs)
		return error_set(err, EIO,
				 "restore a vCPU's MSRs (KVM_SET_MSRS)");
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
