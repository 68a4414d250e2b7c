/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ladder: each way to do each of the tracer's jobs, and what became of it here. */
#ifndef SLOTSCOPE_CMD_LADDER_H
#define SLOTSCOPE_CMD_LADDER_H

#include "trace/tracer.h"

/**
 * ladder_print() - print it, as text or JSON, in place of what would be traced
 *
 * Jobs that nobody asked for are left out: nothing of theirs was tried.
 */
void ladder_print(const struct tracer_report *report);

#define LADDER_COST 64

/**
 * ladder_cost() - "310ns a run, of 12", of a hook that was measured; else ""
 * @buf: LADDER_COST bytes
 *
 * In its programs alone, as the kernel counts it (BPF_ENABLE_STATS), while the hook was
 * tried on a VM of our own. The way there and back, a trap or a trampoline, is not in it.
 */
const char *ladder_cost(char *buf, const struct tracer_hook *hook);

#endif
