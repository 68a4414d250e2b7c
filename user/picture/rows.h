/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boxes that overlap, put beside each other. Pure. */
#ifndef SLOTSCOPE_PICTURE_ROWS_H
#define SLOTSCOPE_PICTURE_ROWS_H

#include "picture/lanes.h"

/**
 * rows_of_boxes() - give each a row: the first behind all that it lies behind
 * @boxes: from front to back; afterwards by row, then ascending
 * @first: the lowest row that there is to be
 * @end:   out: one more than the highest; @first without boxes
 *
 * Return: 0 or -ENOMEM.
 */
int rows_of_boxes(struct lane_box *boxes, size_t nr, unsigned int first,
		  unsigned int *end);

#endif
