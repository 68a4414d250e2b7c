// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The dispatch tree by itself. Its shape must be the one that the rules give for
 * a set of ranges, by whatever changes it came there; a change must make no more
 * nodes than it needs; and trees that it shares with must stay as they were.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "memory/flat_view.h"

#define MAX_RANGES 64 /* of random trees */
#define KEPT	   6

/* A tree, and what should be in it: sorted, without overlap */
struct expected {
	struct dispatch tree;
	struct flat_range ranges[MAX_RANGES];
	size_t nr;
};

static gpa_t last_of(const struct flat_range *range)
{
	return range->addr + (uint64_t)(range->size - 1);
}

/* Regions are only names here */
static struct flat_range make_range(gpa_t addr, memory_size_t size,
				    uintptr_t name)
{
	return (struct flat_range){ .region = (struct memory_region *)name,
				    .addr = addr,
				    .size = size };
}

static void assert_same(const struct flat_range *a, const struct flat_range *b)
{
	assert_ptr_equal(a->region, b->region);
	assert_true(a->addr == b->addr);
	assert_true(a->size == b->size);
}

/*
 * The rules of dispatch.h, for the part [first, last].
 *
 * Return: how many nodes there are.
 */
static size_t check_shape(const struct dispatch_entry *entry, gpa_t first,
			  gpa_t last, const struct flat_range *ranges,
			  size_t nr)
{
	const struct dispatch_node *node = (const void *)entry;
	unsigned int bits = DISPATCH_BITS, i;
	size_t nodes = 1;
	gpa_t slot;

	while (nr && last_of(ranges) < first) {
		ranges++;
		nr--;
	}
	while (nr && ranges[nr - 1].addr > last)
		nr--;
	if (nr < 2) {
		assert_true(!!entry == !!nr);
		if (!nr)
			return 0;
		assert_false(entry->is_node);
		assert_same(&((const struct dispatch_section *)entry)->range,
			    ranges);
		return 0;
	}
	assert_non_null(entry);
	assert_true(entry->is_node);
	if (ranges->addr > first)
		first = ranges->addr;
	if (last_of(&ranges[nr - 1]) < last)
		last = last_of(&ranges[nr - 1]);
	while (bits < 64 && first >> bits != last >> bits)
		bits += DISPATCH_BITS;
	assert_int_equal(entry->shift, bits - DISPATCH_BITS);
	slot = bits < 64 ? first >> bits << bits : 0;
	assert_true(node->base == slot);
	for (i = 0; i < DISPATCH_SLOTS; i++, slot += 1ull << entry->shift)
		nodes += check_shape(node->slots[i], slot,
				     slot + ((1ull << entry->shift) - 1),
				     ranges, nr);
	return nodes;
}

static const struct flat_range *holds(const struct flat_range *ranges,
				      size_t nr, gpa_t addr, bool or_behind)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (addr <= last_of(&ranges[i]))
			return or_behind || ranges[i].addr <= addr ?
				       &ranges[i] :
				       NULL;
	return NULL;
}

static void check_at(const struct expected *e, gpa_t addr)
{
	const struct flat_range *found = dispatch_lookup(&e->tree, addr);
	const struct flat_range *range = holds(e->ranges, e->nr, addr, false);

	assert_true(!!found == !!range);
	if (range)
		assert_same(found, range);
	found = dispatch_at_or_behind(&e->tree, addr);
	range = holds(e->ranges, e->nr, addr, true);
	assert_true(!!found == !!range);
	if (range)
		assert_same(found, range);
}

static void check_tree(const struct expected *e)
{
	size_t i;
	int k;

	check_shape(e->tree.root, 0, UINT64_MAX, e->ranges, e->nr);
	check_at(e, 0);
	check_at(e, UINT64_MAX);
	for (i = 0; i < e->nr; i++) {
		for (k = -1; k <= 1; k++) {
			check_at(e, e->ranges[i].addr + k);
			check_at(e, last_of(&e->ranges[i]) + k);
		}
	}
}

/* One of both is not in the other list; NULL at its end */
static int order(const struct flat_range *a, const struct flat_range *b)
{
	if (!a || !b)
		return a ? -1 : 1;
	if (a->addr != b->addr)
		return a->addr < b->addr ? -1 : 1;
	return a->region == b->region && a->size == b->size ? 0 : -1;
}

/* As a commit does: all that goes, then all that comes */
static void update_pass(struct dispatch *tree, const struct flat_range *was,
			size_t nr_was, const struct flat_range *is,
			size_t nr_is, bool adding)
{
	int o;

	while (nr_was || nr_is) {
		o = order(nr_was ? was : NULL, nr_is ? is : NULL);
		if (o < 0 && !adding)
			assert_int_equal(dispatch_erase(tree, was), 0);
		if (o > 0 && adding)
			assert_int_equal(dispatch_insert(tree, is), 0);
		if (o <= 0) {
			was++;
			nr_was--;
		}
		if (o >= 0) {
			is++;
			nr_is--;
		}
	}
}

static void update(struct dispatch *tree, const struct flat_range *was,
		   size_t nr_was, const struct flat_range *is, size_t nr_is)
{
	update_pass(tree, was, nr_was, is, nr_is, false);
	update_pass(tree, was, nr_was, is, nr_is, true);
}

static uint64_t random_next(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 24;
}

/* What was, but for [first, last], which is something else now, or nothing */
static void change(struct expected *to, const struct expected *from,
		   gpa_t first, gpa_t last, uintptr_t name)
{
	size_t i, at = 0;

	to->nr = 0;
	for (i = 0; i < from->nr; i++)
		if (last_of(&from->ranges[i]) < first ||
		    from->ranges[i].addr > last)
			to->ranges[to->nr++] = from->ranges[i];
	if (!name || to->nr == MAX_RANGES)
		return;
	while (at < to->nr && to->ranges[at].addr < first)
		at++;
	memmove(&to->ranges[at + 1], &to->ranges[at],
		(to->nr++ - at) * sizeof(*to->ranges));
	to->ranges[at] =
		make_range(first, (memory_size_t)(last - first) + 1, name);
}

static void test_random_changes(void **state)
{
	/* Near each other, at edges of nodes, and at the end of all addresses */
	static const gpa_t places[] = { 0,	    0x3f0,	 0xff0,
					0xfffff000, 1ull << 40,	 -0x1000ull,
					-0x400ull,  0xfffffffff0 };
	static struct expected kept[KEPT];
	struct expected *old, *new = &kept[0];
	uint64_t random = 1, n, k;
	gpa_t first, last;

	for (n = 1; n <= 30000; n++) {
		old = new;
		new = &kept[n % KEPT];
		dispatch_drop(&new->tree);
		first = places[random_next(&random) % 8] +
			random_next(&random) % 0x40;
		last = first + (random_next(&random) % 0x1000 >>
				random_next(&random) % 12);
		if (random_next(&random) % 16 == 0)
			last = first + (random_next(&random) << 24 >>
					random_next(&random) % 64);
		if (last < first)
			last = UINT64_MAX;
		change(new, old, first, last, random_next(&random) % 3 ? n : 0);
		dispatch_share(&new->tree, &old->tree);
		update(&new->tree, old->ranges, old->nr, new->ranges, new->nr);
		check_tree(new);
		/* All that share with it are what they were */
		if (n % 16 == 0)
			for (k = 0; k < KEPT; k++)
				check_tree(&kept[k]);
	}
	for (k = 0; k < KEPT; k++)
		dispatch_drop(&kept[k].tree);
}

/* Nodes that are not also in the other tree */
static size_t nodes_apart(const struct dispatch_entry *a,
			  const struct dispatch_entry *b)
{
	size_t nr = 1, i;

	if (a == b || !a || !a->is_node)
		return 0;
	for (i = 0; i < DISPATCH_SLOTS; i++)
		nr += nodes_apart(
			((const struct dispatch_node *)a)->slots[i],
			b && b->is_node ?
				((const struct dispatch_node *)b)->slots[i] :
				NULL);
	return nr;
}

/*
 * Take one of @nr away and put it back: each makes new nodes on its way down, all
 * else stays shared. There are @levels with something on both sides.
 */
static void check_cost(const struct flat_range *ranges, size_t nr,
		       size_t levels, size_t nodes)
{
	struct flat_range *fewer = calloc(nr, sizeof(*fewer));
	struct dispatch full = { 0 }, less = { 0 }, again = { 0 };
	size_t out = nr / 3, got;

	memcpy(fewer, ranges, out * sizeof(*fewer));
	memcpy(fewer + out, ranges + out + 1, (nr - out - 1) * sizeof(*fewer));
	update(&full, NULL, 0, ranges, nr);
	got = check_shape(full.root, 0, UINT64_MAX, ranges, nr);
	assert_int_equal(got, nodes);
	dispatch_share(&less, &full);
	update(&less, ranges, nr, fewer, nr - 1);
	check_shape(less.root, 0, UINT64_MAX, fewer, nr - 1);
	got = nodes_apart(less.root, full.root);
	assert_in_range(got, 1, levels);
	dispatch_share(&again, &less);
	update(&again, fewer, nr - 1, ranges, nr);
	check_shape(again.root, 0, UINT64_MAX, ranges, nr);
	assert_in_range(nodes_apart(again.root, less.root), 1, levels);
	check_shape(less.root, 0, UINT64_MAX, fewer, nr - 1);
	dispatch_drop(&full);
	dispatch_drop(&less);
	check_shape(again.root, 0, UINT64_MAX, ranges, nr);
	dispatch_drop(&again);
	free(fewer);
}

/* 10000 pages, each with an empty one behind it: 8 to a node of 16 pages */
static void test_many_sections(void **state)
{
	enum { NR = 10000 };
	struct flat_range *ranges = calloc(NR, sizeof(*ranges));
	size_t i;

	for (i = 0; i < NR; i++)
		ranges[i] = make_range(i * 0x2000, 0x1000, i + 1);
	/* 1250, over them 79, 5 and 1: bits 12, 16, 20, 24 */
	check_cost(ranges, NR, 4, 1250 + 79 + 5 + 1);
	free(ranges);
}

/* A page with a section for each byte, alone */
static void test_full_subpage(void **state)
{
	struct flat_range *ranges = calloc(0x1000, sizeof(*ranges));
	size_t i;

	for (i = 0; i < 0x1000; i++)
		ranges[i] = make_range(0x7000 + i, 1, i + 1);
	check_cost(ranges, 0x1000, 3, 256 + 16 + 1);
	free(ranges);
}

/* What is large costs slots where others stand beside it, and nothing else */
static void test_large_sections(void **state)
{
	const struct flat_range all = make_range(0, MEMORY_SIZE_2_64, 1);
	const struct flat_range pc[] = {
		make_range(0, 0xc0000000, 1),
		make_range(0xfe000000, 8, 2),
		make_range(0xfffc0000, 0x40000, 3),
		make_range(1ull << 32, (memory_size_t)1 << 40, 4),
	};
	struct dispatch tree = { 0 };

	update(&tree, NULL, 0, &all, 1);
	assert_int_equal(check_shape(tree.root, 0, UINT64_MAX, &all, 1), 0);
	assert_true(dispatch_lookup(&tree, UINT64_MAX)->region == all.region);
	/* In place: all of it goes, four others come */
	update(&tree, &all, 1, pc, 4);
	/* At bits 40, 36, 32; 28 below 4 GiB; 24 below fe000000 and ffffffff */
	assert_int_equal(check_shape(tree.root, 0, UINT64_MAX, pc, 4), 5);
	assert_null(dispatch_lookup(&tree, 0xc0000000));
	assert_true(dispatch_lookup(&tree, 0xfe000007)->region == pc[1].region);
	assert_null(dispatch_lookup(&tree, 0xfe000008));
	assert_true(dispatch_at_or_behind(&tree, 0xfe000008)->region ==
		    pc[2].region);
	assert_true(dispatch_lookup(&tree, (1ull << 40) + 0xffffffff)->region ==
		    pc[3].region);
	assert_null(dispatch_lookup(&tree, (1ull << 40) + (1ull << 32)));
	assert_null(dispatch_at_or_behind(&tree, (1ull << 40) + (1ull << 32)));
	update(&tree, pc, 4, NULL, 0);
	assert_null(tree.root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_changes),
		cmocka_unit_test(test_many_sections),
		cmocka_unit_test(test_full_subpage),
		cmocka_unit_test(test_large_sections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
