/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One VM as it is looked at: what the producers are given. */
#ifndef SLOTSCOPE_SESSION_SUBJECT_H
#define SLOTSCOPE_SESSION_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <slotscope/error.h>
#include <slotscope/view.h>

#include "host/process.h"
#include "session/kernel_view.h"
#include "trace/tracer.h"

struct given;
struct model_told;

/**
 * struct expected - a file with the slots that there should be
 * @name: what it is called in messages; borrowed
 * @text: of it (view/slots_text.h). Kept: a pipe can be read once, and a VM is
 *	  read many times
 * @unended: its last line was not taken, as no newline ends it
 */
struct expected {
	const char *name;
	char *text;
	bool unended;
};

/**
 * struct subject - a VM, and the means to look at it
 * @process:   who has it
 * @vm:	       which it is there
 * @nr_as:     address spaces that KVM has for it; 0: not known yet
 * @slots:     what KERNEL said in the try under way; NULL: nothing yet. BACKING is
 *	       read for their sake
 * @owns_memory: backing_probe() found that the slots' host addresses are @process's
 * @qmp:       address of its monitor; NULL to find it
 * @stage2:    KVM's page tables are to be looked at, too
 * @expect:    the slots that there should be; NULL without
 * @given:     files that have views; NULL without
 * @notes:     for what a producer says by the way; NULL for none
 * @told:      gets what a QEMU told of its tree; NULL: nobody wants it
 * @kernel:    the way to KVM's slots
 * @tracer:    NULL without one: @no_tracer says why
 * @log:       what was traced so far
 * @catch_up:  has @log hold all that has happened by now; gets @owner
 *
 * All is borrowed.
 */
struct subject {
	const struct process *process;
	struct vm_id vm;
	size_t nr_as;
	const struct slot_state *slots;
	bool owns_memory;
	const char *qmp;
	bool stage2;
	const struct expected *expect;
	const struct given *given;
	FILE *notes;
	struct model_told *told;
	const struct kernel_view *kernel;
	struct tracer *tracer;
	const struct slotscope_error *no_tracer;
	const struct slot_log *log;
	int (*catch_up)(void *owner, struct slotscope_error *err);
	void *owner;
};

#endif
