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

#define KVM_PROOF_STEPS 12
#define KVM_PROOF_SLOT	23
#define KVM_PROOF_VCPU	5

/* What becomes of the pages of the slot, each its own; see kvm_proof.with_mapping */
enum {
	KVM_PROOF_DROPPED_PAGE,
	KVM_PROOF_PROTECTED_PAGE,
	KVM_PROOF_MAPPED_PAGE,
	KVM_PROOF_MOVED_PAGE,
	KVM_PROOF_UFFD_PAGE,
	KVM_PROOF_PAGES,
};

#define KVM_PROOF_PRE_FAULT 0x1ce0000ULL /* a gpa */

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
 * @with_vcpu: make vCPU KVM_PROOF_VCPU, and let it go into KVM_RUN and out; ask
 *	      for none of its memory (KVM_PRE_FAULT_MEMORY)
 * @with_faults: let it need memory that is not there, and touch a page that is
 *	      userfaultfd's
 * @with_mapping: while they are the slot's, drop one page of @memory, give one its
 *	      rights anew, map one anew, move one there, and give one to userfaultfd
 * @with_frees: leave it a slot, to be freed with it
 * @with_uffd: set here: there is a userfaultfd
 * @pre_fault_result: what KVM answered
 * @fault_gpa: the memory that is not there
 * @gmem_dev: st_dev of a guest_memfd that was made and closed, and
 * @gmem_ino: st_ino; 0: this KVM makes none
 * @memory:   the slot's, and a page behind it that nobody may touch
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
	bool with_faults;
	bool with_mapping;
	bool with_frees;
	bool with_uffd;
	int pre_fault_result;
	gpa_t fault_gpa;
	dev_t gmem_dev;
	uint64_t gmem_ino;
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
