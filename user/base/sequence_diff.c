// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "base/sequence_diff.h"

/* So many differences are looked for between two points; then what was found will do */
#define MAX_COST 2048

/* What is left of both between two points that are on the way */
struct box {
	size_t a, a_end;
	size_t b, b_end;
};

/*
 * Diagonal k holds the points where the place in a is that in b, plus k. @reach is how
 * far a path of so many differences gets on each, counted in a; -1: not on it.
 * @forward is from the box's begin, @reverse from its end, backwards.
 */
struct search {
	const struct sequence *a, *b;
	long *forward;
	long *reverse;
	bool shortest;
};

struct point {
	size_t a, b;
};

static bool equal_at(const struct search *s, const struct box *box, long x,
		     long y, bool backwards)
{
	if (backwards)
		return s->a->ids[box->a_end - 1 - x] ==
		       s->b->ids[box->b_end - 1 - y];
	return s->a->ids[box->a + x] == s->b->ids[box->b + y];
}

/* One difference further onto diagonal @k, and along it while both are equal */
static long extend(const struct search *s, const struct box *box,
		   const long *reach, long k, bool backwards)
{
	long n = box->a_end - box->a, m = box->b_end - box->b;
	long from_a = reach[k - 1], from_b = reach[k + 1];
	long x = -1;

	if (from_a >= 0 && from_a < n)
		x = from_a + 1;
	if (from_b > x && from_b - k <= m)
		x = from_b;
	while (x >= 0 && x < n && x - k < m &&
	       equal_at(s, box, x, x - k, backwards))
		x++;
	return x;
}

/* Has the path on @k of @ours come to where one of @theirs has been? */
static bool met(const struct box *box, const long *ours, const long *theirs,
		long k)
{
	long n = box->a_end - box->a, m = box->b_end - box->b;
	long other =
		n - m - k; /* the same diagonal, counted from the other end */

	return ours[k] >= 0 && other >= -m && other <= n &&
	       theirs[other] >= 0 && ours[k] + theirs[other] >= n;
}

/* The point furthest from the begin that so many differences lead to */
static struct point furthest(const struct box *box, const long *reach,
			     long from, long to)
{
	struct point best = { box->a, box->b };
	long sum = 0;

	for (long k = from; k <= to; k++) {
		if (reach[k] < 0 || 2 * reach[k] - k <= sum)
			continue;
		sum = 2 * reach[k] - k;
		best = (struct point){ box->a + reach[k],
				       box->b + reach[k] - k };
	}
	return best;
}

/*
 * A point in the middle of a shortest way: where a path from the begin meets one from
 * the end. Both sequences of the box have something, and begin and end differently.
 */
static struct point middle(struct search *s, const struct box *box)
{
	long n = box->a_end - box->a, m = box->b_end - box->b, delta = n - m;
	/* Diagonals from -m - 1 to n + 1: those at the rim stay -1 */
	long *forward = s->forward + m + 1, *reverse = s->reverse + m + 1;
	bool odd = delta & 1;

	for (long k = -m - 1; k <= n + 1; k++) {
		forward[k] = -1;
		reverse[k] = -1;
	}
	forward[0] = 0;
	reverse[0] = 0;
	for (long d = 1;; d++) {
		long from = d > m ? -m + ((d - m) & 1) : -d;
		long to = d > n ? n - ((d - n) & 1) : d;

		for (long k = from; k <= to; k += 2) {
			forward[k] = extend(s, box, forward, k, false);
			if (odd && met(box, forward, reverse, k))
				return (struct point){ box->a + forward[k],
						       box->b + forward[k] -
							       k };
		}
		for (long k = from; k <= to; k += 2) {
			reverse[k] = extend(s, box, reverse, k, true);
			if (!odd && met(box, reverse, forward, k))
				return (struct point){
					box->a_end - reverse[k],
					box->b_end - (reverse[k] - k)
				};
		}
		if (d == MAX_COST) {
			s->shortest = false;
			return furthest(box, forward, from, to);
		}
	}
}

static void keep(struct search *s, size_t a, size_t b)
{
	s->a->kept[a] = true;
	s->b->kept[b] = true;
}

static void walk(struct search *s, struct box box)
{
	struct point at;

	for (;;) {
		while (box.a < box.a_end && box.b < box.b_end &&
		       s->a->ids[box.a] == s->b->ids[box.b])
			keep(s, box.a++, box.b++);
		while (box.a < box.a_end && box.b < box.b_end &&
		       s->a->ids[box.a_end - 1] == s->b->ids[box.b_end - 1])
			keep(s, --box.a_end, --box.b_end);
		if (box.a == box.a_end || box.b == box.b_end)
			return;
		at = middle(s, &box);
		walk(s, (struct box){ box.a, at.a, box.b, at.b });
		box.a = at.a;
		box.b = at.b;
	}
}

int sequence_diff(const struct sequence *a, const struct sequence *b,
		  bool *shortest)
{
	struct search s = { .a = a, .b = b, .shortest = true };
	size_t diagonals = a->nr + b->nr + 3;

	for (size_t i = 0; i < a->nr; i++)
		a->kept[i] = false;
	for (size_t i = 0; i < b->nr; i++)
		b->kept[i] = false;
	s.forward = calloc(diagonals, 2 * sizeof(*s.forward));
	if (!s.forward)
		return -ENOMEM;
	s.reverse = s.forward + diagonals;
	walk(&s, (struct box){ 0, a->nr, 0, b->nr });
	free(s.forward);
	*shortest = s.shortest;
	return 0;
}
