/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How text looks where it goes: how wide, in colours or not. What prints asks here;
 * the program says it once, before anything is printed.
 */
#ifndef RENDER_STYLE_H
#define RENDER_STYLE_H

#include <stdbool.h>

/**
 * struct render_style - how to print
 * @columns: no line of text is wider
 * @wide:    tables are not cut to that
 * @color:   use colours
 * @raw:     tables are for scripts: nothing is aligned or cut, keys stand above them
 * @pretty:  JSON is broken into lines, and indented
 */
struct render_style {
	unsigned int columns;
	bool wide;
	bool color;
	bool raw;
	bool pretty;
};

/* Where nobody says otherwise: 100 columns, plain */
extern struct render_style render_style;

#endif
