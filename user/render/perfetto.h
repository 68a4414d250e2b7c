/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RENDER_PERFETTO_H
#define RENDER_PERFETTO_H

#include <stdio.h>

#include "logs/timeline.h"
#include "view/stack.h"

/**
 * render_perfetto() - a time line in the Trace Event Format, which ui.perfetto.dev and
 *		       chrome://tracing show
 * @stacks: that requests name; NULL: none
 * @lost:   events that are missing, by reason
 *
 * The object form: each VM, each process and what is lost is a process; slots, vCPUs and
 * threads are its threads. What is no process of Linux has a pid that none can have.
 */
void render_perfetto(FILE *out, const struct timeline *timeline,
		     const struct stack_table *stacks,
		     const struct slot_lost *lost);

#endif
