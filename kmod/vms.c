// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/file.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include <slotscope.h>

#include "compat/kvm.h"
#include "holders.h"
#include "request.h"
#include "snapshot.h"
#include "vm.h"
#include "vms.h"

#define VMS_FIRST_SIZE offsetofend(struct slotscope_vms, reserved)
#define VM_FIRST_SIZE  offsetofend(struct slotscope_vm, comm)

/*
 * A VM has one file, however many descriptors there are of it. Each is held until
 * all is told, so that no two of them had one address.
 */
static int by_vm(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (x->tgid != y->tgid)
		return x->tgid < y->tgid ? -1 : 1;
	return x->fd - y->fd;
}

/* A record as it is made, with what it is sorted by */
struct made {
	struct slotscope_vm record;
	pid_t tgid;
};

static int by_process(const void *a, const void *b)
{
	const struct made *x = a, *y = b;

	if (x->tgid != y->tgid)
		return x->tgid < y->tgid ? -1 : 1;
	return x->record.fd - y->record.fd;
}

/* What is the same in all records of a VM */
static int describe(struct slotscope_vm *to, const struct vm *vm)
{
	struct vm_wide wide;
	u64 bytes;
	int ret;

	vm_wide_get(&wide, vm->kvm);
	*to = (struct slotscope_vm){
		.nr_pages = wide.nr_pages,
		.users = wide.users,
		.nr_vcpus = wide.nr_vcpus,
		.dirty_ring_bytes = wide.dirty_ring_bytes,
		.vm_type = wide.vm_type,
	};
	ret = snapshot_count(vm->kvm, &to->nr_slots, &bytes);
	to->user_bytes = bytes;
	return ret;
}

static u32 owner_of(const struct holder *holder, const struct kvm *kvm)
{
	if (!holder->mm)
		return 0;
	return holder->mm == kvm->mm ? SLOTSCOPE_OWNER_YES : SLOTSCOPE_OWNER_NO;
}

/* The records of the VM whose holders begin at @holder; @vm->file is theirs */
static u32 make_records(struct made *made, const struct holder *holder,
			const struct holder *end, const struct vm *vm,
			const struct slotscope_vm *same)
{
	pid_t tgid = 0;
	int fd = -1;
	u32 nr = 0;

	for (; holder < end && holder->file == vm->file; holder++) {
		if (nr && holder->tgid == tgid) {
			/* Threads with tables of their own can have one number */
			made[nr - 1].record.nr_fds += holder->fd != fd;
			fd = holder->fd;
			continue;
		}
		tgid = holder->tgid;
		fd = holder->fd;
		made[nr].record = *same;
		made[nr].record.pid = holder->pid;
		made[nr].record.fd = fd;
		made[nr].record.nr_fds = 1;
		made[nr].record.owner = owner_of(holder, vm->kvm);
		memcpy(made[nr].record.comm, holder->comm,
		       sizeof(holder->comm));
		made[nr].tgid = tgid;
		nr++;
	}
	return nr;
}

static int make_all(struct made *made, u32 *nr_made, u32 *nr_vms,
		    const struct holders *holders)
{
	const struct holder *holder = holders->holder;
	const struct holder *end = holder + holders->nr;
	const struct file *file;
	struct slotscope_vm same;
	struct vm vm;
	int ret;

	*nr_made = 0;
	*nr_vms = 0;
	while (holder < end) {
		file = holder->file;
		ret = vm_of_file(&vm, holder->file);
		if (!ret)
			ret = describe(&same, &vm);
		if (ret && ret != -EBADFD)
			return ret;
		if (!ret) {
			same.vm = ++*nr_vms;
			*nr_made += make_records(&made[*nr_made], holder, end,
						 &vm, &same);
		}
		while (holder < end && holder->file == file)
			holder++;
	}
	return 0;
}

/* In order, and numbered as they come: an order of addresses is nobody's */
static int finish(struct vms *vms, struct made *made, u32 nr, u32 nr_vms)
{
	u32 *number;
	u32 i, last = 0;

	sort(made, nr, sizeof(*made), by_process, NULL);
	number = kvcalloc(nr_vms + 1, sizeof(*number),
			  GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	vms->record = kvmalloc_array(nr + 1, sizeof(*vms->record),
				     GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!number || !vms->record) {
		kvfree(number);
		return -ENOMEM;
	}
	for (i = 0; i < nr; i++) {
		vms->record[i] = made[i].record;
		if (!number[made[i].record.vm])
			number[made[i].record.vm] = ++last;
		vms->record[i].vm = number[made[i].record.vm];
	}
	vms->nr = nr;
	vms->nr_vms = nr_vms;
	kvfree(number);
	return 0;
}

/**
 * vms_find() - the VMs of which a process holds a descriptor
 * @vms: out, to be given to vms_free() after an error, too
 *
 * Return: 0, -ENOMEM, -EINTR or -EPROTO.
 */
int vms_find(struct vms *vms)
{
	struct holders holders;
	struct made *made = NULL;
	u32 nr, nr_vms;
	int ret;

	*vms = (struct vms){};
	ret = holders_find(&holders);
	if (ret)
		goto out;
	ret = -ENOMEM;
	made = kvmalloc_array(holders.nr + 1, sizeof(*made),
			      GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!made)
		goto out;
	sort(holders.holder, holders.nr, sizeof(*holders.holder), by_vm, NULL);
	ret = make_all(made, &nr, &nr_vms, &holders);
	if (!ret)
		ret = finish(vms, made, nr, nr_vms);
out:
	kvfree(made);
	holders_put(&holders);
	return ret;
}

/**
 * vms_free() - free what vms_find() found
 * @vms: the records
 */
void vms_free(struct vms *vms)
{
	kvfree(vms->record);
}

/**
 * slotscope_vms() - the ioctl SLOTSCOPE_VMS
 * @argp: struct slotscope_vms of the caller
 *
 * Return: 0 or an error of the uapi header.
 */
long slotscope_vms(void __user *argp)
{
	struct slotscope_vms req;
	struct vms vms;
	u32 size;
	int ret;

	ret = request_get(&req, sizeof(req), VMS_FIRST_SIZE, argp, &size);
	if (ret)
		return ret;
	if (req.flags || req.reserved)
		return -EINVAL;
	ret = record_size_check(req.vm_size, VM_FIRST_SIZE);
	if (ret)
		return ret;
	ret = vms_find(&vms);
	if (!ret) {
		req.nr_records = vms.nr;
		req.nr_copied = min(vms.nr, req.vm_capacity);
		req.nr_vms = vms.nr_vms;
		ret = records_put(req.vm_addr, req.vm_size, vms.record,
				  sizeof(*vms.record), req.nr_copied);
	}
	vms_free(&vms);
	if (ret)
		return ret;
	return request_put(argp, size, &req, sizeof(req));
}
