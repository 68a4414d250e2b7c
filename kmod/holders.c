// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM's own list of VMs is not open to modules. So the tables of descriptors of all
 * processes are looked through, a piece at a time: while one is held its process can
 * neither open nor close.
 */
#include <linux/errno.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/find.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/kernel.h>
#include <linux/magic.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "holders.h"

/* What is looked at in one hold of a table: open descriptors, and numbers */
#define PIECE	     256U
#define PIECE_OF_FDS 32768U

/*
 * Is it worth asking vm_of_file()? That one knows a VM's file for certain, and is slow
 * with others. A file of this file system is never renamed.
 */
static bool may_be_vm(const struct file *file)
{
	return file->f_op->unlocked_ioctl &&
	       file_inode(file)->i_sb->s_magic == ANON_INODE_FS_MAGIC &&
	       !strcmp(file->f_path.dentry->d_name.name, "kvm-vm");
}

static int make_room(struct holders *holders)
{
	struct holder *larger;
	u32 room;

	if (holders->room - holders->nr >= PIECE)
		return 0;
	if (holders->room > U32_MAX / 4)
		return -ENOMEM;
	room = max(2 * holders->room, 2 * PIECE);
	larger = kvmalloc_array(room, sizeof(*larger),
				GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!larger)
		return -ENOMEM;
	if (holders->nr)
		memcpy(larger, holders->holder, holders->nr * sizeof(*larger));
	kvfree(holders->holder);
	holders->holder = larger;
	holders->room = room;
	return 0;
}

static void add(struct holders *holders, struct task_struct *task,
		struct file *file, int fd)
{
	struct holder *holder = &holders->holder[holders->nr++];

	*holder = (struct holder){
		.file = get_file(file),
		.mm = READ_ONCE(task->flags) & PF_KTHREAD ? NULL : task->mm,
		.tgid = task->tgid,
		.pid = task_tgid_vnr(task),
		.fd = fd,
	};
	/* The process's name is its first thread's */
	strscpy(holder->comm, task->group_leader->comm, sizeof(holder->comm));
}

/* Return: true if there are more descriptors, from @next on */
static bool look_at_piece(struct holders *holders, struct task_struct *task,
			  const struct files_struct *files, u32 *next)
{
	struct fdtable *fdt = files_fdtable(files);
	u32 end = min(fdt->max_fds, *next + PIECE_OF_FDS);
	u32 nr = 0, fd;

	for (fd = find_next_bit(fdt->open_fds, end, *next); fd < end;
	     fd = find_next_bit(fdt->open_fds, end, fd + 1)) {
		struct file *file;

		if (nr++ == PIECE)
			break;
		file = rcu_dereference_check_fdtable(files, fdt->fd[fd]);
		if (file && may_be_vm(file))
			add(holders, task, file, fd);
	}
	*next = min(fd, end);
	return *next < fdt->max_fds;
}

/* Does its first thread show the same table? */
static bool is_told_by_leader(struct task_struct *task)
{
	struct task_struct *leader = task->group_leader;

	return leader != task && READ_ONCE(leader->files) == task->files;
}

static int look_at_task(struct holders *holders, struct task_struct *task)
{
	bool more = true;
	u32 next = 0;
	int ret;

	while (more) {
		ret = make_room(holders);
		if (ret)
			return ret;
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
		more = false;
		/* The first thread may be replaced meanwhile, by an exec */
		rcu_read_lock();
		task_lock(task);
		if (task->files && !is_told_by_leader(task)) {
			spin_lock(&task->files->file_lock);
			more = look_at_piece(holders, task, task->files, &next);
			spin_unlock(&task->files->file_lock);
		}
		task_unlock(task);
		rcu_read_unlock();
	}
	return 0;
}

/* The next one that lives, of all threads of all namespaces, from @nr on; held */
static struct task_struct *next_living(int *nr)
{
	struct task_struct *task = NULL;
	struct pid *pid;

	rcu_read_lock();
	for (; !task; ++*nr) {
		pid = idr_get_next(&init_pid_ns.idr, nr);
		if (!pid)
			break;
		task = pid_task(pid, PIDTYPE_PID);
	}
	if (task)
		get_task_struct(task);
	rcu_read_unlock();
	return task;
}

/**
 * holders_find() - look through the descriptors of all processes
 * @holders: out, to be given to holders_put() after an error, too. Some may be of other
 *	     files: see vm_of_file()
 *
 * Return: 0, -ENOMEM or -EINTR.
 */
int holders_find(struct holders *holders)
{
	struct task_struct *task;
	int ret = 0, nr = 1;

	*holders = (struct holders){};
	for (task = next_living(&nr); task && !ret; task = next_living(&nr)) {
		ret = look_at_task(holders, task);
		put_task_struct(task);
	}
	if (task)
		put_task_struct(task);
	return ret;
}

/**
 * holders_put() - give back what holders_find() found
 * @holders: emptied
 */
void holders_put(struct holders *holders)
{
	u32 i;

	for (i = 0; i < holders->nr; i++) {
		fput(holders->holder[i].file);
		if (!(i % 1024))
			cond_resched();
	}
	kvfree(holders->holder);
	*holders = (struct holders){};
}
