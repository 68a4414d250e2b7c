/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a file tells that has events: a recording, strace's output, a QEMU trace log. */
#ifndef SLOTSCOPE_CMD_RECORDED_H
#define SLOTSCOPE_CMD_RECORDED_H

#include <slotscope/rules.h>

#include "cmd/moment.h"
#include "session/vms.h"
#include "trace/recording.h"

/**
 * struct recorded - its events, and the VMs that they are of
 * @path:   of the file; borrowed
 * @log:    the events
 * @info:   what its times are; zero if it tells no such thing
 * @limits: what the kernel that it is of allows; zero: not known
 * @first_ns: CLOCK_MONOTONIC of the first event that there is
 * @at_ns:  of the moment that was asked for; UINT64_MAX: its end
 * @growing: it is still being written
 */
struct recorded {
	const char *path;
	struct slot_log log;
	struct recording_info info;
	struct session_vms vms;
	struct request_limits limits;
	uint64_t first_ns;
	uint64_t at_ns;
	bool growing;
};

/* What is wanted of a moment */
enum recorded_want {
	RECORDED_HISTORY, /* how it came to that, too, from the first event on */
	RECORDED_STATE,	  /* how things stood: what it takes to tell that */
};

/**
 * recorded_load() - read it
 * @at:  what came later has not happened yet
 * @out: recorded_deinit() it, also after an error
 *
 * Return: 0 or a negative errno: -ERANGE if @at is beyond its end.
 */
int recorded_load(const char *path, const struct moment *at,
		  enum recorded_want want, struct recorded *out,
		  struct slotscope_error *err);
void recorded_deinit(struct recorded *recorded);

/** recorded_tell_growing() - if it is still being written, say so on standard error */
void recorded_tell_growing(const char *path, bool growing);

/** recorded_now() - CLOCK_MONOTONIC at its end; 0 without an event */
uint64_t recorded_now(const struct recorded *recorded);

/** recorded_real() - CLOCK_REALTIME then; 0: not known */
uint64_t recorded_real(const struct recorded *recorded);

/**
 * recorded_look_fn - looks at one VM
 * @vm: its place in recorded->vms
 *
 * Return: an enum cmd_exit, or a negative errno with @err filled.
 */
typedef int recorded_look_fn(const struct recorded *recorded, size_t vm,
			     void *arg, struct slotscope_error *err);

/**
 * recorded_each() - load a recording, and look at each VM that is meant
 *
 * Errors are printed, also that there is none.
 *
 * Return: the worst of what @look returned: a mismatch is worse than not knowing.
 */
int recorded_each(const char *path, const struct moment *at,
		  enum recorded_want want, const struct vm_name *name,
		  recorded_look_fn *look, void *arg);

/** recorded_none() - say that no VM of it is called @name; returns -ENOENT */
int recorded_none(const struct recorded *recorded, const struct vm_name *name,
		  struct slotscope_error *err);

#endif
