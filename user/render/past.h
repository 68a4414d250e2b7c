/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a recording had of a VM's past, in words and as JSON */
#ifndef RENDER_PAST_H
#define RENDER_PAST_H

#include <stdio.h>

#include "logs/past.h"

struct json_object;

/**
 * struct told_past - all is borrowed
 * @file:    the recording
 * @why:     why it was not looked into; NULL: it was
 * @past:    what came of that
 * @now_ns:  CLOCK_MONOTONIC at
 * @real_ns: this CLOCK_REALTIME; 0: not known
 */
struct told_past {
	const char *file;
	const char *why;
	struct past past;
	uint64_t now_ns;
	uint64_t real_ns;
};

/** render_past() - a line or two; nothing if @told is NULL */
void render_past(FILE *out, const struct told_past *told);

/** past_to_json() - Documentation/json.md has it; NULL: out of memory */
struct json_object *past_to_json(const struct told_past *told);

#endif
