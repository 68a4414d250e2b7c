/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The views of VMs: opened once, read as often as they are checked. */
#ifndef SLOTSCOPE_SESSION_CHECKER_H
#define SLOTSCOPE_SESSION_CHECKER_H

#include <stdbool.h>
#include <stdio.h>

#include <slotscope/error.h>
#include <slotscope/view.h>

#include "check/sample.h"
#include "host/process.h"
#include "qemu/model_tree.h"
#include "session/child.h"
#include "session/kernel_view.h"
#include "session/past_file.h"
#include "session/vms.h"
#include "trace/recording.h"
#include "trace/tracer.h"

struct expected;
struct given;

/**
 * struct checker_options - what to look at, and how
 * @pid:      the VMM, or who makes it; 0 with a @child
 * @child:    a command that was started and has not been let go; NULL without
 * @command:  its name, for messages
 * @name:     which of several VMs: all that fit
 * @fd:	      the same by any of a VM's descriptors in @pid; -1: not by that
 * @now:      there must be a VM of @pid already
 * @brief:    there will be one look, at once
 * @qmp:      address of its monitor; NULL to find it
 * @expect:   what MODEL is read from, borrowed; NULL: the VMM is asked
 * @given:    files that have views, borrowed; NULL: none
 * @no_trace: do without TRACED
 * @no_model: do without MODEL
 * @stage2:   look at KVM's page tables, too
 * @classes:  TRACER_CLASS_*: events to trace beside requests and changes
 * @record:   file to write events to; NULL for none. Its numbers are its own: it does
 *	      not go with @history
 * @history:  a recording that may have the VMs' past; NULL: none
 * @history_is_default: nobody named it: that it is not there, or no use, is no error
 * @verbose:  say more on standard error
 * @notes:    where to say what is waited for, if that takes a while; NULL: nowhere
 */
struct checker_options {
	pid_t pid;
	struct child *child;
	const char *command;
	struct vm_name name;
	int fd;
	bool now;
	bool brief;
	const char *qmp;
	const struct expected *expect;
	const struct given *given;
	bool no_trace;
	bool no_model;
	bool stage2;
	unsigned int classes;
	const char *record;
	const char *history;
	bool history_is_default;
	bool verbose;
	FILE *notes;
};

/**
 * struct checker - the ways to the views of the VMs of one process or command
 * @root:    the process, or that of the command
 * @vms:     the VMs, as of the last checker_look()
 * @process: whose VM was sampled last,
 * @vm:	     which VM that is
 * @log:     what was traced so far
 * @told:    what the VMM told of its MemoryRegion tree, in the last sample
 *
 * The rest is private. checker_open(), checker_close().
 */
struct checker {
	struct checker_options options;
	struct process root;
	uint64_t since; /* clock ticks: what @root makes from then on */
	struct session_vms vms;
	struct process process;
	struct vm_id vm;
	struct tracer *tracer;
	struct slotscope_error no_tracer;
	struct slot_log log;
	struct model_told told;
	struct recording_writer *writer;
	struct past_file past;
	uint64_t traced_ns; /* all is traced since, */
	uint64_t there_ns;  /* and these VMs were there */
	uint64_t first_seq; /* of what is traced, less 1 */
	struct kernel_view kernel;
	bool have_kernel;
	int64_t sample_ms; /* when the sample was begun */
};

/**
 * checker_open() - take hold of the process and begin to trace
 *
 * The process need not have a VM yet, but for @now. That it cannot be traced is
 * no error here: TRACED is then unread.
 *
 * Return: 0; with @now -ENOENT if there is no VM that is meant.
 */
int checker_open(struct checker *checker, const struct checker_options *options,
		 struct slotscope_error *err);

/** checker_abandon_recording() - nothing was traced: keep what the file had */
void checker_abandon_recording(struct checker *checker);

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

/** followed_left() - is there a process that is followed? @tracer may be NULL */
bool followed_left(struct tracer *tracer);

/** checker_alive() - is anything there that could have a VM, now or later? */
bool checker_alive(struct checker *checker);

/**
 * checker_look() - find the VMs that are there now
 *
 * Return: how many of them are meant; or a negative errno, if that could not be
 * learnt.
 */
int checker_look(struct checker *checker, struct slotscope_error *err);

/** checker_wants() - is this one there, and meant? */
bool checker_wants(const struct checker *checker, const struct session_vm *vm);

/**
 * checker_none() - say that no VM is there that is meant, and why
 *
 * Return: -ENOENT.
 */
int checker_none(struct checker *checker, struct slotscope_error *err);

/**
 * checker_wait_vm() - gather events until there is a VM that is meant
 *
 * Return: 0; -ENOENT when all ended without one, it has gone already, or it takes
 * longer than half a minute; -EINTR at a signal; or what checker_look() says.
 */
int checker_wait_vm(struct checker *checker, struct slotscope_error *err);

/** checker_wait() - gather events for @ms; ends early when all have ended */
int checker_wait(struct checker *checker, int ms, struct slotscope_error *err);

#define CHECKER_GONE 1

/**
 * checker_sample() - read all views of a VM at one moment
 * @place:  of the VM in @vms, which may grow meanwhile
 * @sample: sample_deinit() it after 0
 *
 * Return: 0; or, without anything read, CHECKER_GONE if the process that had the
 * VM has ended, or a negative errno: why it cannot be looked at, or there is no way
 * to read what the kernel holds.
 */
int checker_sample(struct checker *checker, size_t place, struct sample *sample,
		   struct slotscope_error *err);

/**
 * checker_learn_gone() - learn of VMs that were gone before anybody looked at them
 *
 * Of a process that has ended, from what was traced. Return: 0 or a negative errno.
 */
int checker_learn_gone(struct checker *checker, struct slotscope_error *err);

/**
 * checker_story() - what happened to the VM that was sampled last
 * @out:  what was recorded of it, then what was traced; the caller deinits it, also after
 *	  an error. Numbers are those of the recording, and go on from there
 * @past: what came of the recording
 *
 * Return: 1; 0 if there is no recording, or nothing to be said of it: @out is empty then,
 * and checker->log is all; or a negative errno.
 */
int checker_story(const struct checker *checker, struct slot_log *out,
		  struct past *past, struct slotscope_error *err);

/**
 * checker_died() - did the VMM of a VM die of a request that was refused, or of a vCPU
 * that could not go on for what memory is?
 * @place:  of the VM in @vms
 * @sample: what was seen of it; sample_deinit() it after 1
 *
 * How it ended is known of the command itself; of a process that was only looked
 * at, that it has; of what a command started, nothing: then nothing is said.
 *
 * Return: 1 if so, 0 if not, or a negative errno.
 */
int checker_died(struct checker *checker, size_t place, struct sample *sample,
		 struct slotscope_error *err);

#endif
