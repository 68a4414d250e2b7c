/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which descriptors of a process are one open file. */
#ifndef HOST_FD_ORDER_H
#define HOST_FD_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/**
 * fd_order() - put descriptors of one open file side by side
 * @pid:  the process; as kcmp(2) has it, by its number alone
 * @fds:  ordered in place, as the kernel orders their files, which tells nothing
 *	  else; those of one file ascending. What is closed by now is dropped
 * @nr:	  their number, and what is left of it
 * @same: of @nr: is it the same file as the one before it?
 *
 * O(n log n) calls. Return: 0; a negative errno if the kernel did not tell (then
 * @same is all false), or if descriptors are closed faster than they are looked
 * at (-EAGAIN).
 */
int fd_order(pid_t pid, int *fds, size_t *nr, bool *same);

#endif
