// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kallsyms.h>
#include <linux/string.h>

#include "compat/kvm.h"
#include "vm.h"

#ifndef CONFIG_KALLSYMS
#error "slotscope knows a VM's file by the name of its ioctl handler: CONFIG_KALLSYMS is needed"
#endif

/*
 * Is this the file of a VM? file_is_kvm() would tell, but it is exported to the
 * vendor modules alone in newer kernels, and importing it would pin kvm.ko. So
 * the ioctl handler is looked up by name. The suffix tells the module it belongs
 * to: none means vmlinux, that is, KVM is built in. A function of that name in
 * any other module is not KVM's.
 *
 * A proven f_op is not remembered: once kvm.ko is unloaded, its address may
 * belong to something else.
 */
static bool file_is_vm(const struct file *file)
{
	unsigned long handler = (unsigned long)file->f_op->unlocked_ioctl;
	char name[KSYM_SYMBOL_LEN];

	if (!handler)
		return false;
	sprint_symbol_no_offset(name, handler);
	return !strcmp(name, "kvm_vm_ioctl [kvm]") ||
	       !strcmp(name, "kvm_vm_ioctl");
}

/*
 * The module imports nothing from kvm.ko, so no symbol version is compared when
 * it is loaded, and a kvm.ko of another build could lay struct kvm out
 * otherwise. Of each address space the active set must be one of the two that
 * are embedded, at its own index. If the offsets were wrong, this pointer would
 * not point there. Nothing is followed before that is known.
 */
static bool layout_is_known(struct kvm *kvm)
{
	int nr_as = compat_nr_as(kvm);
	int as_id;

	if (nr_as < 1 || nr_as > COMPAT_MAX_AS)
		return false;
	for (as_id = 0; as_id < nr_as; as_id++) {
		struct kvm_memslots *both = kvm->__memslots[as_id];
		struct kvm_memslots *active =
			rcu_access_pointer(kvm->memslots[as_id]);

		if (active != &both[0] && active != &both[1])
			return false;
		if (both[0].node_idx != 0 || both[1].node_idx != 1)
			return false;
	}
	return true;
}

/**
 * vm_get() - take a VM by a descriptor of the calling process
 * @vm: out: vm_put() it, unless there was an error
 * @fd: the descriptor
 *
 * It is the file that is held, not kvm->users_count: the file also pins the
 * vendor module (kvm-amd), whose code runs when the VM is destroyed.
 *
 * Return: 0, -EBADF, -EBADFD or -EPROTO, as the uapi header says.
 */
int vm_get(struct vm *vm, int fd)
{
	int ret;

	vm->file = fget(fd);
	if (!vm->file)
		return -EBADF;

	ret = -EBADFD;
	if (!file_is_vm(vm->file))
		goto err_fput;

	ret = -EPROTO;
	vm->kvm = vm->file->private_data;
	if (!layout_is_known(vm->kvm))
		goto err_fput;
	return 0;

err_fput:
	fput(vm->file);
	return ret;
}

/**
 * vm_put() - give back what vm_get() took
 * @vm: the VM, whose memory must not be looked at any more
 */
void vm_put(struct vm *vm)
{
	fput(vm->file);
}
