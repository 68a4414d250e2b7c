// SPDX-License-Identifier: GPL-2.0-or-later
/* The compressed scale: pieces without a gap, none too small to be seen */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "picture/scale.h"

#define KiB 1024ULL
#define MiB (1024 * KiB)
#define GiB (1024 * MiB)

static struct scale made(const struct scale_range *ranges, size_t nr,
			 uint64_t first, uint64_t last)
{
	struct scale scale;

	assert_int_equal(scale_make(ranges, nr, first, last, &scale), 0);
	/* without a gap, from the first byte to the last */
	assert_true(scale.nr > 0);
	assert_true(scale.pieces[0].first == first);
	assert_true(scale.pieces[scale.nr - 1].last == last);
	for (size_t i = 1; i < scale.nr; i++)
		assert_true(scale.pieces[i].first ==
			    scale.pieces[i - 1].last + 1);
	return scale;
}

static void assert_pieces(const struct scale *scale, const char *want)
{
	char got[512] = "";
	size_t len = 0;

	for (size_t i = 0; i < scale->nr; i++)
		len += snprintf(got + len, sizeof(got) - len, "%s%llx%s",
				i ? " " : "",
				(unsigned long long)scale->pieces[i].first,
				scale->pieces[i].hole ? "." : "");
	assert_string_equal(got, want);
}

static void cut_at_each_edge(void **unused)
{
	const struct scale_range ranges[] = { { 0x8000, 0xffff },
					      { 0, 0x3fff },
					      { 0x1000, 0x1fff },
					      { 0x2000, 0x2fff } };
	struct scale scale = made(ranges, 4, 0, 0x1ffff);

	assert_pieces(&scale, "0 1000 2000 3000 4000. 8000 10000.");
	scale_deinit(&scale);
}

/* What lies outside is not there; what reaches out is cut */
static void within_a_zoom(void **unused)
{
	const struct scale_range ranges[] = { { 0, 0x3fff },
					      { 0x5000, 0x5fff },
					      { 0x7000, UINT64_MAX } };
	struct scale scale = made(ranges, 3, 0x2000, 0x7fff);

	assert_pieces(&scale, "2000 4000. 5000 6000. 7000");
	scale_deinit(&scale);
}

static void nothing_and_all(void **unused)
{
	const struct scale_range all = { 0, UINT64_MAX };
	struct scale scale = made(NULL, 0, 0, UINT64_MAX);

	assert_pieces(&scale, "0.");
	scale_deinit(&scale);
	scale = made(&all, 1, 0, UINT64_MAX);
	assert_pieces(&scale, "0");
	scale_deinit(&scale);
}

static unsigned int weight(uint64_t size)
{
	return scale_weight(&(struct scale_piece){ .last = size - 1 });
}

static void one_more_for_each_doubling(void **unused)
{
	struct scale_piece hole = { .last = 64 * GiB - 1, .hole = true };

	assert_int_equal(weight(1), 1);
	assert_int_equal(weight(4 * KiB), 1);
	assert_int_equal(weight(8 * KiB), 2);
	assert_int_equal(weight(64 * GiB), 25);
	assert_int_equal(scale_weight(&hole), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_at_each_edge),
		cmocka_unit_test(within_a_zoom),
		cmocka_unit_test(nothing_and_all),
		cmocka_unit_test(one_more_for_each_doubling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
