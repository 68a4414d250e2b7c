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

/* No text is as wide as this where nobody says how wide it may be */
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
 * text_fill() - print @text cleaned, in lines of at most @columns
 * @first:  printed before the first line, as it is
 * @indent: spaces before each further line
 *
 * A newline in @text begins a new line; blanks behind it indent that line, and those
 * that it is broken into, by so many more. What stands between backquotes is there to
 * be typed: it is never broken, however long.
 */
void text_fill(FILE *out, const char *first, int indent, unsigned int columns,
	       const char *text);

/**
 * text_prose() - paragraphs, under render_style.columns, and drawings as they are
 * @text: lines that follow each other are one paragraph; one that begins with a blank
 *	  is a drawing's, or a table's: it stays
 *
 * Return: 0 or -ENOMEM.
 */
int text_prose(FILE *out, const char *first, const char *text);

/** text_wrap() - the same in lines under render_style.columns */
void text_wrap(FILE *out, const char *first, int indent, const char *text);

#endif
