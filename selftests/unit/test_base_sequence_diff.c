// SPDX-License-Identifier: GPL-2.0-or-later
/* What two sequences have in common, held against the table that tells it surely */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/sequence_diff.h"

#define MOST 40

struct pair {
	uint32_t a[MOST], b[MOST];
	bool kept_a[MOST], kept_b[MOST];
	size_t nr_a, nr_b;
};

/* The longest that both have, by dynamic programming */
static size_t longest(const struct pair *p)
{
	size_t best[MOST + 1][MOST + 1] = {};

	for (size_t i = 1; i <= p->nr_a; i++) {
		for (size_t j = 1; j <= p->nr_b; j++) {
			size_t up = best[i - 1][j], left = best[i][j - 1];

			best[i][j] = p->a[i - 1] == p->b[j - 1] ?
					     best[i - 1][j - 1] + 1 :
				     up > left ? up :
						 left;
		}
	}
	return best[p->nr_a][p->nr_b];
}

/* Compares, and demands that what is kept of both is the same; returns how much */
static size_t compared(struct pair *p)
{
	const struct sequence a = { p->a, p->kept_a, p->nr_a };
	const struct sequence b = { p->b, p->kept_b, p->nr_b };
	size_t i = 0, j = 0, nr = 0;
	bool shortest = false;

	memset(p->kept_a, 0xff, sizeof(p->kept_a));
	assert_int_equal(sequence_diff(&a, &b, &shortest), 0);
	assert_true(shortest);
	for (;;) {
		while (i < p->nr_a && !p->kept_a[i])
			i++;
		while (j < p->nr_b && !p->kept_b[j])
			j++;
		if (i == p->nr_a || j == p->nr_b)
			break;
		assert_int_equal(p->a[i++], p->b[j++]);
		nr++;
	}
	assert_int_equal(i, p->nr_a);
	assert_int_equal(j, p->nr_b);
	return nr;
}

static uint32_t next(uint32_t *state)
{
	*state = *state * 1103515245 + 12345;
	return *state >> 16;
}

static void random_pairs(void **unused)
{
	struct pair p;
	uint32_t state = 1;

	(void)unused;
	for (int round = 0; round < 20000; round++) {
		uint32_t kinds = 1 + next(&state) % 6;

		p.nr_a = next(&state) % (MOST + 1);
		p.nr_b = next(&state) % (MOST + 1);
		for (size_t i = 0; i < p.nr_a; i++)
			p.a[i] = next(&state) % kinds;
		for (size_t i = 0; i < p.nr_b; i++)
			p.b[i] = next(&state) % kinds;
		assert_int_equal(compared(&p), longest(&p));
	}
}

/* One that is the begin of the other, is kept as its begin; likewise its end */
static void begins_and_ends(void **unused)
{
	struct pair p = { .a = { 1, 2 }, .nr_a = 2, .b = { 1, 2, 1, 2, 3 } };

	(void)unused;
	p.nr_b = 5;
	assert_int_equal(compared(&p), 2);
	assert_true(p.kept_b[0] && p.kept_b[1]);
	p = (struct pair){
		.a = { 1, 2 }, .nr_a = 2, .b = { 3, 1, 2, 1, 2 }, .nr_b = 5
	};
	assert_int_equal(compared(&p), 2);
	assert_true(p.kept_b[3] && p.kept_b[4]);
}

/* Two long ones with nothing in common end soon, and say what they do not know */
static void gives_up(void **unused)
{
	enum { NR = 20000 };
	uint32_t *ids = calloc(2 * NR, sizeof(*ids));
	bool *kept = calloc(2 * NR, sizeof(*kept));
	struct sequence a = { ids, kept, NR }, b = { ids + NR, kept + NR, NR };
	size_t nr_a = 0, nr_b = 0;
	bool shortest = true;

	(void)unused;
	assert_true(ids && kept);
	for (uint32_t i = 0; i < 2 * NR; i++)
		ids[i] = i;
	/* one that both have, far from where either begins */
	ids[NR / 2] = 7000000;
	ids[NR + NR / 2] = 7000000;
	assert_int_equal(sequence_diff(&a, &b, &shortest), 0);
	assert_false(shortest);
	for (size_t i = 0; i < NR; i++) {
		nr_a += a.kept[i];
		nr_b += b.kept[i];
	}
	assert_int_equal(nr_a, nr_b);
	free(ids);
	free(kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_pairs),
		cmocka_unit_test(begins_and_ends),
		cmocka_unit_test(gives_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
