/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The story of the creation path on one page: how it went, and how things stand then. */
#ifndef RENDER_EXPLAIN_SUMMARY_H
#define RENDER_EXPLAIN_SUMMARY_H

#include <stdio.h>

#include "narrate/narrate.h"

struct explain_counted;
struct explain_object;

/** struct explain_summary - what was told so far; zero is nothing. All is private */
struct explain_summary {
	unsigned int nr_steps;
	unsigned int nr_calls;
	struct explain_counted *functions;
	size_t nr_functions;
	size_t cap_functions;
	struct explain_counted *requests;
	size_t nr_requests;
	size_t cap_requests;
	struct explain_object *objects;
	size_t nr_objects;
	size_t cap_objects;
	bool nomem;
};

/** explain_summary_add() - one event of the story */
void explain_summary_add(struct explain_summary *summary,
			 const struct narrate_event *event);

/**
 * explain_summary_print() - each function by its first step, requests, what there is
 *
 * Of structures those that a VM is made of: RAMBlocks, AddressSpaces and KVMSlots with
 * their members as they are by now, the others by number.
 *
 * Return: 0; -ENOMEM: then it is not whole, and says so.
 */
int explain_summary_print(FILE *out, const struct explain_summary *summary);
void explain_summary_deinit(struct explain_summary *summary);

#endif
