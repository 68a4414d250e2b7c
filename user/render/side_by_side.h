/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RENDER_SIDE_BY_SIDE_H
#define RENDER_SIDE_BY_SIDE_H

#include <stdbool.h>
#include <stdio.h>

/**
 * struct side_by_side - two texts to print beside each other
 * @left:        lines; NULL counts as none
 * @right:       likewise
 * @left_title:  printed above
 * @right_title: likewise
 * @differing:   leave out the lines that are the same
 */
struct side_by_side {
	const char *left;
	const char *right;
	const char *left_title;
	const char *right_title;
	bool differing;
};

/**
 * render_side_by_side() - print two texts, equal lines on one row
 *
 * Between the two stands "|" if a line differs, "<" or ">" if only the left or
 * the right has it. Unprintable bytes are shown as text_clean() does.
 *
 * Return: 0 or -ENOMEM.
 */
int render_side_by_side(FILE *out, const struct side_by_side *texts);

#endif
