/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RENDER_EVENTS_H
#define RENDER_EVENTS_H

#include <stdbool.h>
#include <stdio.h>

#include <slotscope/view.h>

#include "view/stack.h"

/** event_print() - what happened: no time, no thread, no end of line; not cleaned */
void event_print(FILE *out, const struct slot_event *event);

/**
 * render_event() - one event, on one line
 * @begin_ns: time 0 of the first column (CLOCK_MONOTONIC)
 * @name_vm:  say of which VM it is
 *
 * Slots read AS/ID GPA+SIZE @HVA FLAGS; sizes and addresses in hexadecimal.
 */
void render_event(FILE *out, const struct slot_event *event, uint64_t begin_ns,
		  bool name_vm);

/**
 * struct event_why - why a request was refused
 * @rule:  the one that it broke, for certain; NULL: not known
 * @words: in a sentence
 * @other: the slot in the way; of size 0: none, or not known
 * @made_ns: how long before it was made, by
 * @tid:   this thread; 0: not known
 */
struct event_why {
	const char *rule;
	const char *words;
	struct slot other;
	uint64_t made_ns;
	pid_t tid;
};

/**
 * render_event_json() - one event, one line
 * @why: of a request that was refused; or NULL
 */
void render_event_json(FILE *out, const struct slot_event *event,
		       const struct event_why *why);

#define EVENT_PRINTER_HELD 64

/**
 * struct event_printer - events as a table, each change under its request
 * @out: where to; may be changed at any time
 * @stacks: that requests name: each is printed under the first one that does. NULL:
 *	    none
 *
 * A log has changes before the request that made them, since that ends after
 * them, and what others did may lie between. A change waits here for its request
 * (slot_event.call), and all that comes after it waits with it, so that the
 * changes of a VM stay in order. It waits no longer than until something shows
 * that the request will not come, or for EVENT_PRINTER_HELD events. Which VM an
 * event is of is said once there has been a second one.
 *
 * All zero but for @out is a new one. The rest is private.
 */
struct event_printer {
	FILE *out;
	struct stack_table *stacks;
	bool begun;
	uint64_t begin_ns;
	uint64_t vm;  /* the first one's serial */
	bool several; /* there was another one */
	pid_t probed; /* who came by the last probe */
	struct slot_event held[EVENT_PRINTER_HELD];
	bool waits[EVENT_PRINTER_HELD];
	char *why[EVENT_PRINTER_HELD];
	size_t nr;
};

/**
 * event_printer_put() - print an event, now or later; the header before the first
 * @why: of a request that was refused, why; or NULL. Copied
 */
void event_printer_put(struct event_printer *printer,
		       const struct slot_event *event, const char *why);

/** event_printer_flush() - print what waits: there will be no more */
void event_printer_flush(struct event_printer *printer);

#endif
