/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slotscope vm --explain and --step: who listens to the story, and waits. */
#ifndef SLOTSCOPE_VMM_VM_EXPLAIN_H
#define SLOTSCOPE_VMM_VM_EXPLAIN_H

#include <stdbool.h>

struct memory_model;

/**
 * explain_start() - tell the creation path on standard output from now on
 * @step: wait before each step but the first, for a line on standard input:
 *	  "c" and a newline: no more waiting; "q": end; else: the next step. The
 *	  end of the input is as "c"
 *
 * While it waits, SIGINT and SIGTERM end the story; they stay pending, for
 * whoever runs the VM. They must be blocked by then.
 */
void explain_start(bool step);

/** explain_built() - in JSON, tell the tree that was made; no thread changes it now */
void explain_built(const struct memory_model *model);

/** explain_stop() - tell nothing any more */
void explain_stop(void);

#endif
