/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slotscope vm --explain and --step: who listens to the story, and waits. */
#ifndef SLOTSCOPE_VMM_VM_EXPLAIN_H
#define SLOTSCOPE_VMM_VM_EXPLAIN_H

#include <stdbool.h>

struct memory_model;

enum explain_how {
	EXPLAIN_ALL,	 /* each step, and a summary behind the last */
	EXPLAIN_STEP,	 /* the same, and wait before each step but the first */
	EXPLAIN_SUMMARY, /* the summary alone */
};

/**
 * explain_start() - tell the creation path on standard output from now on
 *
 * With EXPLAIN_STEP a line on standard input is waited for: what it means is in
 * render/story_book.h. The end of the input is as "c".
 *
 * While it waits, SIGINT and SIGTERM end the story; they stay pending, for
 * whoever runs the VM. They must be blocked by then.
 */
void explain_start(enum explain_how how);

/** explain_built() - in JSON, tell the tree that was made; no thread changes it now */
void explain_built(const struct memory_model *model);

/** explain_stop() - tell nothing any more, but the summary if it was not told yet */
void explain_stop(void);

#endif
