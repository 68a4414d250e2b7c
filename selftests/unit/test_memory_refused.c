// SPDX-License-Identifier: GPL-2.0-or-later
/* Bad calls: an error that says why, and a model that is as it was */
#include <errno.h>

#include "memory_make.h"

static void test_create(void **state)
{
	struct memory_model *model = make_model(), *other = make_model(), *m;
	struct ram_block_options ram = { .page_size = 3000 };
	struct memory_model_options options = { .page_size = 3000 };
	struct memory_region *region, *r2;
	struct address_space *as;

	REFUSED(EINVAL, memory_model_create(&options, &m, &error));
	REFUSED(EOVERFLOW,
		memory_region_create(model, "big", MEMORY_SIZE_2_64 + 1,
				     &region, &error));
	REFUSED(EINVAL, memory_region_create_ram(model, "none", 0, NULL,
						 &region, &error));
	REFUSED(EINVAL, memory_region_create_ram(model, "odd", 1, &ram, &region,
						 &error));
	ram = (struct ram_block_options){ .max_size = 0x1000 };
	REFUSED(EINVAL, memory_region_create_ram(model, "max", 0x2000, &ram,
						 &region, &error));
	REFUSED(EINVAL, memory_region_create_ram(model, "wraps", UINT64_MAX,
						 NULL, &region, &error));
	ram = (struct ram_block_options){ .hva = -0x1000ull };
	REFUSED(EINVAL, memory_region_create_ram(model, "hva", 0x2000, &ram,
						 &region, &error));
	MUST(memory_region_create_ram(model, "huge", 1ull << 63, NULL, &region,
				      &error));
	REFUSED(ENOSPC, memory_region_create_ram(model, "huge2", 1ull << 63,
						 NULL, &r2, &error));
	REFUSED(EINVAL, memory_region_create_alias(other, "alias", region, 0, 1,
						   &r2, &error));
	REFUSED(EINVAL, address_space_create(other, "as", region, &as, &error));
	/* Nothing is left of what was refused */
	assert_ptr_equal(memory_region_first(model), region);
	assert_null(memory_region_next(region));
	assert_null(memory_region_first(other));
	memory_model_destroy(model);
	memory_model_destroy(other);
}

static void test_map(void **state)
{
	struct memory_model *model = make_model(), *other = make_model();
	struct memory_region *system, *a, *b, *alias, *inner, *outer;
	struct address_space *as;
	char before[4096];

	system = make_container(model, "system", MEMORY_SIZE_2_64);
	a = make_io(model, "a", 0x1000);
	b = make_io(model, "b", 0x1000);
	alias = make_alias("alias", model, system, 0, 0x1000);
	as = make_as(model, "memory", system);
	MUST(memory_region_add_subregion(system, 0x1000, a, &error));
	strcpy(before, shown(as));

	REFUSED(EBUSY, memory_region_add_subregion(system, 0, a, &error));
	REFUSED(EBUSY,
		memory_region_add_subregion_overlap(system, 0, 0, a, &error));
	REFUSED(EEXIST, memory_region_add_subregion(system, 0x1fff, b, &error));
	assert_true(*error.next);
	REFUSED(EINVAL, memory_region_add_subregion(
				system, 0, make_io(other, "x", 1), &error));
	REFUSED(EINVAL, memory_region_add_subregion(alias, 0, b, &error));
	REFUSED(ENOENT, memory_region_del_subregion(system, b, &error));
	REFUSED(ENOENT, memory_region_del_subregion(b, a, &error));
	/* Loops: by itself, by children, by an alias, by both */
	REFUSED(ELOOP, memory_region_add_subregion(system, 0, system, &error));
	REFUSED(ELOOP, memory_region_add_subregion(system, 0, alias, &error));
	inner = make_container(model, "inner", 0x1000);
	outer = make_container(model, "outer", 0x1000);
	map(outer, 0, 0, inner);
	REFUSED(ELOOP, memory_region_add_subregion(inner, 0, outer, &error));
	map(inner, 0, 0, make_alias("x", model, b, 0, 1));
	REFUSED(ELOOP, memory_region_add_subregion(b, 0, outer, &error));
	assert_string_equal(shown(as), before);

	/* By moving and growing too */
	MUST(memory_region_add_subregion(system, 0x2000, b, &error));
	REFUSED(EEXIST, memory_region_set_address(b, 0x1800, &error));
	REFUSED(EEXIST, memory_region_set_size(a, 0x1001, &error));
	/* A disabled one is in the way too; one that may overlap is not */
	MUST(memory_region_set_enabled(a, false, &error));
	REFUSED(EEXIST, memory_region_set_address(b, 0x1800, &error));
	MUST(memory_region_set_enabled(a, true, &error));
	map(system, 0x3000, 0, make_io(model, "any", 0x1000));
	MUST(memory_region_set_address(b, 0x3000, &error));
	assert_string_equal(shown(as), "1000-1fff a+0; 3000-3fff b+0");
	memory_model_destroy(model);
	memory_model_destroy(other);
}

static void count_eventfds(void *opaque,
			   const struct memory_region_section *section,
			   const struct memory_ioeventfd *eventfd)
{
	++*(unsigned int *)opaque;
}

static const struct memory_listener_ops eventfd_ops = {
	.eventfd_add = count_eventfds,
	.eventfd_del = count_eventfds,
};

static void test_change(void **state)
{
	struct memory_ioeventfd e = { .size = 3 };
	struct memory_model *model = make_model();
	struct memory_region *system, *io, *ram;
	struct memory_region_info io_before, ram_before;
	struct memory_listener *listener;
	struct ram_block block_before;
	unsigned int told = 0;
	struct address_space *as;
	char before[4096];

	system = make_container(model, "system", MEMORY_SIZE_2_64);
	io = make_io(model, "io", 0x1000);
	ram = make_ram(model, "ram", 0x1800, 0);
	map(system, 0, 0, ram);
	map(system, 0x4000, 0, io);
	as = make_as(model, "memory", system);
	MUST(memory_listener_register(as, "eventfds", 0, &eventfd_ops, &told,
				      &listener, &error));
	strcpy(before, shown(as));
	memcpy(&io_before, memory_region_info(io), sizeof(io_before));
	memcpy(&ram_before, memory_region_info(ram), sizeof(ram_before));
	memcpy(&block_before, ram_before.ram_block, sizeof(block_before));
	REFUSED(EINVAL, memory_region_set_romd(ram, false, &error));
	REFUSED(EINVAL, memory_region_set_log(ram, false, &error));
	REFUSED(EINVAL, memory_region_set_alias_offset(io, 1, &error));
	REFUSED(EOVERFLOW,
		memory_region_set_size(io, MEMORY_SIZE_2_64 + 1, &error));
	REFUSED(EINVAL, memory_region_set_size(ram, 0x2001, &error));
	REFUSED(EINVAL, ram_block_resize(memory_region_info(ram)->ram_block,
					 0x800, &error));
	REFUSED(EINVAL, ram_block_resize(memory_region_info(ram)->ram_block,
					 0x2001, &error));
	REFUSED(EBUSY,
		ram_block_destroy(memory_region_info(ram)->ram_block, &error));
	REFUSED(EINVAL, memory_region_add_eventfd(io, &e, &error));
	e.size = 4;
	REFUSED(ENOENT, memory_region_del_eventfd(io, &e, &error));
	MUST(memory_region_add_eventfd(io, &e, &error));
	assert_int_equal(told, 1);
	REFUSED(EEXIST, memory_region_add_eventfd(io, &e, &error));
	REFUSED(EINVAL, memory_model_commit(model, &error));
	REFUSED(EINVAL, memory_global_dirty_log_start(model, 0, &error));
	REFUSED(EINVAL, memory_global_dirty_log_stop(model, 1, &error));
	/* All is as it was, also after a commit that renders */
	MUST(memory_region_set_enabled(system, false, &error));
	MUST(memory_region_set_enabled(system, true, &error));
	assert_string_equal(shown(as), before);
	assert_memory_equal(&io_before, memory_region_info(io),
			    sizeof(io_before));
	assert_memory_equal(&ram_before, memory_region_info(ram),
			    sizeof(ram_before));
	assert_memory_equal(&block_before, ram_before.ram_block,
			    sizeof(block_before));
	assert_ptr_equal(ram_block_first(model), ram_before.ram_block);
	assert_null(ram_block_next(ram_before.ram_block));
	/* The one eventfd went and came */
	assert_int_equal(told, 3);
	memory_model_destroy(model);
}

static const struct memory_listener_ops no_ops;

static void test_destroy(void **state)
{
	struct memory_model *model = make_model();
	struct memory_region *io = make_io(model, "io", 1);
	struct address_space *as = make_as(model, "as", io);
	struct memory_listener *listener;

	MUST(memory_listener_register(as, "l", 0, &no_ops, NULL, &listener,
				      &error));
	REFUSED(EBUSY, address_space_destroy(as, &error));
	assert_ptr_equal(address_space_first(model), as);
	assert_ptr_equal(memory_listener_first(model), listener);
	assert_string_equal(shown(as), "0-0 io+0");
	memory_listener_unregister(listener);
	MUST(address_space_destroy(as, &error));
	assert_null(address_space_first(model));
	assert_int_equal(memory_region_refs(io), 1);
	memory_model_destroy(model);
}

/* 1100 containers in each other: told, not overflown */
static void test_nesting(void **state)
{
	struct memory_model *model = make_model();
	struct memory_region *top, *next;
	struct address_space *as;
	int i;

	top = make_io(model, "leaf", 0x10);
	for (i = 0; i < 1100; i++) {
		next = make_container(model, "c", 0x1000);
		map(next, 1, 0, top);
		top = next;
	}
	REFUSED(ELOOP, address_space_create(model, "as", top, &as, &error));
	next = make_container(model, "root", 0x2000);
	as = make_as(model, "as", next);
	map(next, 0, 0, make_io(model, "io", 1));
	REFUSED(ELOOP,
		memory_region_add_subregion_overlap(next, 1, 0, top, &error));
	assert_string_equal(shown(as), "0-0 io+0");
	assert_null(memory_region_info(top)->container);
	/* In a transaction, its commit refuses; it is still open then */
	memory_model_begin(model);
	map(next, 1, 0, top);
	REFUSED(ELOOP, memory_model_commit(model, &error));
	unmap(next, top);
	MUST(memory_model_commit(model, &error));
	assert_string_equal(shown(as), "0-0 io+0");
	memory_model_destroy(model);
}

/* Each level shows the one below it twice: 2^40 ranges, told in good time */
static void test_doubling(void **state)
{
	struct memory_model *model = make_model();
	struct memory_region *top, *next, *root;
	struct address_space *as;
	uint64_t size = 0x10;
	int i;

	top = make_io(model, "leaf", size);
	for (i = 0; i < 40; i++, size *= 2) {
		next = make_container(model, "c", 2 * size);
		map(next, 0, 0, make_alias("low", model, top, 0, size));
		map(next, size, 0, make_alias("high", model, top, 0, size));
		top = next;
	}
	root = make_container(model, "root", MEMORY_SIZE_2_64);
	as = make_as(model, "as", root);
	REFUSED(E2BIG, memory_region_add_subregion(root, 0, top, &error));
	assert_string_equal(shown(as), "");
	assert_null(memory_region_info(top)->container);
	memory_model_destroy(model);
}

/* References: what holds a region, and when it goes */
static void on_destroy(void *opaque)
{
	++*(int *)opaque;
}

static void test_references(void **state)
{
	struct memory_model *model = make_model();
	struct memory_region *system, *box, *io, *alias;
	const struct flat_view *view;
	struct address_space *as;
	int gone = 0, box_gone = 0;

	system = make_container(model, "system", 0x10000);
	box = make_container(model, "box", 0x1000);
	io = make_io(model, "io", 0x1000);
	memory_region_set_destructor(io, on_destroy, &gone);
	memory_region_set_destructor(box, on_destroy, &box_gone);
	as = make_as(model, "as", system);
	map(box, 0, 0, io);
	map(system, 0, 0, box);
	map(system, 0x8000, 0, make_io(model, "other", 1));
	/* The creator, the container and the view */
	assert_int_equal(memory_region_refs(io), 3);
	memory_region_unref(io);
	alias = make_alias("alias", model, io, 0, 0x1000);
	view = address_space_get_flat_view(as);
	unmap(system, box);
	memory_region_unref(box);
	/* The box goes at once, and lets go of io; the reader and the alias
	 * still have it
	 */
	assert_int_equal(box_gone, 1);
	assert_null(memory_region_info(io)->container);
	flat_view_unref(view);
	assert_int_equal(gone, 0);
	memory_region_unref(alias);
	/* A view that a reader dropped goes with the next change */
	MUST(memory_region_set_enabled(system, false, &error));
	assert_int_equal(gone, 1);
	memory_model_destroy(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_destroy),
		cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_doubling),
		cmocka_unit_test(test_references),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
