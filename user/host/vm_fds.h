/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The descriptors of VMs that processes hold. */
#ifndef HOST_VM_FDS_H
#define HOST_VM_FDS_H

#include <stdbool.h>
#include <stddef.h>

#include <slotscope/error.h>

#include "host/process.h"

/**
 * struct vm_fd - one VM of a process
 * @fd:     its descriptor in the process; the lowest, if there are several
 * @nr_fds: how many there are
 */
struct vm_fd {
	int fd;
	size_t nr_fds;
};

/**
 * struct vm_fds - the VMs of a process
 * @vms:     by descriptor, ascending
 * @nr:	     their number
 * @grouped: false if the kernel did not tell which descriptors are duplicates
 *	     of one another (kcmp(2)): then a VM may stand here more than once
 */
struct vm_fds {
	struct vm_fd *vms;
	size_t nr;
	bool grouped;
};

/**
 * vm_fds_find() - the VMs that a process holds a descriptor of
 * @out: vm_fds_deinit() it after 0
 *
 * Return: 0 (also if there is none), -ESRCH, -EACCES, -ENOMEM.
 */
int vm_fds_find(const struct process *process, struct vm_fds *out,
		struct slotscope_error *err);
void vm_fds_deinit(struct vm_fds *vms);

/**
 * vm_fds_pick() - the VM that is meant
 * @wanted: descriptor that the user named, any of the VM's; -1: the only one
 *
 * Return: its lowest descriptor, or -ENOENT, -ENOTUNIQ (several, none named).
 */
int vm_fds_pick(const struct process *process, const struct vm_fds *vms,
		int wanted, struct slotscope_error *err);

/**
 * vm_fd_same() - are two descriptors of two processes one VM?
 * @a: a thread of the one that lives
 * @b: of the other
 *
 * Return: false also if that cannot be told.
 */
bool vm_fd_same(pid_t a, int a_fd, pid_t b, int b_fd);

/**
 * vm_fd_take() - a duplicate of a VM's descriptor, in our own table
 * @fd: in the process
 *
 * Close it soon: the VM lives as long as it does, even without its VMM.
 *
 * Return: the descriptor, or -ESRCH, -EPERM, -EBADF (closed meanwhile),
 * -EOPNOTSUPP (its first thread has ended, before Linux 6.9),
 * -EBADFD (it is something else by now).
 */
int vm_fd_take(const struct process *process, int fd,
	       struct slotscope_error *err);

/**
 * struct vm_list_stats - how far vm_list() saw
 * @processes:	looked into
 * @unreadable: not permitted to look into; they may hold VMs
 * @failed:	could not be looked into for another reason; likewise
 */
struct vm_list_stats {
	size_t processes;
	size_t unreadable;
	size_t failed;
};

/**
 * vm_list() - every process of this machine that holds a VM
 * @fn:	called for each, by ascending pid; what it is given is good for the call
 *	alone. Not 0 ends the list
 *
 * Return: 0, what @fn returned, or a negative errno if /proc cannot be listed.
 */
int vm_list(int (*fn)(const struct process *process, const struct vm_fds *vms,
		      void *opaque),
	    void *opaque, struct vm_list_stats *stats,
	    struct slotscope_error *err);

#endif
