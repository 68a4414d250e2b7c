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

size_t scale_find(const struct scale *scale, uint64_t addr)
{
	size_t low = 0, high = scale->nr, at;

	while (low < high) {
		at = low + (high - low) / 2;
		if (addr > scale->pieces[at].last)
			low = at + 1;
		else
			high = at;
	}
	return low < scale->nr && scale->pieces[low].first <= addr ? low :
								     scale->nr;
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

/* What goes to pieces of weights up to @upto of @all, of @spare: no unit is lost */
static uint64_t share(uint64_t spare, uint64_t upto, uint64_t all)
{
	return spare * upto / all;
}

uint64_t scale_fit(struct scale *scale, uint64_t total, uint64_t least)
{
	const uint64_t need = scale->nr * least;
	const uint64_t spare = total > need ? total - need : 0;
	uint64_t all = 0, upto = 0, at = 0, before;
	struct scale_piece *piece;

	for (piece = scale->pieces; piece < scale->pieces + scale->nr; piece++)
		all += piece->hole ? 0 : scale_weight(piece);
	for (piece = scale->pieces; piece < scale->pieces + scale->nr;
	     piece++) {
		before = upto;
		upto += piece->hole ? 0 : scale_weight(piece);
		piece->at = at;
		piece->width = least;
		if (all)
			piece->width += share(spare, upto, all) -
					share(spare, before, all);
		at += piece->width;
	}
	return at;
}

uint64_t scale_at(const struct scale *scale, uint64_t addr)
{
	const struct scale_piece *piece;
	size_t at = scale_find(scale, addr);
	uint64_t size;

	if (at == scale->nr)
		return 0;
	piece = &scale->pieces[at];
	addr -= piece->first;
	size = piece->last - piece->first;
	/* so that the product fits */
	for (; size >> 32; size >>= 1)
		addr >>= 1;
	return piece->at + (size ? addr * piece->width / size : 0);
}
