// SPDX-License-Identifier: GPL-2.0-only
/* SLOTSCOPE_VMS as text: slotscope/vms in debugfs. */
#include <linux/capability.h>
#include <linux/debugfs.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include <slotscope.h>

#include "compat/kvm.h"
#include "vms.h"

#define HEAD "vm pid fd fds owner slots bytes vcpus users dirty_ring type comm\n"

static struct dentry *folder;

/* Record 0 is the head */
static void *vms_start(struct seq_file *m, loff_t *pos)
{
	const struct vms *vms = m->private;

	if (!*pos)
		return SEQ_START_TOKEN;
	return *pos <= vms->nr ? &vms->record[*pos - 1] : NULL;
}

static void *vms_next(struct seq_file *m, void *unused, loff_t *pos)
{
	++*pos;
	return vms_start(m, pos);
}

static void vms_stop(struct seq_file *m, void *unused)
{
}

static const char *owner_name(u32 owner)
{
	if (!owner)
		return "-";
	return owner == SLOTSCOPE_OWNER_YES ? "yes" : "no";
}

static int vms_show(struct seq_file *m, void *v)
{
	const struct slotscope_vm *vm = v;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, HEAD);
		return 0;
	}
	seq_printf(m, "%u %d %d %u %s %u %llu %u %u %u %u ", vm->vm, vm->pid,
		   vm->fd, vm->nr_fds, owner_name(vm->owner), vm->nr_slots,
		   (unsigned long long)vm->nr_pages << PAGE_SHIFT, vm->nr_vcpus,
		   vm->users, vm->dirty_ring_bytes, vm->vm_type);
	seq_escape(m, vm->comm, " \t\n\\");
	seq_putc(m, '\n');
	return 0;
}

static const struct seq_operations vms_seq = {
	.start = vms_start,
	.next = vms_next,
	.stop = vms_stop,
	.show = vms_show,
};

/* All is found here, so that a reader who takes his time keeps no VM */
static int vms_open(struct inode *inode, struct file *file)
{
	struct vms *vms;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	vms = __seq_open_private(file, &vms_seq, sizeof(*vms));
	if (!vms)
		return -ENOMEM;
	ret = vms_find(vms);
	if (ret) {
		vms_free(vms);
		seq_release_private(inode, file);
	}
	return ret;
}

static int vms_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	vms_free(m->private);
	return seq_release_private(inode, file);
}

static const struct file_operations vms_fops = {
	.owner = THIS_MODULE,
	.open = vms_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = vms_release,
};

/**
 * vms_file_init() - show the file, where there is a debugfs
 */
void vms_file_init(void)
{
	folder = debugfs_create_dir("slotscope", NULL);
	debugfs_create_file("vms", 0400, folder, NULL, &vms_fops);
}

/**
 * vms_file_exit() - take it away; waits for who reads
 */
void vms_file_exit(void)
{
	debugfs_remove(folder);
}
