/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command that is started only once tracing has begun, and ended whole. */
#ifndef SLOTSCOPE_SESSION_CHILD_H
#define SLOTSCOPE_SESSION_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <slotscope/error.h>

#include "host/process.h"

/**
 * struct child - a command of ours, and all that comes from it
 * @pid:    its process from the fork on: the same before and after the exec
 * @ended:  it has ended by itself, or was never run
 * @status: how, as of waitpid(2); good if @ended, and only then
 * @all_ended: so has all that came from it
 *
 * @ended to @all_ended are as of the last child_poll(). The rest is private.
 *
 * When we die, however we die, all of it is ended (session/keeper.h).
 */
struct child {
	pid_t pid;
	bool ended;
	int status;
	bool all_ended;
	pid_t keeper;
	int line;
	int sock;
};

/**
 * child_start() - fork, and wait there with the exec of @argv
 *
 * The caller becomes a subreaper.
 *
 * Return: 0 or a negative errno.
 */
int child_start(struct child *child, char **argv, struct slotscope_error *err);

/**
 * child_start_prepared() - the same
 * @prepare: called there at child_go(), right before the exec; a negative errno is
 *	     as if that had failed
 */
int child_start_prepared(struct child *child, char **argv, int (*prepare)(void),
			 struct slotscope_error *err);

/**
 * child_go() - let it become @argv, which is that of child_start()
 *
 * Return: 0 once the exec was made, or the errno with which it failed; then
 * child_stop() is done. Also 0 if a signal to stop ended it before: child_poll()
 * tells.
 */
int child_go(struct child *child, char **argv, struct slotscope_error *err);

/**
 * child_go_served() - the same, of one that may have to be served until it has gone
 * @serve: called now and then with @arg meanwhile, as by whoever traces it
 */
int child_go_served(struct child *child, char **argv, void (*serve)(void *arg),
		    void *arg, struct slotscope_error *err);

/**
 * child_status_text() - "ended with status 4", "was killed by SIGALRM"
 *
 * Of one that has @ended.
 */
void child_status_text(const struct child *child, char *text, size_t size);

/** enum child_watch - which VMs of a command would have been seen */
enum child_watch {
	CHILD_LOOKED_AT,      /* those that were there when it was looked at */
	CHILD_TRACED_IN_PART, /* the same, though it is traced: not their making */
	CHILD_TRACED,	      /* each, however short it was there */
};

/**
 * child_no_vm() - why no VM of it was there, and what to do, in @err
 * @process: that of the command, while it can be looked at; or NULL
 */
void child_no_vm(const struct child *child, const struct process *process,
		 enum child_watch watch, struct slotscope_error *err);

/**
 * child_poll() - learn what has ended by now; waits for nothing
 *
 * Does nothing for a child that was not started.
 */
void child_poll(struct child *child);

/**
 * child_stop() - have all of it ended, as child_end() does, and do not wait
 *
 * For whoever must serve it until it has ended: child_poll() tells. child_end() is
 * to be called all the same.
 */
void child_stop(struct child *child);

/**
 * child_end() - end it and all that came from it: SIGTERM, and after five
 * seconds SIGKILL
 *
 * Does nothing for a child that was not started.
 *
 * Return: 0; -EBUSY if the kernel holds a process of it that cannot be ended.
 */
int child_end(struct child *child, struct slotscope_error *err);

#endif
