// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module imports nothing of kvm.ko's, so that it does not pin it; and so no
 * symbol version is compared when it is loaded, even where there are any. Nor
 * would they tell: they are of the headers' Module.symvers and not of the headers.
 * BTF does tell. It was made of the very kvm.ko that is running, and the kernel
 * shows it as files; from within there is no other way to it.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/kernel.h>
#include <linux/magic.h>
#include <linux/mutex.h>
#include <linux/path.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/stddef.h>
#include <linux/vmalloc.h>

#include <slotscope.h>

#include "btf.h"
#include "compat/members.h"
#include "compat/private.h"
#include "layout.h"
#include "request.h"
#include "vm.h"

/* Of the first version that had it; stays when the struct grows */
#define LAYOUT_FIRST_SIZE offsetofend(struct slotscope_layout, error)
#define MEMBER_FIRST_SIZE offsetofend(struct slotscope_member, size)

/* Ten times what a distribution's vmlinux has, in bytes */
#define BTF_MAX (64 << 20)

static DEFINE_MUTEX(layout_lock); /* of compat_members[] and what follows */
static u32 verdict = SLOTSCOPE_LAYOUT_UNKNOWN;
static int verdict_error = -ENODATA;

/*
 * As the first process sees it, whatever root the caller has. (What the kernel
 * has for that, kernel_read_file_from_path_initns(), warns where IPE is
 * configured: it knows no rule for files like these.)
 */
static struct file *open_btf(const char *path)
{
	struct file *file;
	struct path root;

	task_lock(&init_task);
	get_fs_root(init_task.fs, &root);
	task_unlock(&init_task);
	file = file_open_root(&root, path, O_RDONLY, 0);
	path_put(&root);
	return file;
}

static int read_btf(const char *path, void **data, size_t *size)
{
	struct file *file = open_btf(path);
	loff_t at = 0;
	ssize_t ret;

	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = -EINVAL;
	/* Somebody mounted something else there */
	if (file_inode(file)->i_sb->s_magic != SYSFS_MAGIC)
		goto out;
	*size = i_size_read(file_inode(file));
	if (*size > BTF_MAX)
		goto out;
	ret = -ENOMEM;
	*data = vmalloc(*size);
	if (!*data)
		goto out;
	do {
		ret = kernel_read(file, *data + at, *size - at, &at);
		cond_resched();
	} while (ret > 0 && at < *size);
	if (ret >= 0)
		ret = at == *size ? 0 : -EIO;
	if (ret)
		vfree(*data);
out:
	filp_close(file, NULL);
	return ret;
}

static bool is_same(const struct slotscope_member *member)
{
	return member->offset == member->built_offset &&
	       member->size == member->built_size;
}

static void find_privates(const struct btf_view *view)
{
	struct compat_private *member = compat_privates;
	u32 size;

	for (; member < compat_privates + PRIVATE_NR; member++)
		member->known = !btf_view_find(view, member->name,
					       &member->offset, &size) &&
				size >= member->least;
}

static void compare(const struct btf_view *view)
{
	struct slotscope_member *member = compat_members;
	struct slotscope_member *end = member + compat_nr_members;

	find_privates(view);
	verdict = SLOTSCOPE_LAYOUT_SAME;
	for (; member < end; member++) {
		if (btf_view_find(view, member->name, &member->offset,
				  &member->size)) {
			member->offset = SLOTSCOPE_NO_MEMBER;
			member->size = SLOTSCOPE_NO_MEMBER;
		}
		if (is_same(member) || verdict == SLOTSCOPE_LAYOUT_OTHER)
			continue;
		verdict = SLOTSCOPE_LAYOUT_OTHER;
		pr_err("slotscope: built for another kvm than the one that is running: %s is at %d with %d bytes, not at %d with %d. Build it again, with this kernel's headers\n",
		       member->name, (int)member->offset, (int)member->size,
		       (int)member->built_offset, (int)member->built_size);
	}
}

/* Structs that KVM shares with vmlinux are in the BTF of vmlinux alone */
static int read_and_compare(bool kvm_is_module)
{
	struct btf_view vmlinux, kvm;
	void *vmlinux_data, *kvm_data = NULL;
	size_t size;
	int ret;

	ret = read_btf("/sys/kernel/btf/vmlinux", &vmlinux_data, &size);
	if (ret)
		return ret;
	ret = btf_view_init(&vmlinux, NULL, vmlinux_data, size);
	if (ret)
		goto free_vmlinux_data;
	if (!kvm_is_module) {
		compare(&vmlinux);
		goto deinit_vmlinux;
	}
	ret = read_btf("/sys/kernel/btf/kvm", &kvm_data, &size);
	if (ret)
		goto deinit_vmlinux;
	ret = btf_view_init(&kvm, &vmlinux, kvm_data, size);
	if (ret)
		goto free_kvm_data;
	compare(&kvm);
	btf_view_deinit(&kvm);
free_kvm_data:
	vfree(kvm_data);
deinit_vmlinux:
	btf_view_deinit(&vmlinux);
free_vmlinux_data:
	vfree(vmlinux_data);
	return ret;
}

/**
 * layout_prove() - hold what this module was built with against the running KVM
 * @kvm_is_module: or is it part of vmlinux?
 *
 * Costs milliseconds: the caller keeps the result, for as long as this very KVM
 * stays loaded.
 *
 * Return: 0; -EPROTO if they differ; another error if it could not be learnt,
 * which may be otherwise the next time.
 */
int layout_prove(bool kvm_is_module)
{
	int ret;

	mutex_lock(&layout_lock);
	verdict = SLOTSCOPE_LAYOUT_UNKNOWN;
	ret = read_and_compare(kvm_is_module);
	verdict_error = ret;
	if (!ret && verdict != SLOTSCOPE_LAYOUT_SAME)
		ret = -EPROTO;
	mutex_unlock(&layout_lock);
	return ret;
}

/**
 * layout_init() - is there anything to prove it by?
 *
 * A kernel that shows no BTF is not served: each VM would be refused.
 *
 * Return: 0 or -EOPNOTSUPP.
 */
int layout_init(void)
{
	struct file *file = open_btf("/sys/kernel/btf/vmlinux");

	if (IS_ERR(file)) {
		pr_err("slotscope: not loaded: without /sys/kernel/btf/vmlinux (error %ld) it cannot be proven where KVM's structures are. It takes a kernel with CONFIG_DEBUG_INFO_BTF, and a sysfs\n",
		       PTR_ERR(file));
		return -EOPNOTSUPP;
	}
	filp_close(file, NULL);
	return 0;
}

static int layout_put(struct slotscope_layout *req)
{
	int ret;

	mutex_lock(&layout_lock);
	req->verdict = verdict;
	req->error = verdict == SLOTSCOPE_LAYOUT_UNKNOWN ? -verdict_error : 0;
	req->nr_members = compat_nr_members;
	req->nr_copied = min(req->nr_members, req->member_capacity);
	ret = records_put(req->member_addr, req->member_size, compat_members,
			  sizeof(compat_members[0]), req->nr_copied);
	mutex_unlock(&layout_lock);
	return ret;
}

/**
 * slotscope_layout() - the ioctl SLOTSCOPE_LAYOUT
 * @argp: struct slotscope_layout of the caller
 *
 * Return: 0 or an error of the uapi header.
 */
long slotscope_layout(void __user *argp)
{
	struct slotscope_layout req;
	struct vm vm;
	u32 size;
	int ret;

	ret = request_get(&req, sizeof(req), LAYOUT_FIRST_SIZE, argp, &size);
	if (ret)
		return ret;
	if (req.flags || req.reserved)
		return -EINVAL;
	ret = record_size_check(req.member_size, MEMBER_FIRST_SIZE);
	if (ret)
		return ret;
	/* That it cannot be looked into is what is asked about */
	ret = vm_get(&vm, req.vm_fd);
	if (!ret)
		vm_put(&vm);
	else if (ret != -EPROTO)
		return ret;

	ret = layout_put(&req);
	if (ret)
		return ret;
	return request_put(argp, size, &req, sizeof(req));
}
