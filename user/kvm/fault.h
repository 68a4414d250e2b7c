/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults on purpose, to try checkers on. Each is real: it changes what is asked
 * of the kernel, or the process's memory, never what the memory model says. So
 * the monitor goes on reporting the machine as it was meant to be.
 */
#ifndef SLOTSCOPE_KVM_FAULT_H
#define SLOTSCOPE_KVM_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include <slotscope/error.h>
#include <slotscope/kvm_slots.h>

#include "view/fault_kind.h"

/**
 * struct kvm_fault - one fault
 * @kind:   which
 * @gpa:    the slot to act on: the one created at this guest address
 * @active: it has acted, and KVM and the model differ since
 * @slot:   the slot's number, while @active
 */
struct kvm_fault {
	enum kvm_fault_kind kind;
	gpa_t gpa;
	bool active;
	uint32_t slot;
};

/**
 * kvm_fault_skips() - is this request not to be made?
 *
 * None is for the slot at @fault->gpa, from its creation to its deletion.
 */
bool kvm_fault_skips(struct kvm_fault *fault,
		     const struct kvm_slot_request *request);

/**
 * kvm_fault_spoils() - is this request to be refused, and the refusal ignored?
 * @hva: the address to give to the kernel: changed to one that it refuses
 */
bool kvm_fault_spoils(struct kvm_fault *fault,
		      const struct kvm_slot_request *request, hva_t *hva);

/**
 * kvm_fault_alters() - is something else to be asked for?
 * @request: what is to be asked, and is asked of each later request for the slot:
 *	     changed to that
 */
bool kvm_fault_alters(struct kvm_fault *fault,
		      struct kvm_slot_request *request);

/**
 * kvm_fault_delete() - take the slot away, once it is there
 *
 * Return: 0 or a negative errno.
 */
int kvm_fault_delete(struct kvm_fault *fault, int vm_fd,
		     struct slotscope_error *err);

/**
 * kvm_fault_unmap() - take away host memory from the middle of a range
 * @host: the range, where the slot at @fault->gpa is mapped
 * @size: its bytes
 * @hole: set to the guest address of what went away
 *
 * Up to 2 MiB, a quarter of the range at the most.
 *
 * Return: bytes taken away, or a negative errno.
 */
int64_t kvm_fault_unmap(struct kvm_fault *fault, void *host, uint64_t size,
			gpa_t *hole, struct slotscope_error *err);

#endif
