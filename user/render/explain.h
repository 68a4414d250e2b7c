/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The story of the creation path, for people and in JSON. */
#ifndef RENDER_EXPLAIN_H
#define RENDER_EXPLAIN_H

#include <stdbool.h>
#include <stdio.h>

#include "narrate/narrate.h"
#include "qemu/model_tree.h"

/**
 * struct explain - what has been told so far; zero but for the first two
 * @out:     where to; the caller flushes it
 * @verbose: do not sum up requests that repeat
 * @time_ns: CLOCK_MONOTONIC of the event that is told; for JSON
 * @objects: what has a number in JSON, by address; explain_deinit() frees them
 */
struct explain {
	FILE *out;
	bool verbose;
	uint64_t time_ns;
	void *objects;
	uint64_t nr_objects;
	unsigned int nr; /* the step of the last line */
	/* Requests that were not shown, since they are like the one before */
	char request[48];
	unsigned int step, shown, more;
	long results[4];
	unsigned int times[4];
};

/**
 * explain_text() - tell an event, in lines under render_style.columns
 *
 * A step's explanation comes with the first of its kind. Of requests that repeat
 * within a step only the first two are shown, and the rest counted.
 */
void explain_text(struct explain *e, const struct narrate_event *event);

/** explain_json() - tell an event, as an object on a line; see json.md */
void explain_json(struct explain *e, const struct narrate_event *event);

/** explain_tree_json() - the tree that was made, with the numbers of its regions */
void explain_tree_json(struct explain *e, const struct model_tree *tree);

void explain_deinit(struct explain *e);

#endif
