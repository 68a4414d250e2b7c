/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process and all that come from it. */
#ifndef HOST_PROCESS_TREE_H
#define HOST_PROCESS_TREE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <slotscope/error.h>

#include "host/process.h"

/**
 * struct tree_process - a process as it stood in /proc
 * @start_time: tells it from another one that has its number later
 */
struct tree_process {
	pid_t pid;
	pid_t ppid;
	uint64_t start_time;
};

/** struct process_tree - processes, each behind its parent, the root first */
struct process_tree {
	struct tree_process *processes;
	size_t nr;
};

/**
 * process_tree_of() - what descends from one process, out of all; pure
 * @all:  in any order; sorted here
 * @out:  process_tree_deinit() it after 0; empty if @root is not among them
 *
 * Return: 0 or -ENOMEM.
 */
int process_tree_of(struct tree_process *all, size_t nr, pid_t root,
		    struct process_tree *out);

/**
 * process_tree_read() - what descends from @root now
 *
 * One whose parent ends while /proc is read may be missing: whoever must have
 * all of them reads again until nothing is new. One that went to another
 * parent (its own ended, and no subreaper was in between) is none any more.
 *
 * Return: 0, -ENOMEM, or a negative errno if /proc cannot be listed.
 */
int process_tree_read(pid_t root, struct process_tree *out,
		      struct slotscope_error *err);

/** process_tree_has() - is this very process in it? */
bool process_tree_has(const struct process_tree *tree,
		      const struct tree_process *process);

/**
 * tree_process_open() - take hold of one
 *
 * Return: as process_open(); -ESRCH if its number is another's by now.
 */
int tree_process_open(const struct tree_process *at, struct process *process,
		      struct slotscope_error *err);

void process_tree_deinit(struct process_tree *tree);

#endif
