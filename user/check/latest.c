// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ranges are cut at each other's ends. The later ones are painted first, so each
 * stretch is painted once; over the stretches stands a tree of maxima.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check/latest.h"

struct latest_point {
	uint32_t as_id; /* one past the last address space, too */
	gpa_t gpa;
};

static int by_place(const void *a, const void *b)
{
	const struct latest_point *x = a;
	const struct latest_point *y = b;

	if (x->as_id != y->as_id)
		return x->as_id < y->as_id ? -1 : 1;
	return (x->gpa > y->gpa) - (x->gpa < y->gpa);
}

static struct latest_point end_of(const struct latest_range *range)
{
	if (range->last == UINT64_MAX)
		return (struct latest_point){ range->as_id + 1U, 0 };
	return (struct latest_point){ range->as_id, range->last + 1 };
}

/* How many points are at or before a place */
static size_t upto(const struct latest *latest, struct latest_point place)
{
	size_t high = latest->nr;
	size_t low = 0;
	size_t mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (by_place(&latest->points[mid], &place) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void set_points(struct latest *latest, const struct latest_range *ranges,
		       size_t nr)
{
	struct latest_point *points = latest->points;
	size_t kept = 0;

	for (size_t i = 0; i < nr; i++) {
		points[2 * i] =
			(struct latest_point){ ranges[i].as_id, ranges[i].gpa };
		points[2 * i + 1] = end_of(&ranges[i]);
	}
	if (nr)
		qsort(points, 2 * nr, sizeof(*points), by_place);
	for (size_t i = 0; i < 2 * nr; i++) {
		if (!kept || by_place(&points[kept - 1], &points[i]))
			points[kept++] = points[i];
	}
	latest->nr = kept;
}

/* The first stretch from @at on that has no paint; shortens the way to it */
static size_t bare_from(size_t *next, size_t at)
{
	size_t end = at;
	size_t step;

	while (next[end] != end)
		end = next[end];
	for (; next[at] != end; at = step) {
		step = next[at];
		next[at] = end;
	}
	return end;
}

static void paint(struct latest *latest, const struct latest_range *ranges,
		  size_t nr, size_t *next)
{
	const struct latest_range **leaves = latest->tree + latest->nr;
	struct latest_point begin;
	size_t end;

	for (size_t i = 0; i <= latest->nr; i++)
		next[i] = i;
	for (size_t i = nr; i--;) {
		begin = (struct latest_point){ ranges[i].as_id, ranges[i].gpa };
		end = upto(latest, end_of(&ranges[i])) - 1;
		for (size_t at = bare_from(next, upto(latest, begin) - 1);
		     at < end; at = bare_from(next, at)) {
			leaves[at] = &ranges[i];
			next[at] = at + 1;
		}
	}
}

static const struct latest_range *later(const struct latest_range *a,
					const struct latest_range *b)
{
	if (!a || !b)
		return a ? a : b;
	return a->seq > b->seq ? a : b;
}

int latest_init(struct latest *latest, const struct latest_range *ranges,
		size_t nr)
{
	size_t *next;

	memset(latest, 0, sizeof(*latest));
	latest->points = calloc(2 * nr + 1, sizeof(*latest->points));
	latest->tree = calloc(4 * nr + 2, sizeof(*latest->tree));
	next = calloc(2 * nr + 2, sizeof(*next));
	if (!latest->points || !latest->tree || !next) {
		free(next);
		return -ENOMEM;
	}
	set_points(latest, ranges, nr);
	paint(latest, ranges, nr, next);
	for (size_t i = latest->nr; i-- > 1;)
		latest->tree[i] =
			later(latest->tree[2 * i], latest->tree[2 * i + 1]);
	free(next);
	return 0;
}

void latest_deinit(struct latest *latest)
{
	free(latest->points);
	free(latest->tree);
	memset(latest, 0, sizeof(*latest));
}

static const struct latest_range *find(const struct latest *latest,
				       uint16_t as_id, gpa_t gpa, gpa_t last)
{
	const struct latest_range *found = NULL;
	size_t begin = upto(latest, (struct latest_point){ as_id, gpa });
	size_t end = upto(latest, (struct latest_point){ as_id, last });

	/* what is before the first point is nothing */
	begin = latest->nr + (begin ? begin - 1 : 0);
	end += latest->nr;
	for (; begin < end; begin /= 2, end /= 2) {
		if (begin & 1)
			found = later(found, latest->tree[begin++]);
		if (end & 1)
			found = later(found, latest->tree[--end]);
	}
	return found;
}

void *latest_find(const struct latest *latest, uint16_t as_id, gpa_t gpa,
		  gpa_t last)
{
	const struct latest_range *found = find(latest, as_id, gpa, last);

	return found ? found->item : NULL;
}

uint64_t latest_seq(const struct latest *latest, uint16_t as_id, gpa_t gpa,
		    gpa_t last)
{
	const struct latest_range *found = find(latest, as_id, gpa, last);

	return found ? found->seq : 0;
}
