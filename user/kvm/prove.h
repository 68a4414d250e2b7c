/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A throw-away VM and a few requests to it whose arguments and results are
 * known. Whoever observes KVM can be held against them: what it does not tell
 * exactly of these, it cannot be trusted with.
 */
#ifndef KVM_PROVE_H
#define KVM_PROVE_H

#include <stdbool.h>
#include <stddef.h>

#include <slotscope/error.h>
#include <slotscope/view.h>

#define KVM_PROOF_STEPS 10
#define KVM_PROOF_SLOT	23
#define KVM_PROOF_VCPU	5

/**
 * struct kvm_proof_step - one request
 * @request: what was asked, and what KVM answered
 * @changed: it made a change
 * @change:  that change; without generation
 */
struct kvm_proof_step {
	struct slot_request request;
	bool changed;
	struct slot_change change;
};

/**
 * struct kvm_proof - a VM and what was asked of it
 * @dev_fd:   /dev/kvm
 * @vm_fd:    the VM; -1 while there is none
 * @nr_slots: slot numbers that users may have; KVM's own come after
 * @nr_as:    address spaces that this KVM has
 * @with_calls: ask for the dirty log, too: of a slot that has none dirty
 * @with_vcpu: make vCPU KVM_PROOF_VCPU, and let it go into KVM_RUN and out
 * @with_mapping: drop the first page of @memory, while it is the slot's
 * @memory:   the slot's
 * @steps:    the requests so far, in order
 * @nr_steps: their number
 */
struct kvm_proof {
	int dev_fd;
	int vm_fd;
	unsigned int nr_slots;
	unsigned int nr_as;
	bool with_calls;
	bool with_vcpu;
	bool with_mapping;
	void *memory;
	struct kvm_proof_step steps[KVM_PROOF_STEPS];
	size_t nr_steps;
};

/**
 * kvm_proof_init() - open KVM; no VM yet
 *
 * Return: 0, or a negative errno: -ENODEV if there is no KVM.
 */
int kvm_proof_init(struct kvm_proof *proof, struct slotscope_error *err);
void kvm_proof_deinit(struct kvm_proof *proof);

/** kvm_proof_create_vm() - create the VM, and forget the steps of an older one */
int kvm_proof_create_vm(struct kvm_proof *proof, struct slotscope_error *err);

/**
 * kvm_proof_ask() - ask for one of each kind of thing
 *
 * Refused before and after KVM looks at its slots, unreadable arguments, create,
 * other flags, move, no change at all, delete, and the newer request.
 *
 * Return: 0, or a negative errno if KVM refused what it must accept.
 */
int kvm_proof_ask(struct kvm_proof *proof, struct slotscope_error *err);

/** kvm_proof_ask_one() - create one slot and leave it there */
int kvm_proof_ask_one(struct kvm_proof *proof, struct slotscope_error *err);

/** kvm_proof_destroy_vm() - close the VM; KVM has destroyed it on return */
void kvm_proof_destroy_vm(struct kvm_proof *proof);

#endif
