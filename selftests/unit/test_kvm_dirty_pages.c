// SPDX-License-Identifier: GPL-2.0-or-later
/* Which pages are dirty, for whom: against a plain array of flags. */
#include <stdlib.h>
#include <string.h>

#include "kvm/dirty_pages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define PAGES 331 /* no whole words */

static struct ram_block block = {
	.idstr = "ram",
	.used_length = PAGES * 4096,
	.max_length = PAGES * 4096,
};

static void keeps_clients_apart(void **state)
{
	const uint64_t bits[] = { 0x8000000000000001, 0x6 };
	struct dirty_pages dirty = {};
	uint64_t page = 0;

	assert_int_equal(dirty_pages_count(&dirty, DIRTY_MEMORY_VGA, &block),
			 0);
	assert_int_equal(
		dirty_pages_next(&dirty, DIRTY_MEMORY_VGA, &block, &page), 0);
	assert_int_equal(dirty_pages_set(&dirty,
					 DIRTY_MEMORY_VGA |
						 DIRTY_MEMORY_MIGRATION,
					 &block, 7, bits, 67),
			 0);
	assert_int_equal(dirty_pages_count(&dirty, DIRTY_MEMORY_VGA, &block),
			 4);
	assert_int_equal(dirty_pages_count(&dirty, DIRTY_MEMORY_CODE, &block),
			 0);
	dirty_pages_clear(&dirty, DIRTY_MEMORY_VGA, &block);
	assert_int_equal(dirty_pages_count(&dirty, DIRTY_MEMORY_VGA, &block),
			 0);
	/* 7; 70; 72 and 73: bits 0, 63, 65, 66 */
	assert_int_equal(dirty_pages_next(&dirty, DIRTY_MEMORY_MIGRATION,
					  &block, &page),
			 1);
	assert_int_equal(page, 7);
	page = 8;
	assert_int_equal(dirty_pages_next(&dirty, DIRTY_MEMORY_MIGRATION,
					  &block, &page),
			 1);
	assert_int_equal(page, 70);
	page = 71;
	assert_int_equal(dirty_pages_next(&dirty, DIRTY_MEMORY_MIGRATION,
					  &block, &page),
			 2);
	assert_int_equal(page, 72);
	page = 74;
	assert_int_equal(dirty_pages_next(&dirty, DIRTY_MEMORY_MIGRATION,
					  &block, &page),
			 0);
	dirty_pages_deinit(&dirty);
}

static void random_runs(void **state)
{
	struct dirty_pages dirty = {};
	bool want[PAGES] = {};
	uint64_t bits[8], first, nr, page, run, i;
	int round, w;

	srandom(1009);
	for (round = 0; round < 5000; round++) {
		first = random() % (PAGES + 50);
		nr = random() % 400;
		for (w = 0; w < 8; w++)
			bits[w] = (uint64_t)random() << 40 & random();
		assert_int_equal(dirty_pages_set(&dirty, DIRTY_MEMORY_MIGRATION,
						 &block, first, bits, nr),
				 0);
		for (i = 0; i < nr; i++)
			if (first + i < PAGES && bits[i / 64] >> i % 64 & 1)
				want[first + i] = true;
		if (round % 7)
			continue;
		for (page = i = 0;
		     (run = dirty_pages_next(&dirty, DIRTY_MEMORY_MIGRATION,
					     &block, &page));
		     page += run) {
			for (; i < page; i++)
				assert_false(want[i]);
			for (; i < page + run; i++)
				assert_true(want[i]);
		}
		for (; i < PAGES; i++)
			assert_false(want[i]);
		dirty_pages_clear(&dirty, DIRTY_MEMORY_MIGRATION, &block);
		memset(want, 0, sizeof(want));
	}
	dirty_pages_deinit(&dirty);
}

/* A DIMM was taken out, and another block came to lie at its address */
static void forgets_another_block(void **state)
{
	const uint64_t bits[PAGES / 64 + 1] = { ~0ULL, ~0ULL };
	struct ram_block other = block;
	struct dirty_pages dirty = {};

	assert_int_equal(dirty_pages_set(&dirty, DIRTY_MEMORY_MIGRATION, &other,
					 0, bits, 128),
			 0);
	other.max_length = 4096;
	assert_int_equal(
		dirty_pages_count(&dirty, DIRTY_MEMORY_MIGRATION, &other), 0);
	assert_int_equal(dirty_pages_set(&dirty, DIRTY_MEMORY_MIGRATION, &other,
					 0, bits, 128),
			 0);
	assert_int_equal(
		dirty_pages_count(&dirty, DIRTY_MEMORY_MIGRATION, &other), 1);
	dirty_pages_deinit(&dirty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_clients_apart),
		cmocka_unit_test(random_runs),
		cmocka_unit_test(forgets_another_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
