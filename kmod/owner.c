// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kvm_host.h>
#include <linux/pid.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include <slotscope.h>

#include "owner.h"

/* SLOTSCOPE_OWNER_*, or 0 if it has no memory */
static u32 thread_is(struct task_struct *thread, const struct mm_struct *mm)
{
	u32 owner = 0;

	task_lock(thread);
	/* A kernel thread may have borrowed it */
	if (thread->mm && !(READ_ONCE(thread->flags) & PF_KTHREAD))
		owner = thread->mm == mm ? SLOTSCOPE_OWNER_YES :
					   SLOTSCOPE_OWNER_NO;
	task_unlock(thread);
	return owner;
}

/**
 * owner_is() - are the slots' host addresses those of this process?
 * @kvm: the VM; its memory is told by its address and not looked at
 * @pid: as the calling process sees it
 *
 * All threads of a process have one memory; any of them may have ended, the first
 * one too.
 *
 * Return: SLOTSCOPE_OWNER_*, or 0 if there is no such process, or it has no memory
 * any more.
 */
u32 owner_is(const struct kvm *kvm, pid_t pid)
{
	struct task_struct *process, *thread;
	u32 owner = 0;

	rcu_read_lock();
	process = pid_task(find_vpid(pid), PIDTYPE_TGID);
	if (process) {
		/*
		 * As for_each_thread() does, which with lockdep names a lock that
		 * modules cannot reach
		 */
		list_for_each_entry_rcu(thread, &process->signal->thread_head,
					thread_node) {
			owner = thread_is(thread, kvm->mm);
			if (owner)
				break;
		}
	}
	rcu_read_unlock();
	return owner;
}
