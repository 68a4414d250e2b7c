/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shortest way from one sequence to another. Pure. */
#ifndef SLOTSCOPE_BASE_SEQUENCE_DIFF_H
#define SLOTSCOPE_BASE_SEQUENCE_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct sequence - numbers in a row: what is equal has the same number
 * @kept: for each, set by sequence_diff(): it stands in both
 */
struct sequence {
	const uint32_t *ids;
	bool *kept;
	size_t nr;
};

/**
 * sequence_diff() - find what two sequences have in common, in order
 * @shortest: set: no more could be kept. Of two that have next to nothing in
 *	      common the search ends early, and it is not known
 *
 * What is kept of @a is, one by one, what is kept of @b. What both begin with, and then
 * what both end with, is always kept. By Myers, "An O(ND) Difference Algorithm and Its
 * Variations" (1986), in linear space.
 *
 * Return: 0 or -ENOMEM.
 */
int sequence_diff(const struct sequence *a, const struct sequence *b,
		  bool *shortest);

#endif
