// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kallsyms.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/refcount.h>
#include <linux/string.h>

#include "compat/kvm.h"
#include "layout.h"
#include "vm.h"
#include "vm_name.h"

#ifndef CONFIG_KALLSYMS
#error "slotscope knows a VM's file by the name of its ioctl handler: CONFIG_KALLSYMS is needed"
#endif

/*
 * What was learnt of the KVM that is loaded: the operations of a VM's file, and
 * whether its structures are where we think, 0 or -EPROTO. NULL: nothing yet.
 * Written while a VM is held, which pins kvm.ko; cleared when kvm.ko goes, before
 * its address can belong to something else.
 */
static DEFINE_MUTEX(known_lock);
static const struct file_operations *known_fops;
static int known_layout;

/*
 * Is this the file of a VM? file_is_kvm() would tell, but it is exported to the
 * vendor modules alone in newer kernels, and importing it would pin kvm.ko. So
 * the ioctl handler is looked up by name.
 */
static bool fops_are_of_vm(const struct file_operations *fops, bool *is_module)
{
	unsigned long handler = (unsigned long)fops->unlocked_ioctl;
	char name[KSYM_SYMBOL_LEN];

	if (!handler)
		return false;
	sprint_symbol_no_offset(name, handler);
	return name_is_vms(name, is_module);
}

static int learn(const struct file_operations *fops)
{
	bool is_module;
	int ret;

	if (!fops_are_of_vm(fops, &is_module))
		return -EBADFD;
	mutex_lock(&known_lock);
	ret = known_layout;
	if (known_fops == fops)
		goto unlock;
	ret = layout_prove(is_module);
	/* If it cannot be told now, it can perhaps the next time */
	if (ret && ret != -EPROTO) {
		ret = -EPROTO;
		goto unlock;
	}
	known_layout = ret;
	/* known_layout is there before it is looked for */
	smp_store_release(&known_fops, fops);
unlock:
	mutex_unlock(&known_lock);
	return ret;
}

/* 0, -EBADFD or -EPROTO */
static int check_file(const struct file *file)
{
	/* Pairs with learn() */
	if (smp_load_acquire(&known_fops) == file->f_op)
		return known_layout;
	return learn(file->f_op);
}

/*
 * BTF tells of types and not of what is done with them. So, of each address
 * space, the active set must be one of the two that are embedded, at its own
 * index. This follows no pointer.
 */
static bool sets_are_sane(struct kvm *kvm)
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
	struct file *file = fget(fd);
	int ret;

	if (!file)
		return -EBADF;
	ret = vm_of_file(vm, file);
	if (ret)
		fput(file);
	return ret;
}

/**
 * vm_of_file() - the VM that a file is of
 * @vm:	  out: it lives as long as the file
 * @file: any file, held by the caller; vm_put() gives it back, unless there was an
 *	  error
 *
 * Return: 0, -EBADFD or -EPROTO.
 */
int vm_of_file(struct vm *vm, struct file *file)
{
	int ret = check_file(file);

	if (ret)
		return ret;
	if (!sets_are_sane(file->private_data))
		return -EPROTO;
	*vm = (struct vm){ .file = file, .kvm = file->private_data };
	return 0;
}

/**
 * vm_wide_get() - what is not of one address space; each of them a word that may move
 * @wide: out
 * @kvm:  of a VM that is held
 */
void vm_wide_get(struct vm_wide *wide, const struct kvm *kvm)
{
	*wide = (struct vm_wide){
		.nr_pages = READ_ONCE(kvm->nr_memslot_pages),
		.users = refcount_read(&kvm->users_count),
		.nr_vcpus = atomic_read(&kvm->online_vcpus),
		.dirty_ring_bytes = READ_ONCE(kvm->dirty_ring_size),
		.vm_type = compat_vm_type(kvm),
	};
}

/**
 * vm_put() - give back what vm_get() took
 * @vm: the VM, whose memory must not be looked at any more
 */
void vm_put(struct vm *vm)
{
	fput(vm->file);
}

static int module_changes(struct notifier_block *unused, unsigned long state,
			  void *data)
{
	const struct module *mod = data;

	if (state == MODULE_STATE_GOING && !strcmp(mod->name, "kvm"))
		WRITE_ONCE(known_fops, NULL);
	return NOTIFY_DONE;
}

static struct notifier_block module_watch = {
	.notifier_call = module_changes,
};

/**
 * vm_init() - to be called before the first vm_get()
 *
 * Return: 0, or an error.
 */
int vm_init(void)
{
	return register_module_notifier(&module_watch);
}

/**
 * vm_exit() - after the last vm_put()
 */
void vm_exit(void)
{
	unregister_module_notifier(&module_watch);
}
