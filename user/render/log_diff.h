/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RENDER_LOG_DIFF_H
#define RENDER_LOG_DIFF_H

#include <stdio.h>

#include "logs/diff.h"

/**
 * struct log_file - what one of two logs came from
 * @name: of the file
 * @kind: "a recording", "another tool's text"
 */
struct log_file {
	const char *name;
	const char *kind;
};

/** render_log_diff() - as a text: what differs, the events around it, what was left out */
void render_log_diff(FILE *out, const struct log_diff *diff,
		     const struct log_file files[LOG_SIDES]);

/** render_log_diff_json() - as Documentation/json.md describes it */
void render_log_diff_json(FILE *out, const struct log_diff *diff,
			  const struct log_file files[LOG_SIDES],
			  int exit_status);

#endif
