/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLOTSCOPE_BASE_GROW_H
#define SLOTSCOPE_BASE_GROW_H

#include <stdlib.h>

/**
 * grown() - an array with room for one more
 * @items: the array, from malloc() or NULL
 * @nr:	   how many it has
 * @cap:   for how many there is room; raised if need be
 * @size:  of one
 *
 * Return: the array, moved perhaps; NULL if memory ran out: then @items stays.
 */
static inline void *grown(void *items, size_t nr, size_t *cap, size_t size)
{
	size_t more;

	if (nr < *cap)
		return items;
	more = *cap ? *cap * 2 : 16;
	items = reallocarray(items, more, size);
	if (items)
		*cap = more;
	return items;
}

#endif
