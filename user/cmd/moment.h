/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLOTSCOPE_CMD_MOMENT_H
#define SLOTSCOPE_CMD_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/recording.h"

/**
 * struct moment - a time in a recording, as a user names it
 * @kind:    which of the others holds; MOMENT_END: all of it
 * @ns:	     after its first event, as trace counts; or of CLOCK_REALTIME
 */
struct moment {
	enum { MOMENT_END, MOMENT_AFTER, MOMENT_CLOCK } kind;
	uint64_t ns;
};

/**
 * moment_parse() - "12.5"; or "2026-11-29 10:00:00.25", "10:00" (today), local time
 *
 * Return: 0, or -EINVAL with @err filled.
 */
int moment_parse(const char *text, struct moment *moment,
		 struct slotscope_error *err);

/** moment_after_ms() - negative: MOMENT_END */
struct moment moment_after_ms(int ms);

/**
 * moment_ns() - as CLOCK_MONOTONIC
 * @first_ns: of the first event
 *
 * Return: 0, or a negative errno: -ENODATA where nothing tells of the clock.
 */
int moment_ns(const struct moment *moment, uint64_t first_ns,
	      const struct recording_info *info, uint64_t *ns,
	      struct slotscope_error *err);

#endif
