/* SPDX-License-Identifier: GPL-2.0-only */
/* A VM of KVM's, held by its file. */
#ifndef SLOTSCOPE_VM_H
#define SLOTSCOPE_VM_H

#include <linux/types.h>

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

/**
 * struct vm_wide - what the uapi header's structs say of a whole VM
 */
struct vm_wide {
	u64 nr_pages;
	u32 users;
	u32 nr_vcpus;
	u32 dirty_ring_bytes;
	u32 vm_type;
};

int vm_get(struct vm *vm, int fd);
int vm_of_file(struct vm *vm, struct file *file);
void vm_put(struct vm *vm);
void vm_wide_get(struct vm_wide *wide, const struct kvm *kvm);

int vm_init(void);
void vm_exit(void);

#endif
