// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Out of memory at every allocation: the call says -ENOMEM, the model is as it
 * was, nobody was told anything, and the same call works once there is memory.
 * The linker wraps the allocators (selftests/Makefile).
 */
#include <stdlib.h>

#include "memory_make.h"
#include "memory_random.h"

/* How many allocations succeed before one fails; negative: all do */
static long left = -1;

void *__real_malloc(size_t size);
void *__real_calloc(size_t nr, size_t size);
void *__real_reallocarray(void *old, size_t nr, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t nr, size_t size);
void *__wrap_reallocarray(void *old, size_t nr, size_t size);
char *__wrap_strdup(const char *text);

static bool fails(void)
{
	return left >= 0 && !left--;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t nr, size_t size)
{
	return fails() ? NULL : __real_calloc(nr, size);
}

void *__wrap_reallocarray(void *old, size_t nr, size_t size)
{
	return fails() ? NULL : __real_reallocarray(old, nr, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

static uint64_t hash_of(struct address_space *as)
{
	const struct flat_view *view = address_space_get_flat_view(as);
	struct memory_region_section section;
	const struct flat_range *range;
	uint64_t hash = 0;

	flat_view_for_each(range, view) {
		/* Dispatch must not have changed without its view either */
		assert_true(
			flat_view_find_section(view, range->addr, &section));
		assert_ptr_equal(section.region, range->region);
		assert_true(section.size == range->size);
		hash = (hash ^ range->addr ^ (uint64_t)range->size ^
			(uintptr_t)range->region ^
			range->offset_in_region << 8 ^ range->readonly ^
			range->dirty_log_mask << 1) *
		       0x100000001b3;
	}
	flat_view_unref(view);
	return hash;
}

static void same_as_oracle(struct oracle *o, struct address_space *as)
{
	const struct flat_view *view = address_space_get_flat_view(as);
	const struct flat_range *range;
	size_t n = 0;

	if (oracle_render(o, address_space_root(as))) {
		assert_int_equal(flat_view_nr(view), o->nr);
		flat_view_for_each(range, view) {
			assert_ptr_equal(range->region, o->ranges[n].region);
			assert_true(range->addr == o->ranges[n].addr);
			assert_true(range->size == o->ranges[n].size);
			n++;
		}
	}
	flat_view_unref(view);
}

/* Fail the first, second, ... allocation, until the call gets through */
static unsigned long try_call(struct twin *twin, const struct call *call)
{
	struct slotscope_error err = { 0 };
	uint64_t before[NR_AS], told;
	unsigned long failed = 0;
	unsigned int i;
	int r;

	for (i = 0; i < NR_AS; i++)
		before[i] = hash_of(twin->as[i]);
	for (;; failed++) {
		told = twin->belief[0].nr_begins;
		left = failed;
		r = do_call(twin, call, &err);
		left = -1;
		if (r != -ENOMEM)
			return failed;
		assert_int_equal(err.code, ENOMEM);
		assert_int_equal(twin->belief[0].nr_begins, told);
		for (i = 0; i < NR_AS; i++)
			assert_true(hash_of(twin->as[i]) == before[i]);
	}
}

static void test_no_memory(void **state)
{
	static struct oracle oracle;
	static struct twin twin;
	unsigned long failed = 0;
	uint64_t random, seed;
	struct call call;
	unsigned int i, n;

	for (seed = 1; seed <= 8; seed++) {
		MUST(make_twin(&twin, seed % 2, seed % 4 == 0, &error));
		random = seed;
		for (n = 0; n < 1000; n++) {
			random_call(&random, &call);
			/* Their table has its own way to tell; no replacing */
			if (call.kind == CALL_REPLACE)
				continue;
			note_stale(&twin, &call);
			failed += try_call(&twin, &call);
			MUST(nudge(&twin, &error));
			for (i = 0; i < NR_AS && !twin.depth; i++)
				same_as_oracle(&oracle, twin.as[i]);
		}
		free_twin(&twin);
	}
	free(oracle.ranges);
	/* It did fail, often */
	assert_true(failed > 1000);
}

static void test_create(void **state)
{
	struct ram_block_options ram = { .hva = 0x1000 };
	struct memory_model *model;
	struct memory_region *region;
	struct address_space *as;
	struct memory_listener *listener;
	static const struct memory_listener_ops ops;
	int r;

#define UNTIL_OK(call)                                   \
	do {                                             \
		long n_ = 0;                             \
		do {                                     \
			left = n_++;                     \
			r = call;                        \
			left = -1;                       \
			assert_true(!r || r == -ENOMEM); \
		} while (r);                             \
		assert_true(n_ > 1);                     \
	} while (0)

	UNTIL_OK(memory_model_create(NULL, &model, &error));
	UNTIL_OK(memory_region_create_ram(model, "ram", 0x1000, &ram, &region,
					  &error));
	UNTIL_OK(memory_region_set_owner(region, "a", "b", &error));
	UNTIL_OK(memory_region_add_coalescing(region, 0, 1, &error));
	UNTIL_OK(address_space_create(model, "as", region, &as, &error));
	UNTIL_OK(memory_listener_register(as, "l", 0, &ops, NULL, &listener,
					  &error));
	memory_model_destroy(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_create),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
