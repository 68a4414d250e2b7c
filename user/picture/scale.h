/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A compressed scale of addresses, on which 4 KiB and 64 GiB can both be seen: it is
 * cut wherever something begins or ends, and a piece is as wide as the logarithm of
 * its size. Pure.
 */
#ifndef SLOTSCOPE_PICTURE_SCALE_H
#define SLOTSCOPE_PICTURE_SCALE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct scale_piece - from one edge to the next
 * @first: first byte
 * @last:  last byte
 * @hole:  nothing is there: to be drawn as a break, of the least width
 */
struct scale_piece {
	uint64_t first;
	uint64_t last;
	bool hole;
};

/** struct scale - pieces without a gap between them, ascending; zero is empty */
struct scale {
	struct scale_piece *pieces;
	size_t nr;
};

/** struct scale_range - something that is to be seen, from @first to @last */
struct scale_range {
	uint64_t first;
	uint64_t last;
};

/**
 * scale_make() - cut all from @first to @last at the edges of ranges
 * @ranges: in any order, and may overlap; what none of them covers is a hole
 * @out:    scale_deinit() it after 0
 *
 * Return: 0 or -ENOMEM.
 */
int scale_make(const struct scale_range *ranges, size_t nr, uint64_t first,
	       uint64_t last, struct scale *out);
void scale_deinit(struct scale *scale);

/**
 * scale_weight() - how wide a piece wants to be, beside others
 *
 * 1 up to a page of 4 KiB, and one more for each doubling: 25 for 64 GiB. A hole is 1.
 */
unsigned int scale_weight(const struct scale_piece *piece);

#endif
