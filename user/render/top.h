/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RENDER_TOP_H
#define RENDER_TOP_H

#include <stdbool.h>
#include <stdio.h>

#include "logs/top.h"
#include "render/table.h"

/**
 * struct top_frame - what slotscope top shows at a time
 * @top:       as of this frame
 * @sort:      in which order
 * @at_ns:     CLOCK_MONOTONIC of the frame, and
 * @now_ns:    ... of now: the ages of looks are of that
 * @real_ns:   CLOCK_REALTIME of now
 * @clock:     the same for people
 * @nr_looked: VMs that were looked at in this frame
 * @unseen:    processes that could not be looked into
 * @requests:  of VMMs are seen, and
 * @changes:   of slots
 * @why:       why not, if nothing is; NULL: slotscope doctor tells
 */
struct top_frame {
	const struct top *top;
	enum top_sort sort;
	uint64_t at_ns;
	uint64_t now_ns;
	uint64_t real_ns;
	const char *clock;
	size_t nr_looked;
	size_t unseen;
	bool requests;
	bool changes;
	const char *why;
};

/* The columns of that, for table_choose(); and their keys, for completion */
#define TOP_COLUMNS 13
#define TOP_COLUMN_KEYS                                         \
	",pid command fd state slots memory rate failed vcpus " \
	"age verdict vmm name"
extern const struct table_column top_columns[TOP_COLUMNS];

/**
 * render_top() - for people; 0 or -ENOMEM
 *
 * In lines of at most 80 columns, if nobody chose others.
 */
int render_top(FILE *out, const struct top_frame *frame);

/** render_top_json() - as one document; 0 or -ENOMEM */
int render_top_json(FILE *out, const struct top_frame *frame);

#endif
