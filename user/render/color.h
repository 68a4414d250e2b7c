/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Colours. They mean the same wherever they are, and nothing is told by one alone. */
#ifndef RENDER_COLOR_H
#define RENDER_COLOR_H

#include <stddef.h>

#include <slotscope/check.h>

enum color {
	COLOR_NONE,
	COLOR_GOOD,  /* agrees, works */
	COLOR_BAD,   /* a mismatch, does not work */
	COLOR_DOUBT, /* cannot be told */
	COLORS,
};

/** color_of_kind() - of findings; notes have none */
enum color color_of_kind(enum finding_kind kind);

/** color_on() - what stands before coloured text: "" where there are no colours */
const char *color_on(enum color color);

/** color_off() - what stands behind it */
const char *color_off(enum color color);

/** color_scols() - as libsmartcols calls it; NULL: none */
const char *color_scols(enum color color);

/** color_width() - columns of text that color_on() and color_off() may stand in */
size_t color_width(const char *text);

#endif
