/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which system calls are given up; for rights.c. By libseccomp, where it is built in. */
#ifndef SLOTSCOPE_HOST_SYSCALLS_H
#define SLOTSCOPE_HOST_SYSCALLS_H

/**
 * syscalls_give_up() - those that nothing with these NEED_* calls fail with EPERM
 *
 * Of this thread, and all that it starts. Takes no_new_privs, or CAP_SYS_ADMIN.
 *
 * Return: 0, also without libseccomp; or a negative errno.
 */
int syscalls_give_up(unsigned int needs);

/**
 * syscalls_only_think() - all but memory, time, waiting, and what is read from or
 * written to open descriptors, fail with EPERM
 *
 * Of this thread alone.
 *
 * Return: 0; -EOPNOTSUPP without libseccomp; or a negative errno.
 */
int syscalls_only_think(void);

/** syscalls_filters() - the version of libseccomp; NULL: there is none */
const char *syscalls_filters(void);

#endif
