// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What flat views are made of, seen from inside: nodes are neither too empty nor
 * too many; a change makes no more of them than it needs; the walk over what
 * differs looks at no more; and a commit looks at no address space that it does
 * not concern.
 */
#include <stdlib.h>

#include "memory/address_space.h"
#include "memory/flat_view.h"
#include "memory_make.h"

#define NR     3000
#define STRIDE 0x2000

struct shape {
	size_t nodes;
	size_t ranges;
	unsigned int height;
};

/* @last: is it the last of its level? That one may hold anything */
static void check_node(const struct flat_node *node, bool last,
		       struct shape *shape)
{
	unsigned int i;

	shape->nodes++;
	assert_in_range(node->nr, last ? 1 : FLAT_MIN, FLAT_MAX);
	assert_true(node->refs > 0);
	for (i = 0; i < node->nr; i++) {
		if (!node->height) {
			assert_int_equal(node->ranges[i].ends_leaf,
					 i + 1 == node->nr);
			shape->ranges++;
			continue;
		}
		assert_int_equal(node->children[i].node->height,
				 node->height - 1);
		check_node(node->children[i].node, last && i + 1 == node->nr,
			   shape);
	}
}

static struct shape check_view(const struct flat_view *view)
{
	struct shape shape = { 0 };
	const struct flat_range *range, *before = NULL;
	size_t walked = 0;

	if (view->tree) {
		shape.height = view->tree->height;
		check_node(view->tree, true, &shape);
		assert_int_equal(view->tree->nr_ranges, shape.ranges);
	}
	flat_view_for_each(range, view) {
		if (before)
			assert_true(range_end(before) <= range->addr);
		before = range;
		walked++;
	}
	assert_int_equal(walked, shape.ranges);
	return shape;
}

/* How many nodes of @node's tree only one holds: those that are not shared */
static size_t alone(const struct flat_node *node)
{
	size_t nr = 1;
	unsigned int i;

	if (node->refs > 1)
		return 0;
	for (i = 0; node->height && i < node->nr; i++)
		nr += alone(node->children[i].node);
	return nr;
}

struct board {
	struct memory_model *model;
	struct memory_region *system;
	struct address_space *as;
	struct memory_region *io[NR];
};

static void make_board(struct board *b, bool all_at_once)
{
	size_t i;

	b->model = make_model();
	b->system = make_container(b->model, "system", MEMORY_SIZE_2_64);
	b->as = make_as(b->model, "as", b->system);
	if (all_at_once)
		memory_model_begin(b->model);
	for (i = 0; i < NR; i++) {
		b->io[i] = make_io(b->model, "io", 0x1000);
		/* All over the place; 7 and 3000 share no divisor */
		map(b->system, i * 7 % NR * STRIDE, 0, b->io[i]);
	}
	if (all_at_once)
		MUST(memory_model_commit(b->model, &error));
}

/* As dense as it was made, and not too high */
static void test_shape(void **state)
{
	static struct board b;
	struct shape shape;
	size_t i;
	int once;

	for (once = 0; once < 2; once++) {
		make_board(&b, once);
		shape = check_view(b.as->view);
		assert_int_equal(shape.ranges, NR);
		/* 16^3 is more, 4^6 is less */
		assert_in_range(shape.height, 2, 5);
		/* One by one in, they are half full at the least, about */
		assert_in_range(shape.nodes, NR / 16, NR / 6);
		/* One by one out, until nothing is left */
		for (i = 0; i < NR; i++) {
			unmap(b.system, b.io[i]);
			if (i % 64 == 0 || i > NR - 70)
				check_view(b.as->view);
		}
		assert_null(b.as->view->tree);
		memory_model_destroy(b.model);
	}
}

/* New nodes: one leaf or two, and what leads there; all else is shared */
static void test_shared(void **state)
{
	const struct flat_view *before;
	const struct flat_range *old, *new;
	struct flat_diff diff;
	static struct board b;
	size_t i, differ;
	struct memory_region *extra;

	make_board(&b, false);
	extra = make_io(b.model, "extra", 0x800);
	for (i = 0; i < NR; i += 7) {
		before = address_space_get_flat_view(b.as);
		map(b.system, i * STRIDE + 0x1000, 0, extra);
		assert_in_range(alone(b.as->view->tree), 1,
				2 * (b.as->view->tree->height + 1));
		flat_diff_begin(&diff, before->tree, b.as->view->tree, false);
		for (differ = 0; flat_diff_next(&diff, &old, &new); differ++)
			assert_true(old || new->region == extra);
		/* Those in the leaves that are new */
		assert_in_range(differ, 1, 3 * FLAT_MAX);
		flat_diff_begin(&diff, before->tree, b.as->view->tree, true);
		for (differ = 0; flat_diff_next(&diff, &old, &new); differ++)
			;
		assert_int_equal(differ, NR + 1);
		flat_view_unref(before);
		unmap(b.system, extra);
	}
	memory_model_destroy(b.model);
}

static void count_view(void *opaque, const struct memory_event *event)
{
	if (event->kind == MEMORY_EVENT_VIEW)
		++*(unsigned int *)opaque;
}

static void ignore(void *opaque, const struct memory_event *event)
{
}

/* As a render of the whole makes it: a change moves the edges near it */
static void make_anew(struct memory_region *system)
{
	MUST(memory_region_set_enabled(system, false, &error));
	MUST(memory_region_set_enabled(system, true, &error));
}

/* Move @alias in the RAM: now its page and the one at @start are one range */
static void join(struct address_space *as, struct memory_region *alias,
		 uint64_t offset, uint64_t start)
{
	size_t nr = flat_view_nr(as->view);
	const struct flat_range *range;

	MUST(memory_region_set_alias_offset(alias, offset, &error));
	assert_int_equal(flat_view_nr(as->view), nr - 1);
	range = flat_view_lookup(as->view, start);
	assert_int_equal(range->addr, start);
	assert_int_equal(range->size, 2 * 0x1000);
	check_view(as->view);
}

/*
 * A change at a node's edge: what is new there continues the last range before
 * it, or is continued by the first one behind it. They are one range then, though
 * the window does not reach into the other node.
 *
 * Each region shows a page of RAM that neither neighbour's continues; one after
 * the other is moved in the RAM so that it does.
 */
static void test_joined_at_edges(void **state)
{
	enum { PARTS = 20 * FLAT_MAX };
	const uint64_t page = 0x1000;
	struct memory_region *system, *ram, *alias[PARTS];
	struct memory_model *model = make_model();
	size_t i, first = 0, last = 0;
	struct address_space *as;

	system = make_container(model, "system", MEMORY_SIZE_2_64);
	ram = make_ram(model, "ram", 2 * (PARTS + 1) * page, 0);
	as = make_as(model, "as", system);
	for (i = 0; i < PARTS; i++) {
		alias[i] = make_alias("part", model, ram,
				      2 * (PARTS - i) * page, page);
		map(system, i * page, 0, alias[i]);
	}
	for (i = 1; i + 1 < PARTS; i++) {
		const uint64_t own = 2 * (PARTS - i) * page;

		make_anew(system);
		assert_true(as->view->tree->height >= 2);
		first += flat_view_lookup(as->view, (i - 1) * page)->ends_leaf;
		join(as, alias[i], own + 3 * page, (i - 1) * page);
		MUST(memory_region_set_alias_offset(alias[i], own, &error));

		make_anew(system);
		last += flat_view_lookup(as->view, i * page)->ends_leaf;
		join(as, alias[i], own - 3 * page, i * page);
		MUST(memory_region_set_alias_offset(alias[i], own, &error));
	}
	/* Both edges of all leaves, but for the view's own */
	assert_int_equal(first, last);
	assert_in_range(first, PARTS / FLAT_MAX - 1, PARTS / FLAT_MIN);
	memory_model_destroy(model);
}

/* 200 address spaces, of which some show one board, others each its own */
static void test_concerned(void **state)
{
	unsigned int views = 0, i;
	const struct memory_observer observer = {
		.begin = count_view,
		.end = ignore,
		.opaque = &views,
	};
	struct memory_model_options options = { .observer = &observer };
	struct memory_region *system, *root, *own[100], *io;
	struct memory_model *model;

	MUST(memory_model_create(&options, &model, &error));
	system = make_container(model, "system", MEMORY_SIZE_2_64);
	map(system, 0, 0, make_io(model, "a", 8));
	map(system, 8, 0, make_io(model, "b", 8));
	for (i = 0; i < 100; i++) {
		root = make_container(model, "root", MEMORY_SIZE_2_64);
		map(root, 0, 0,
		    make_alias("all", model, system, 0, MEMORY_SIZE_2_64));
		make_as(model, "device", root);
		own[i] = make_container(model, "own", MEMORY_SIZE_2_64);
		make_as(model, "own", own[i]);
	}
	io = make_io(model, "io", 8);
	map(own[33], 0x1000, 0, io);
	assert_int_equal(views, 1);
	unmap(own[33], io);
	map(system, 0x1000, 0, io);
	assert_int_equal(views, 2 + 100);
	unmap(system, io);
	/* Nowhere: nobody is concerned */
	views = 0;
	MUST(memory_region_set_enabled(io, false, &error));
	assert_int_equal(views, 0);
	memory_model_destroy(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shape),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_joined_at_edges),
		cmocka_unit_test(test_concerned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
