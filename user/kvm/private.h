/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory in a guest_memfd. Where KVM has VMs of a type of their own for it
 * (KVM_X86_SW_PROTECTED_VM), it is private: out of the VMM's reach. Elsewhere it can
 * only be shared (Linux 6.18): the file is mapped, and an ordinary VM has it.
 */
#ifndef SLOTSCOPE_KVM_PRIVATE_H
#define SLOTSCOPE_KVM_PRIVATE_H

#include "kvm/kvm.h"

#define KVM_PRIVATE_VM_TYPE 1 /* KVM_X86_SW_PROTECTED_VM */

/**
 * kvm_private_choose() - can this KVM make such VMs?
 * @type: set to what KVM_CREATE_VM takes for it
 */
int kvm_private_choose(struct kvm_state *s, int *type,
		       struct slotscope_error *err);

/** kvm_private_init() - see what the VM that was made can do */
int kvm_private_init(struct kvm_state *s, struct slotscope_error *err);

/**
 * kvm_private_create() - make a guest_memfd
 * @host: memory of @size bytes, a mapping: replaced by the file's if that is shared
 *
 * Return: its descriptor, or a negative errno.
 */
int kvm_private_create(const struct kvm_state *s, void *host, uint64_t size,
		       struct slotscope_error *err);

/** kvm_private_set() - private from now on; if it only can be shared, it stays so */
int kvm_private_set(const struct kvm_state *s, uint64_t gpa, uint64_t size,
		    struct slotscope_error *err);

#endif
