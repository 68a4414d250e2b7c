/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The faults that our own VMM can be given: for whoever plants one (user/kvm/fault.h)
 * and whoever judges if it was found. Pure.
 */
#ifndef VIEW_FAULT_KIND_H
#define VIEW_FAULT_KIND_H

#include <stdint.h>

#include <slotscope/error.h>

enum kvm_fault_kind {
	KVM_FAULT_NONE,
	KVM_FAULT_SKIP_SLOT,	  /* a section is never registered */
	KVM_FAULT_UNMAP,	  /* host memory under a slot goes away */
	KVM_FAULT_IGNORE_REFUSAL, /* a refused request counts as done */
	KVM_FAULT_WRONG_HVA,   /* the section's offset in its RAM is left out */
	KVM_FAULT_SHORT_SLOT,  /* half of a section is registered */
	KVM_FAULT_READ_ONLY,   /* RAM is registered as ROM */
	KVM_FAULT_LATE_DELETE, /* a slot is deleted, and the VM runs on */
	KVM_FAULT_KINDS,
};

/** kvm_fault_parse() - the kind that a name stands for; -EINVAL if none */
int kvm_fault_parse(const char *name, enum kvm_fault_kind *kind,
		    struct slotscope_error *err);

/** kvm_fault_name() - its name on the command line */
const char *kvm_fault_name(enum kvm_fault_kind kind);

/** kvm_fault_of_seed() - a fault; seven seeds from 1, 8, ... on have all seven */
enum kvm_fault_kind kvm_fault_of_seed(uint64_t seed);

#endif
