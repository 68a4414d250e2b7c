/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the commands that go along with VMs have in common (trace, record): whose
 * events, up to when, what was seen of them, and the status that follows.
 */
#ifndef SLOTSCOPE_CMD_TRACING_H
#define SLOTSCOPE_CMD_TRACING_H

#include "session/probed.h"
#include "session/stacks.h"
#include "session/vms.h"
#include "trace/tracer.h"

struct tracing;

/**
 * struct tracing_ops - what becomes of the events
 * @begin: before the first; NULL: nothing is to be done. @report: NULL with ptrace
 * @put:   one event of a VM that is meant, or of none
 * @flush: there is none for now. 1: nobody takes any more
 * @end:   after the last, also after an error. NULL: nothing is to be done
 *
 * All return 0, or a negative errno with tracing.err filled.
 */
struct tracing_ops {
	int (*begin)(struct tracing *t, const struct tracer_options *options,
		     const struct tracer_report *report);
	int (*put)(struct tracing *t, const struct slot_event *event);
	int (*flush)(struct tracing *t);
	int (*end)(struct tracing *t);
};

/* Programs that may be named for their static probes */
#define TRACING_PROGRAMS 16

/**
 * struct tracing - one run
 * @verb:   for messages: what we do with VMs
 * @pid:    a process to follow, or
 * @argv:   a command to start, or
 * @all:    all processes
 * @for_ms: stop after so long; -1: at the end of these, or at a signal
 * @name:   which VMs are meant
 * @stacks: where stacks of requests go; NULL: none are asked for
 * @classes: other events that are asked for: TRACER_CLASS_*
 * @dry_run: tell by what it would be traced, and trace nothing
 * @filter: requests and changes that are asked for
 * @usdt:   static probes are asked for, too: of the program of what is traced, or
 * @programs: of these
 * @ptrace: see @argv's requests without being root
 * @self:   leave out what this process does: our own; 0 of a recording
 * @ops:    what becomes of their events
 * @arg:    for @ops
 * @events: given to @ops, and
 * @lost:   events that these say are lost, and
 * @filtered: that nobody asked for
 * @unseen: there is a kind of event that no hook tells
 * @probed: whose static probes are watched
 * @vms:    that were seen, and
 * @saw_vm: one of them is meant
 */
struct tracing {
	const char *verb;
	pid_t pid;
	char **argv;
	bool all;
	int for_ms;
	struct vm_name name;
	struct stacks *stacks;
	unsigned int classes;
	bool dry_run;
	struct tracer_filter filter;
	bool usdt;
	const char *programs[TRACING_PROGRAMS];
	size_t nr_programs;
	bool ptrace;
	pid_t self;
	const struct tracing_ops *ops;
	void *arg;

	uint64_t events;
	uint64_t lost;
	uint64_t filtered;
	bool unseen;
	struct probed probed;
	struct session_vms vms;
	bool saw_vm;
	struct slotscope_error err;
};

#define TRACING_INIT                              \
	{                                         \
		.for_ms = -1, .name = {.fd = -1 } \
	}

/** tracing_is_filtered() - does this event stand for those that nobody asked for? */
static inline bool tracing_is_filtered(const struct slot_event *event)
{
	return event->type == SLOT_EVENT_LOST &&
	       event->lost.reason == SLOT_LOST_FILTERED;
}

/* The options that these commands share, beside 'p', and what they do, in one place */
enum tracing_option {
	TRACING_OPT_ALL = 0x300,
	TRACING_OPT_PTRACE,
	TRACING_OPT_EVENTS,
	TRACING_OPT_DRY_RUN,
	TRACING_OPT_FOR,
	TRACING_OPT_AS,
	TRACING_OPT_SLOT,
	TRACING_OPT_GPA,
	TRACING_OPT_FAILED,
	TRACING_OPT_USDT,
};

/* Rows for them, written as in the tables of both */
/* clang-format off */
#define TRACING_WHOM \
	{ 'p', "pid", "PID", VALUES_VM_PIDS, \
	  "the process to trace, and what it starts from now on" }, \
	{ TRACING_OPT_ALL, "all", NULL, NULL, \
	  "every VM of this machine, and those to come" }
#define TRACING_FOR \
	{ TRACING_OPT_FOR, "for", "SECONDS", NULL, \
	  "stop after so long; a COMMAND is ended" }
#define TRACING_FILTERS \
	{ TRACING_OPT_AS, "as", "N", NULL, \
	  "requests and changes in this address space alone" }, \
	{ TRACING_OPT_SLOT, "slot", "N", NULL, \
	  "those of slots with this number alone" }, \
	{ TRACING_OPT_GPA, "gpa", "FROM-TO", NULL, \
	  "those that have some of this guest memory alone" }, \
	{ TRACING_OPT_FAILED, "failed-only", NULL, NULL, \
	  "those that failed alone" }
#define TRACING_DRY_RUN \
	{ TRACING_OPT_DRY_RUN, "dry-run", NULL, NULL, \
	  "trace nothing: tell by which hooks it would be done, and " \
	  "why not by the others" }
#define TRACING_USDT \
	{ TRACING_OPT_USDT, "usdt", "[=FILE]", VALUES_FILES, \
	  "static probes, too: the way of a region to its slot, as " \
	  "our VMM and a QEMU built with them tell it; of the program " \
	  "that is traced, or of FILE" }
/* clang-format on */

/* What completion offers for --events */
#define TRACING_EVENTS ",calls vcpus mmio windows mappings faults frees all"

/**
 * tracing_option() - one of these options, with optarg
 *
 * Return: 0, 1 if @opt is none of them, or -EINVAL with @err filled.
 */
int tracing_option(struct tracing *t, int opt, struct slotscope_error *err);

/** tracing_wrong() - what does not go together, for cmd_usage(); NULL: all does */
const char *tracing_wrong(const struct tracing *t);

/** tracing_filters() - is anything left out by it? */
bool tracing_filters(const struct tracer_filter *filter);

/**
 * tracing_take() - look at an event, and hand it on if it is meant
 *
 * A tracer_event_fn; @arg is a struct tracing.
 */
int tracing_take(const struct slot_event *event, void *arg);

/**
 * tracing_finish() - the status that follows from what was seen
 * @ret: a negative errno, with tracing.err, is told first
 */
int tracing_finish(struct tracing *t, int ret);

/** tracing_run() - go along; returns an enum cmd_exit */
int tracing_run(struct tracing *t);

#endif
