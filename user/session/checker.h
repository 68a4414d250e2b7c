/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The views of one VMM: opened once, read as often as it is checked. */
#ifndef SLOTSCOPE_SESSION_CHECKER_H
#define SLOTSCOPE_SESSION_CHECKER_H

#include <stdbool.h>

#include <slotscope/error.h>
#include <slotscope/view.h>

#include "check/sample.h"
#include "host/process.h"
#include "session/kernel_view.h"
#include "trace/recording.h"
#include "trace/tracer.h"

/**
 * struct checker_options - what to look at, and how
 * @pid:      the VMM
 * @fd:	      the VM's descriptor there; -1 for the only one
 * @qmp:      address of its monitor; NULL to find it
 * @no_trace: do without TRACED
 * @no_model: do without MODEL
 * @record:   file to write events to; NULL for none
 * @verbose:  say more on standard error
 */
struct checker_options {
	pid_t pid;
	int fd;
	const char *qmp;
	bool no_trace;
	bool no_model;
	const char *record;
	bool verbose;
};

/**
 * struct checker - the ways to the views of one VMM
 * @vm:	    which VM; known from the first check on
 * @log:    what was traced so far
 *
 * The rest is private. checker_open(), checker_close().
 */
struct checker {
	struct checker_options options;
	struct process process;
	struct vm_id vm;
	struct tracer *tracer;
	struct slotscope_error no_tracer;
	struct slot_log log;
	struct recording_writer *writer;
	struct kernel_view kernel;
	bool have_kernel;
	int64_t sample_ms; /* when the sample was begun */
	size_t nr_as;
};

/**
 * checker_open() - take hold of the process and begin to trace
 *
 * The process need not have a VM yet. That it cannot be traced is no error
 * here: TRACED is then unread.
 */
int checker_open(struct checker *checker, const struct checker_options *options,
		 struct slotscope_error *err);

/** checker_close() - end tracing, finish the recording */
int checker_close(struct checker *checker, struct slotscope_error *err);

/**
 * checker_resume() - let a process go on that has stopped itself
 *
 * Waits until it has: SIGCONT would be lost on one that is only about to.
 *
 * Return: 0, -ESRCH, or -ETIMEDOUT if it did not stop.
 */
int checker_resume(struct checker *checker, struct slotscope_error *err);

/**
 * checker_wait_vm() - gather events until the process has a VM
 *
 * Return: 0; or what find_vm() says when the process ends without one, a signal
 * comes, or it takes longer than half a minute.
 */
int checker_wait_vm(struct checker *checker, struct slotscope_error *err);

/** checker_wait() - gather events for @ms; ends early when the process does */
int checker_wait(struct checker *checker, int ms, struct slotscope_error *err);

/**
 * checker_sample() - read all views at one moment
 * @sample: sample_deinit() it after 0
 *
 * Return: 0; or, without anything read, why the VM was not found, or why there
 * is no way to read what the kernel holds.
 */
int checker_sample(struct checker *checker, struct sample *sample,
		   struct slotscope_error *err);

#endif
