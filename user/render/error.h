/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RENDER_ERROR_H
#define RENDER_ERROR_H

#include <stdio.h>

#include <slotscope/error.h>

/** render_error_text() - "slotscope: tried: why", and what to do on a new line */
void render_error_text(FILE *out, const struct slotscope_error *err);

/** render_notice_json() - one line: {"notice": text} */
void render_notice_json(FILE *out, const char *text);

/** render_error_json() - one line: {"error": {"code", "tried", "why", "next"}} */
void render_error_json(FILE *out, const struct slotscope_error *err);

#endif
