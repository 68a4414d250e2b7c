/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VMM's side of KVM: what QEMU does in kvm_init(), kvm_arch_init() and
 * kvm_init_vcpu(), in its order. Together with listener.c the only code of
 * the VMM that calls KVM.
 *
 * Interrupt controllers in the kernel are not made (QEMU: kernel-irqchip=off):
 * no device of the machine raises an interrupt yet, and without them a HLT comes
 * back to us as an exit, so that the end of a guest's program can be seen.
 */
#ifndef SLOTSCOPE_KVM_H
#define SLOTSCOPE_KVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <slotscope/error.h>

struct kvm_cpuid2;

/**
 * struct kvm_state - one VM and the way to it; QEMU's KVMState
 * @dev_fd:	 /dev/kvm
 * @vm_fd:	 the VM
 * @nr_slots:	 memslots that userspace may use, per address space
 * @nr_as:	 address spaces KVM has; we use the first alone (no SMM yet)
 * @phys_bits:	 width of a guest physical address, by the host's CPUID
 * @cpuid:	 what KVM supports, given to each vCPU as it is
 *
 * Owned by the caller: kvm_init(), kvm_deinit().
 */
struct kvm_state {
	int dev_fd;
	int vm_fd;
	unsigned int nr_slots;
	unsigned int nr_as;
	unsigned int phys_bits;
	struct kvm_cpuid2 *cpuid;
};

/**
 * kvm_init() - open KVM and create a VM
 * @s:	filled; on failure nothing is left open
 *
 * Return: 0, or a negative errno: no /dev/kvm, no right to it, an API that is not
 * version 12, or an extension missing (@err says what it is needed for).
 */
int kvm_init(struct kvm_state *s, struct slotscope_error *err);

/** kvm_deinit() - close the VM; its vCPUs and slots go with its last user */
void kvm_deinit(struct kvm_state *s);

/**
 * kvm_check_extension() - what KVM says of a capability
 * Return: its value; 0 for one that this KVM does not know.
 */
int kvm_check_extension(const struct kvm_state *s, int cap);

/**
 * struct kvm_required - an extension that we cannot do without
 * @meaning: what it gives, for the message that names it
 */
struct kvm_required {
	int cap;
	const char *name;
	const char *meaning;
};

/** kvm_require() - 0 if KVM has all @nr extensions; else @err names the first */
int kvm_require(const struct kvm_state *s, const struct kvm_required *required,
		size_t nr, struct slotscope_error *err);

/* x86.c: what this architecture needs before the first slot and vCPU */
int kvm_arch_init(struct kvm_state *s, struct slotscope_error *err);
int kvm_arch_init_vcpu(const struct kvm_state *s, int vcpu_fd,
		       struct slotscope_error *err);

#endif
