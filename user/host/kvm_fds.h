/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The three kinds of descriptors that KVM gives a process. */
#ifndef HOST_KVM_FDS_H
#define HOST_KVM_FDS_H

#include <stddef.h>

#include "host/process.h"

enum kvm_fd_what { KVM_FD_IS_DEV, KVM_FD_IS_VM, KVM_FD_IS_VCPU };

/**
 * kvm_fds_read() - go through them, in no order
 * @fn: called with each descriptor that is KVM's
 *
 * Return: 0, or a negative errno with @err filled: -EACCES if we may not look.
 */
int kvm_fds_read(const struct process *process,
		 void (*fn)(int fd, enum kvm_fd_what what, void *opaque),
		 void *opaque, struct slotscope_error *err);

/**
 * process_cmdline() - the words of its command line, each with a NUL behind it
 * @out: free() it
 */
int process_cmdline(const struct process *process, char **out, size_t *len,
		    struct slotscope_error *err);

#endif
