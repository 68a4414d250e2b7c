/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the KVMSlot table's requests to the ioctl: the one place that makes it. */
#ifndef SLOTSCOPE_KVM_LISTENER_H
#define SLOTSCOPE_KVM_LISTENER_H

#include <slotscope/kvm_slots.h>

#include "kvm/accepted.h"
#include "kvm/fault.h"
#include "kvm/kvm.h"
#include "kvm/vcpu.h"

/**
 * struct kvm_memory_listener - ties an address space to a VM; KVMMemoryListener
 * @kvm:      the VM; NULL once it is to be left alone
 * @slots:    the table
 * @fault:    a fault on purpose; its kind may be none
 * @requests: how many ioctls were made
 * @error:    of the first section or request that came to nothing; code 0 if
 *	      there was none
 * @accepted: the slots that KVM has by that
 * @why:      of the request that was refused last, until it is told; may be ""
 * @cpus:     kept out while a commit takes slots away that come again, and while
 *	      a slot goes that logs dirty pages; NULL: not
 * @notify_fd: an eventfd that is written when @error is filled; -1 for none
 */
struct kvm_memory_listener {
	struct kvm_state *kvm;
	struct kvm_slots *slots;
	struct kvm_fault *fault;
	uint64_t requests;
	struct slotscope_error error;
	struct kvm_accepted accepted;
	char why[REQUEST_SAY_MAX];
	struct vcpus *cpus;
	int notify_fd;
};

/**
 * kvm_memory_listener_register() - keep the VM's slots as @as wants them
 * @l:	   filled; used by the listener until it is unregistered
 * @as:	   KVM's address space 0
 * @fault: must outlive @l
 *
 * What is refused later is told by @l->error: look at it after each change.
 */
int kvm_memory_listener_register(struct kvm_memory_listener *l,
				 struct kvm_state *kvm,
				 struct address_space *as,
				 struct kvm_fault *fault,
				 struct slotscope_error *err);

/**
 * kvm_smram_listener_register() - likewise, for KVM's address space 1: SMM's
 *
 * Errors: -ENOTSUP too, for a KVM that has one address space.
 */
int kvm_smram_listener_register(struct kvm_memory_listener *l,
				struct kvm_state *kvm, struct address_space *as,
				struct kvm_fault *fault,
				struct slotscope_error *err);

/**
 * kvm_memory_listener_unregister() - stop
 *
 * The VM keeps its slots: they go with it, as in a VMM that exits.
 */
void kvm_memory_listener_unregister(struct kvm_memory_listener *l);

#endif
