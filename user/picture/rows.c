// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "picture/rows.h"

/* From one edge to the next: the first row that is free */
struct column {
	uint64_t first;
	unsigned int free;
};

static int by_first(const void *a, const void *b)
{
	const struct column *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

static int by_row(const void *a, const void *b)
{
	const struct lane_box *x = a, *y = b;

	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	return (x->first > y->first) - (x->first < y->first);
}

/* The edges of all boxes, each once */
static size_t columns_of(const struct lane_box *boxes, size_t nr,
			 unsigned int first, struct column *columns)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < nr; i++) {
		columns[n++] = (struct column){ boxes[i].first, first };
		if (boxes[i].last != UINT64_MAX)
			columns[n++] =
				(struct column){ boxes[i].last + 1, first };
	}
	qsort(columns, n, sizeof(*columns), by_first);
	for (size_t i = 0; i < n; i++)
		if (!kept || columns[kept - 1].first != columns[i].first)
			columns[kept++] = columns[i];
	return kept;
}

static size_t column_at(const struct column *columns, size_t nr, uint64_t addr)
{
	size_t low = 0, high = nr, at;

	while (low < high) {
		at = low + (high - low) / 2;
		if (columns[at].first < addr)
			low = at + 1;
		else
			high = at;
	}
	return low;
}

static void put(struct lane_box *box, struct column *columns, size_t nr)
{
	const size_t from = column_at(columns, nr, box->first);
	size_t to = from;

	for (; to < nr && columns[to].first <= box->last; to++)
		if (columns[to].free > box->row)
			box->row = columns[to].free;
	for (size_t i = from; i < to; i++)
		columns[i].free = box->row + 1;
}

int rows_of_boxes(struct lane_box *boxes, size_t nr, unsigned int first,
		  unsigned int *end)
{
	struct column *columns = malloc((2 * nr + 1) * sizeof(*columns));
	size_t nr_columns;

	*end = first;
	if (!columns)
		return -ENOMEM;
	nr_columns = columns_of(boxes, nr, first, columns);
	for (size_t i = 0; i < nr; i++) {
		boxes[i].row = first;
		put(&boxes[i], columns, nr_columns);
		if (boxes[i].row >= *end)
			*end = boxes[i].row + 1;
	}
	if (nr)
		qsort(boxes, nr, sizeof(*boxes), by_row);
	free(columns);
	return 0;
}
