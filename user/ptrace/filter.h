/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PTRACE_FILTER_H
#define PTRACE_FILTER_H

/**
 * filter_install() - stop at KVM's memory requests from now on
 *
 * For this thread and all that it makes: a seccomp filter that hands
 * KVM_SET_USER_MEMORY_REGION, REGION2 and KVM_CREATE_VM to whoever traces the thread,
 * and lets all else through, KVM_RUN first of all. Without a tracer those three
 * fail with ENOSYS. It needs no right, but takes from all that comes of the thread
 * the rights that set-user-ID programs give (PR_SET_NO_NEW_PRIVS).
 *
 * Return: 0 or a negative errno.
 */
int filter_install(void);

#endif
