/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All VMs of this machine, followed: traced, listed, and looked at in turn. What comes
 * of it is a struct top.
 */
#ifndef SLOTSCOPE_SESSION_OVERVIEW_H
#define SLOTSCOPE_SESSION_OVERVIEW_H

#include <stdbool.h>

#include <slotscope/error.h>

#include "check/refusals.h"
#include "logs/top.h"
#include "session/kernel_view.h"
#include "trace/tracer.h"

/**
 * struct overview - overview_open(), overview_close()
 * @top:       what is known of the VMs
 * @tracer:    NULL: @no_tracer says why
 * @requests:  of VMMs are seen, also those that fail
 * @changes:   of slots are seen
 * @unseen:    processes that could not be looked into, or have no pid here
 * @at_ns:     CLOCK_MONOTONIC of the last frame
 * @nr_looked: VMs that were looked at in it
 * @limits:    what this kernel allows; of no @page_size if that is not known
 * @details:   for the caller to set: looks take in what KVM has beside the slots,
 *	       which the module alone tells, and which takes a while
 *
 * The rest is private.
 */
struct overview {
	struct top top;
	struct tracer *tracer;
	struct slotscope_error no_tracer;
	bool requests;
	bool changes;
	size_t unseen;
	uint64_t at_ns;
	size_t nr_looked;
	bool details;
	struct request_limits limits;
	struct refusals refusals;
	struct kernel_view kernel;
	int64_t look_ms; /* when the look that is under way was begun */
};

/**
 * overview_open() - find ways to list VMs and to read their slots; begin to trace
 *
 * @brief: there will be one frame, at once
 *
 * Refusals are held against the rules: top_refused().
 *
 * That nothing can be traced is no error: then less is compared.
 *
 * Return: 0, or a negative errno if there is no way to read slots.
 */
int overview_open(struct overview *o, bool brief, bool verbose,
		  struct slotscope_error *err);
void overview_close(struct overview *o);

/** overview_gather() - take the events that are there; 0 or negative */
int overview_gather(struct overview *o, struct slotscope_error *err);

/** overview_wait() - gather events for so long, or up to a signal; 0 or negative */
int overview_wait(struct overview *o, int ms, struct slotscope_error *err);

/**
 * overview_frame() - list the VMs, and look at those that have waited longest
 * @budget_ms: no further look is begun after that; there is one at least
 *
 * A look costs what `check --no-model` does of one VM. One that fails is told by the
 * VM's verdict.
 *
 * Return: 0 or a negative errno.
 */
int overview_frame(struct overview *o, int budget_ms,
		   struct slotscope_error *err);

#endif
