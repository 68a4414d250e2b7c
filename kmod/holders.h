/* SPDX-License-Identifier: GPL-2.0-only */
/* Which processes hold a descriptor of a VM. */
#ifndef SLOTSCOPE_HOLDERS_H
#define SLOTSCOPE_HOLDERS_H

#include <linux/sched.h>
#include <linux/types.h>

struct file;
struct mm_struct;

/**
 * struct holder - one descriptor that looks like a VM's, of one process
 * @file:  held
 * @mm:    the process's memory: for comparing, and not to be looked at
 * @tgid:  the process, by its number that is good everywhere
 * @pid:   as the caller sees it; 0 if it does not
 * @fd:    the descriptor there
 * @comm:  the process's name
 */
struct holder {
	struct file *file;
	const struct mm_struct *mm;
	pid_t tgid;
	pid_t pid;
	int fd;
	char comm[TASK_COMM_LEN];
};

/**
 * struct holders - all there are
 * @holder: of one process one after another, unless its threads have tables of their
 *	    own; in no other order
 * @nr:	    how many
 * @room:   how many fit at @holder
 */
struct holders {
	struct holder *holder;
	u32 nr;
	u32 room;
};

int holders_find(struct holders *holders);
void holders_put(struct holders *holders);

#endif
