// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "picture/scale.h"

#define PAGE_BITS 12

/* Something begins before @addr, or has ended */
struct edge {
	uint64_t addr;
	int change;
};

static int by_addr(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	return (x->addr > y->addr) - (x->addr < y->addr);
}

/* The edges within, and how many ranges hold @first already */
static size_t collect(const struct scale_range *ranges, size_t nr,
		      uint64_t first, uint64_t last, struct edge *edges,
		      long *begun)
{
	size_t n = 0;

	*begun = 0;
	for (size_t i = 0; i < nr; i++) {
		if (ranges[i].last < first || ranges[i].first > last)
			continue;
		if (ranges[i].first <= first)
			++*begun;
		else
			edges[n++] = (struct edge){ ranges[i].first, 1 };
		if (ranges[i].last < last)
			edges[n++] = (struct edge){ ranges[i].last + 1, -1 };
	}
	qsort(edges, n, sizeof(*edges), by_addr);
	return n;
}

int scale_make(const struct scale_range *ranges, size_t nr, uint64_t first,
	       uint64_t last, struct scale *out)
{
	struct edge *edges = malloc((2 * nr + 1) * sizeof(*edges));
	struct scale_piece *piece;
	size_t nr_edges;
	long covered;

	*out = (struct scale){ .pieces = calloc(2 * nr + 1,
						sizeof(*out->pieces)) };
	if (!edges || !out->pieces) {
		free(edges);
		scale_deinit(out);
		return -ENOMEM;
	}
	nr_edges = collect(ranges, nr, first, last, edges, &covered);
	piece = out->pieces;
	*piece = (struct scale_piece){ .first = first, .hole = !covered };
	for (size_t i = 0; i < nr_edges; i++) {
		covered += edges[i].change;
		if (edges[i].addr != piece->first) {
			piece->last = edges[i].addr - 1;
			*++piece =
				(struct scale_piece){ .first = edges[i].addr };
		}
		piece->hole = !covered;
	}
	piece->last = last;
	out->nr = piece + 1 - out->pieces;
	free(edges);
	return 0;
}

void scale_deinit(struct scale *scale)
{
	free(scale->pieces);
	*scale = (struct scale){};
}

unsigned int scale_weight(const struct scale_piece *piece)
{
	uint64_t pages = (piece->last - piece->first) >> PAGE_BITS;
	unsigned int weight = 1;

	if (piece->hole)
		return 1;
	/* of a size that is no power of 2 the next one counts */
	for (; pages; pages >>= 1)
		weight++;
	return weight;
}
