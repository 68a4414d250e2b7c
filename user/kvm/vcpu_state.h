/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86: all that a vCPU is, kept, so that a reset can bring it back. */
#ifndef SLOTSCOPE_KVM_VCPU_STATE_H
#define SLOTSCOPE_KVM_VCPU_STATE_H

#include <slotscope/error.h>

struct kvm_state;
struct vcpu_state;

/**
 * vcpu_state_save() - keep what a vCPU is now
 * @out: vcpu_state_free() it
 *
 * Taken before its first instruction it is the state at power on, as KVM knows
 * it: no table of our own could be truer.
 */
int vcpu_state_save(const struct kvm_state *s, int vcpu_fd,
		    struct vcpu_state **out, struct slotscope_error *err);

/** vcpu_state_load() - bring it back; the vCPU may not be in KVM_RUN */
int vcpu_state_load(const struct kvm_state *s, int vcpu_fd,
		    const struct vcpu_state *state,
		    struct slotscope_error *err);

/** vcpu_state_free() - NULL is allowed */
void vcpu_state_free(struct vcpu_state *state);

#endif
