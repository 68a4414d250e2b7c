/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command that is started only once tracing has begun. */
#ifndef SLOTSCOPE_SESSION_CHILD_H
#define SLOTSCOPE_SESSION_CHILD_H

#include <sys/types.h>

#include <slotscope/error.h>

/**
 * struct child - a command of ours
 * @pid:  its process from the fork on: the same before and after the exec
 * @sock: private
 *
 * It gets SIGTERM when we die, however we die.
 */
struct child {
	pid_t pid;
	int sock;
};

/**
 * child_start() - fork, and wait there with the exec of @argv
 *
 * Return: 0 or a negative errno.
 */
int child_start(struct child *child, char **argv, struct slotscope_error *err);

/**
 * child_go() - let it become @argv, which is that of child_start()
 *
 * Return: 0 once the exec was made, or the errno with which it failed. Also 0 if
 * a signal to stop ended it before: child_ended() tells.
 */
int child_go(struct child *child, char **argv, struct slotscope_error *err);

/** child_ended() - whether it has ended by itself (or, before, was never run) */
int child_ended(struct child *child);

/**
 * child_end() - end it: SIGTERM, and after five seconds SIGKILL
 *
 * Does nothing for a child that was not started or has ended.
 */
void child_end(struct child *child);

#endif
