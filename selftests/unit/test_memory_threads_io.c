// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Readers of a view of many leaves, which share devices that come and go. What a
 * reader asks must not have been destroyed, a view must stay in order while leaves
 * of it are shared with newer ones, and what is kept for a while must stay as it
 * was. Build with SAN=thread to have the accesses watched.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "memory_make.h"

#define COMMITS 4000
#define READERS 2
#define FIXED	300
#define STRIDE	0x2000ull

/* A device; it says so if it is asked after it is gone */
struct device {
	atomic_bool gone;
	atomic_bool asked_late;
};

struct race {
	struct address_space *as;
	atomic_bool stop;
	atomic_uint wrong;
	atomic_uint reads;
	atomic_uint answers; /* of devices that come and go */
};

static enum memtx_result device_read(void *opaque, uint64_t addr,
				     unsigned int size, uint64_t *data)
{
	struct device *device = opaque;

	if (device->gone)
		device->asked_late = true;
	*data = 0x5a;
	return MEMTX_OK;
}

static const struct memory_region_ops device_ops = { .read = device_read };

static void device_gone(void *opaque)
{
	((struct device *)opaque)->gone = true;
}

/* What dispatch finds at an address; 0 for nothing */
static uintptr_t found_at(const struct flat_view *view, gpa_t addr)
{
	struct memory_region_section section;

	if (!flat_view_find_section(view, addr, &section))
		return 0;
	return (uintptr_t)section.region + section.offset_within_address_space;
}

/* Of all the view, place by place: it must not change while the view is held */
static uint64_t hash_of_dispatch(const struct flat_view *view)
{
	uint64_t hash = 0;
	gpa_t at;

	for (at = 0; at < FIXED * STRIDE; at += STRIDE / 2)
		hash = (hash ^ found_at(view, at)) * 0x100000001b3;
	return hash;
}

/* In order, without overlap, as many as it says, each found by its own edges */
static void check_walk(struct race *race, const struct flat_view *view)
{
	const struct flat_range *range;
	memory_size_t end = 0;
	size_t nr = 0;

	flat_view_for_each(range, view) {
		if (range->addr < end ||
		    flat_view_lookup(view, range->addr) != range ||
		    flat_view_lookup(view, range->addr + range->size - 1) !=
			    range)
			race->wrong++;
		if (found_at(view, range->addr) !=
			    (uintptr_t)range->region + range->addr ||
		    found_at(view, range->addr + range->size - 1) !=
			    (uintptr_t)range->region + range->addr)
			race->wrong++;
		end = range->addr + range->size;
		nr++;
	}
	if (nr != flat_view_nr(view) || nr < FIXED || nr > FIXED + 1)
		race->wrong++;
}

static int is_there(void *opaque, const struct memory_region *region)
{
	return *memory_region_info(region)->name;
}

static void *reader(void *opaque)
{
	const struct flat_view *kept = NULL, *view;
	struct race *race = opaque;
	uint64_t hash = 0, dispatch = 0, at = 0;
	uint8_t byte;

	while (!race->stop) {
		view = address_space_get_flat_view(race->as);
		check_walk(race, view);
		if (kept && (flat_view_hash(kept, is_there, NULL) != hash ||
			     hash_of_dispatch(kept) != dispatch))
			race->wrong++;
		flat_view_unref(kept);
		kept = view;
		hash = flat_view_hash(kept, is_there, NULL);
		dispatch = hash_of_dispatch(kept);
		for (unsigned int i = 0; i < 50; i++) {
			at = (at + 7919) % (FIXED * 2);
			byte = 0;
			if (address_space_read(race->as, at * STRIDE / 2, &byte,
					       1) == MEMTX_OK) {
				race->wrong += byte != 0x5a;
				race->answers += at & 1;
			} else if (!(at & 1)) {
				race->wrong++;
			}
		}
		race->reads++;
	}
	flat_view_unref(kept);
	return NULL;
}

static struct memory_region *make_device(struct memory_model *model,
					 struct device *device)
{
	struct memory_region *region;

	MUST(memory_region_create_io(model, "device", 0x1000, &device_ops,
				     device, &region, &error));
	memory_region_set_destructor(region, device_gone, device);
	return region;
}

static void test_devices_come_and_go(void **state)
{
	struct memory_model *model = make_model();
	struct device fixed = { 0 };
	struct device *passing = calloc(COMMITS, sizeof(*passing));
	struct memory_region *system, *region;
	struct race race = { 0 };
	pthread_t threads[READERS];
	unsigned int i, late = 0, left = 0;

	assert_non_null(passing);
	system = make_container(model, "system", MEMORY_SIZE_2_64);
	race.as = make_as(model, "as", system);
	memory_model_begin(model);
	for (i = 0; i < FIXED; i++)
		map(system, i * STRIDE, 0, make_device(model, &fixed));
	MUST(memory_model_commit(model, &error));
	for (i = 0; i < READERS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, reader, &race), 0);
	for (i = 0; i < COMMITS; i++) {
		region = make_device(model, &passing[i]);
		map(system, i * 31 % FIXED * STRIDE + STRIDE / 2, 0, region);
		memory_region_unref(region);
		/* Now and then let somebody look at it before it goes */
		for (unsigned int seen = race.reads;
		     i % 64 == 0 && race.reads < seen + READERS;)
			sched_yield();
		unmap(system, region);
	}
	race.stop = true;
	for (i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	/* What readers dropped last goes with the next change */
	memory_model_begin(model);
	MUST(memory_model_commit(model, &error));
	for (i = 0; i < COMMITS; i++) {
		late += passing[i].asked_late;
		left += !passing[i].gone;
	}
	assert_int_equal(late, 0);
	assert_int_equal(left, 0);
	assert_int_equal(race.wrong, 0);
	assert_true(race.answers);
	memory_model_destroy(model);
	free(passing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_devices_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
