/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TRACE_RECORDING_NOTES_H
#define TRACE_RECORDING_NOTES_H

#include "trace/tracer.h"

/**
 * recording_notes() - the notes of a recording that a tracer's events go to
 *
 * A "filter", "events" for each class asked for, and a "hook" for each that is used.
 * @report: NULL: it is by ptrace
 *
 * Return: to be freed by the caller; NULL without memory: a recording does without.
 */
char *recording_notes(const struct tracer_options *options,
		      const struct tracer_report *report);

#endif
