/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RENDER_SUMMARY_H
#define RENDER_SUMMARY_H

#include <stdio.h>

#include "logs/summary.h"
#include "view/stack.h"

/**
 * render_summary() - as tables: by kind, VM (if there are several), caller, errno
 * @stacks: that callers are named by, each printed once below; NULL: none
 *
 * Return: 0 or -ENOMEM.
 */
int render_summary(FILE *out, const struct summary *summary,
		   struct stack_table *stacks);

/** render_summary_json() - one document: Documentation/json.md */
int render_summary_json(FILE *out, const struct summary *summary,
			struct stack_table *stacks);

#endif
