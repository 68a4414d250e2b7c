/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving up what a process of ours has no need of: capabilities, what an exec would
 * gain, and system calls. Nothing brings them back, not for what it starts either.
 */
#ifndef SLOTSCOPE_HOST_RIGHTS_H
#define SLOTSCOPE_HOST_RIGHTS_H

#include <slotscope/error.h>

/* What is needed, by what it is for: each is some capabilities and system calls */
enum {
	NEED_FILES = 1U << 0, /* files that the user names, whoever owns them */
	NEED_PROCESSES = 1U
			 << 1,	/* other users' processes: /proc, descriptors */
	NEED_MONITOR = 1U << 2, /* sockets: monitors, and who holds them */
	NEED_KERNEL = 1U << 3,	/* BPF, the module, page frame numbers */
	NEED_SIGNALS = 1U << 4, /* signals to other users' processes */
	NEED_PTRACE = 1U << 5,	/* ptrace(2) */
	NEED_OPENED = 1U << 6, /* of NEED_KERNEL what was opened, and no more */
};

/* All that has to do with VMs of whoever */
#define NEED_LOOK (NEED_FILES | NEED_PROCESSES | NEED_MONITOR | NEED_KERNEL)

/**
 * rights_keep() - keep what @needs takes, and give up the rest
 *
 * Of what is not there nothing is needed: a user who has no capabilities keeps none.
 * Of this thread, and those that it makes from then on: one that is there already is to
 * have called rights_only_think(). And after the fork of whatever is to have the user's
 * own rights.
 *
 * Return: 0, or a negative errno with @err filled.
 */
int rights_keep(unsigned int needs, struct slotscope_error *err);

/**
 * rights_keep_once_started() - keep what @needs takes as soon as something was started
 *
 * What is started is to have the user's own rights: rights_started().
 */
void rights_keep_once_started(unsigned int needs);

/** rights_started() - it was: do what rights_keep_once_started() put off, if it did */
int rights_started(struct slotscope_error *err);

/**
 * rights_apart() - call a function that can do nothing but think, and talk over
 * descriptors that are open
 * @run: what reads what others wrote; its result is returned
 *
 * It runs in a thread of its own, without capabilities, whose system calls open, connect
 * to, start and change nothing. Without libseccomp, or where the kernel has no filters,
 * it loses its capabilities alone.
 *
 * Return: that of @run; a negative errno with @err filled if there can be no thread.
 */
int rights_apart(int (*run)(void *arg), void *arg, struct slotscope_error *err);

/**
 * rights_only_think() - of this thread alone: the same, for good
 *
 * A thread that is there when the first one gives something up keeps it otherwise.
 */
void rights_only_think(void);

/** rights_filters() - which libseccomp filters: "2.5.4"; NULL: built without */
const char *rights_filters(void);

#endif
