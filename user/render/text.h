/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text for people. What a VMM or a file says of itself may hold anything:
 * only printable ASCII gets out, so that nothing can move the cursor, and a
 * byte is a column. JSON has the names in full.
 */
#ifndef RENDER_TEXT_H
#define RENDER_TEXT_H

#include <stddef.h>
#include <stdio.h>

/* Nothing that is printed is as wide as this, but for JSON */
#define RENDER_COLUMNS 100

/**
 * text_clean() - make @src printable
 * @dst:  always ends in NUL
 * @size: of @dst, at least 1
 * @max:  most columns; what is longer ends in "..."
 *
 * A byte that is not printable ASCII becomes \HH (not \xHH: libsmartcols would
 * escape that once more).
 */
void text_clean(char *dst, size_t size, size_t max, const char *src);

/**
 * text_wrap() - print @text cleaned, in lines under RENDER_COLUMNS
 * @first:  printed before the first line, as it is
 * @indent: spaces before each further line
 *
 * A newline in @text begins a new line. What stands between backquotes is there to
 * be typed: it is never broken, however long.
 */
void text_wrap(FILE *out, const char *first, int indent, const char *text);

#endif
