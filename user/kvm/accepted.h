/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which slots KVM has by what it accepted of our requests, and with them why it
 * refused one. The KVMSlot table cannot tell: it holds what the model wants, a
 * refused slot included.
 */
#ifndef SLOTSCOPE_KVM_ACCEPTED_H
#define SLOTSCOPE_KVM_ACCEPTED_H

#include <slotscope/kvm_slots.h>
#include <slotscope/rules.h>

/**
 * struct kvm_accepted - the slots of one address space
 * @slots: by id, @nr of them; size 0 where there is none
 * @lost:  memory ran out: some are missing
 */
struct kvm_accepted {
	struct slot *slots;
	size_t nr;
	bool lost;
};

void kvm_accepted_deinit(struct kvm_accepted *accepted);

/** kvm_accepted_note() - KVM has done what @request asks for */
void kvm_accepted_note(struct kvm_accepted *accepted,
		       const struct kvm_slot_request *request);

/**
 * kvm_accepted_explain() - which rule does a refused request break?
 * @vm_fd:   the VM
 * @request: as it was given to the kernel
 * @result:  the negative errno
 *
 * Return: true if @buf says which rule it was; false if it says what else is
 * known, "" if nothing.
 */
bool kvm_accepted_explain(const struct kvm_accepted *accepted, int vm_fd,
			  const struct kvm_slot_request *request, int result,
			  char buf[REQUEST_SAY_MAX]);

#endif
