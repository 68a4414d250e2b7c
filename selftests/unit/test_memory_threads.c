// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Readers against a thread that commits. Two regions change places in each
 * commit: a reader must see them in one order or the other, never one of them
 * twice or not at all. Build with SAN=thread to have the accesses watched.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "memory_make.h"

#define COMMITS 20000
#define READERS 3

struct race {
	struct address_space *as;
	atomic_bool stop;
	atomic_uint wrong;
	atomic_uint reads;
	_Atomic pthread_t writer; /* one reader writes: guest RAM has no locks */
};

static void check_view(struct race *race)
{
	const struct flat_view *view = address_space_get_flat_view(race->as);
	const struct flat_range *low = flat_view_lookup(view, 0);
	const struct flat_range *high = flat_view_lookup(view, 0x1000);
	struct memory_region_section section;
	const struct flat_range *range;
	size_t n = 0;

	flat_view_for_each(range, view) {
		n++;
		/* Dispatch is of the same moment as the ranges */
		if (!flat_view_find_section(view, range->addr, &section) ||
		    section.region != range->region ||
		    section.size != range->size)
			race->wrong++;
	}
	if (flat_view_find_section(view, 0x2000, &section) !=
	    flat_view_find_section(view, 0x20ff, &section))
		race->wrong++;
	if (!low || !high || low->region == high->region ||
	    n != flat_view_nr(view))
		race->wrong++;
	flat_view_unref(view);
}

static void check_read(struct race *race)
{
	char buf[2];

	if (address_space_read(race->as, 0xfff, buf, 2) != MEMTX_OK ||
	    (memcmp(buf, "ab", 2) && memcmp(buf, "ba", 2)))
		race->wrong++;
}

/* Into one of the two, or dropped if that is read-only now */
static void check_write(struct race *race, char c)
{
	unsigned int r = address_space_write(race->as, 0x1800, &c, 1);

	if (r != MEMTX_OK && r != MEMTX_DECODE_ERROR)
		race->wrong++;
}

static void check_mapping(struct race *race)
{
	struct memory_mapping m;

	if (address_space_map(race->as, 0x10, 1, false, &m)) {
		race->wrong++;
		return;
	}
	if (*(char *)m.host != 'a' && *(char *)m.host != 'b')
		race->wrong++;
	address_space_unmap(&m, 0);
}

static void *reader(void *opaque)
{
	struct race *race = opaque;
	pthread_t nobody = 0;

	atomic_compare_exchange_strong(&race->writer, &nobody, pthread_self());
	while (!race->stop) {
		check_view(race);
		check_read(race);
		check_mapping(race);
		if (race->writer == pthread_self())
			check_write(race, 'w');
		race->reads++;
	}
	return NULL;
}

static void test_readers(void **state)
{
	struct memory_model *model = make_model();
	struct ram_block_options options = { 0 };
	struct memory_region *system, *a, *b, *extra;
	struct race race = { 0 };
	pthread_t threads[READERS];
	char *host = malloc(0x2000);
	unsigned int i;

	memset(host, 'a', 0x1000);
	memset(host + 0x1000, 'b', 0x1000);
	system = make_container(model, "system", MEMORY_SIZE_2_64);
	race.as = make_as(model, "as", system);
	options.host = host;
	MUST(memory_region_create_ram(model, "a", 0x1000, &options, &a,
				      &error));
	options.host = host + 0x1000;
	MUST(memory_region_create_ram(model, "b", 0x1000, &options, &b,
				      &error));
	memory_model_begin(model);
	map(system, 0, 0, a);
	map(system, 0x1000, 0, b);
	/* In one page with what comes and goes */
	map(system, 0x2800, 0, make_io(model, "fixed", 0x80));
	MUST(memory_model_commit(model, &error));
	for (i = 0; i < READERS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, reader, &race), 0);
	for (i = 0; i < COMMITS || race.reads < 100; i++) {
		memory_model_begin(model);
		MUST(memory_region_set_address(a, i % 2 ? 0 : 0x1000, &error));
		MUST(memory_region_set_address(b, i % 2 ? 0x1000 : 0, &error));
		MUST(memory_model_commit(model, &error));
		/* And one that comes and goes, with its region */
		extra = make_io(model, "extra", 0x100);
		map(system, 0x2000, 0, extra);
		memory_region_unref(extra);
		unmap(system, extra);
		/* What readers go by, changing under them */
		MUST(memory_region_set_readonly(a, i & 1, &error));
		MUST(memory_region_set_log(b, !(i & 1), &error));
	}
	race.stop = true;
	for (i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(race.wrong, 0);
	memory_model_destroy(model);
	free(host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_readers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
