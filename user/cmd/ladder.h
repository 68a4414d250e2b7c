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

#endif
