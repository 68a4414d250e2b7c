/* SPDX-License-Identifier: GPL-2.0-only */
/* A VM of KVM's, held by its file. */
#ifndef SLOTSCOPE_VM_H
#define SLOTSCOPE_VM_H

struct file;
struct kvm;

/**
 * struct vm - a VM in use
 * @file: what keeps it, and the vendor module, alive
 * @kvm:  KVM's own, for reading
 */
struct vm {
	struct file *file;
	struct kvm *kvm;
};

int vm_get(struct vm *vm, int fd);
void vm_put(struct vm *vm);

int vm_init(void);
void vm_exit(void);

#endif
