// SPDX-License-Identifier: GPL-2.0-or-later
/* The rules by which regions become a view, one by one, worked out by hand */
#include <errno.h>

#include "memory_make.h"

struct board {
	struct memory_model *model;
	struct memory_region *system;
	struct address_space *as;
};

static void make_board(struct board *b)
{
	b->model = make_model();
	b->system = make_container(b->model, "system", MEMORY_SIZE_2_64);
	/* Enabled, empty and aside: so that the root is never skipped */
	map(b->system, 0, -100, make_container(b->model, "floor", 0));
	map(b->system, 0, -100, make_container(b->model, "floor", 0));
	b->as = make_as(b->model, "memory", b->system);
}

static void test_priority(void **state)
{
	struct memory_region *low, *high, *newer;
	struct board b;

	make_board(&b);
	low = make_io(b.model, "low", 0x3000);
	high = make_io(b.model, "high", 0x1000);
	newer = make_io(b.model, "newer", 0x1000);
	map(b.system, 0x1000, 1, high);
	map(b.system, 0, 0, low);
	assert_string_equal(shown(b.as), "0-fff low+0; 1000-1fff high+0; "
					 "2000-2fff low+2000");
	/* Among equals the one mapped last hides the others */
	map(b.system, 0x1800, 1, newer);
	assert_string_equal(shown(b.as),
			    "0-fff low+0; 1000-17ff high+0; 1800-27ff newer+0; "
			    "2800-2fff low+2800");
	/* To move is to be mapped anew: then it is the newest */
	MUST(memory_region_set_address(high, 0x1400, &error));
	assert_string_equal(shown(b.as),
			    "0-13ff low+0; 1400-23ff high+0; 2400-27ff "
			    "newer+c00; 2800-2fff low+2800");
	assert_ptr_equal(memory_region_first_child(b.system), high);
	assert_ptr_equal(memory_region_next_sibling(high), newer);
	unmap(b.system, newer);
	unmap(b.system, high);
	assert_string_equal(shown(b.as), "0-2fff low+0");
	memory_model_destroy(b.model);
}

/* What is disabled hides all below it, and shows what lies beneath */
static void test_enabled(void **state)
{
	struct memory_region *outer, *inner, *under;
	struct board b;

	make_board(&b);
	outer = make_container(b.model, "outer", 0x4000);
	inner = make_io(b.model, "inner", 0x1000);
	under = make_io(b.model, "under", 0x4000);
	map(outer, 0x1000, 0, inner);
	map(b.system, 0, 0, under);
	map(b.system, 0, 1, outer);
	assert_string_equal(shown(b.as), "0-fff under+0; 1000-1fff inner+0; "
					 "2000-3fff under+2000");
	MUST(memory_region_set_enabled(outer, false, &error));
	assert_string_equal(shown(b.as), "0-3fff under+0");
	memory_model_destroy(b.model);
}

/* Children come first; the region itself fills what is left, if it answers */
static void test_terminates(void **state)
{
	struct memory_region *io;
	struct board b;

	make_board(&b);
	io = make_io(b.model, "io", 0x3000);
	map(io, 0x1000, 0, make_io(b.model, "port", 8));
	/* Cut off at its container's end */
	map(io, 0x2800, 0, make_io(b.model, "long", 0x10000));
	map(b.system, 0x10000, 0, io);
	assert_string_equal(shown(b.as),
			    "10000-10fff io+0; 11000-11007 port+0; 11008-127ff "
			    "io+1008; 12800-12fff long+0");
	memory_model_destroy(b.model);
}

static void test_alias(void **state)
{
	struct memory_region *ram, *alias, *twice;
	struct board b;

	make_board(&b);
	ram = make_ram(b.model, "ram", 0x4000, 0x7f0000000000);
	/* Where the target itself is mapped has no influence */
	map(b.system, 0x100000, 0, ram);
	alias = make_alias("alias", b.model, ram, 0x1000, 0x2000);
	map(b.system, 0, 0, alias);
	assert_string_equal(shown(b.as),
			    "0-1fff ram+1000; 100000-103fff ram+0");
	MUST(memory_region_set_alias_offset(alias, 0x3000, &error));
	/* Beyond the target's end there is nothing */
	assert_string_equal(shown(b.as), "0-fff ram+3000; 100000-103fff ram+0");
	twice = make_alias("twice", b.model, alias, 0x800, 0x1000);
	map(b.system, 0x10000, 0, twice);
	assert_string_equal(shown(b.as),
			    "0-fff ram+3000; 10000-107ff ram+3800; "
			    "100000-103fff ram+0");
	memory_model_destroy(b.model);
}

/* An alias of a window: its base lies below 0, and what is above shows */
static void test_alias_of_container(void **state)
{
	struct memory_region *pci, *hole;
	struct board b;

	make_board(&b);
	pci = make_container(b.model, "pci", MEMORY_SIZE_2_64);
	map(pci, 0xe0000000, 0, make_io(b.model, "bar", 0x1000));
	map(pci, 0x1000, 0, make_io(b.model, "low", 0x1000));
	hole = make_alias("hole", b.model, pci, 0xe0000000, 0x10000000);
	map(b.system, 0x2000, 0, hole);
	assert_string_equal(shown(b.as), "2000-2fff bar+0");
	memory_model_destroy(b.model);
}

static void test_handed_down(void **state)
{
	struct memory_region *ram, *pam, *box;
	struct board b;

	make_board(&b);
	ram = make_ram(b.model, "ram", 0x2000, 0x7f0000000000);
	pam = make_alias("pam", b.model, ram, 0, 0x1000);
	box = make_container(b.model, "box", 0x2000);
	map(box, 0, 1, pam);
	map(box, 0, 0, ram);
	map(b.system, 0, 0, box);
	assert_string_equal(shown(b.as), "0-1fff ram+0");
	/* Other rights, another range; the same rights again, one range */
	MUST(memory_region_set_readonly(pam, true, &error));
	assert_string_equal(shown(b.as), "0-fff ram+0 ro; 1000-1fff ram+1000");
	MUST(memory_region_set_nonvolatile(box, true, &error));
	assert_string_equal(shown(b.as),
			    "0-fff ram+0 ro nv; 1000-1fff ram+1000 nv");
	MUST(memory_region_set_readonly(box, true, &error));
	assert_string_equal(shown(b.as), "0-1fff ram+0 ro nv");
	memory_model_destroy(b.model);
}

/* Sizes and addresses up to 2^64 */
static void test_edges(void **state)
{
	struct memory_region *all, *last;
	struct board b;

	make_board(&b);
	all = make_io(b.model, "all", MEMORY_SIZE_2_64);
	last = make_io(b.model, "last", 0x1000);
	map(b.system, 0, 0, all);
	assert_string_equal(shown(b.as), "0-ffffffffffffffff all+0");
	map(b.system, 0xfffffffffffff800, 1, last);
	assert_string_equal(shown(b.as),
			    "0-fffffffffffff7ff all+0; "
			    "fffffffffffff800-ffffffffffffffff last+0");
	MUST(memory_region_set_address(all, 0x1000, &error));
	assert_string_equal(shown(b.as),
			    "1000-fffffffffffff7ff all+0; "
			    "fffffffffffff800-ffffffffffffffff last+0");
	MUST(memory_region_set_size(all, 1, &error));
	MUST(memory_region_set_size(last, 0, &error));
	assert_string_equal(shown(b.as), "1000-1000 all+0");
	memory_model_destroy(b.model);
}

/* A root that shows one other region whole is skipped: the view is shared */
static void test_sharing(void **state)
{
	struct memory_model *model = make_model();
	struct memory_region *system, *bus, *alias, *io;
	struct address_space *as, *device;
	const struct flat_view *a, *b;

	system = make_container(model, "system", MEMORY_SIZE_2_64);
	io = make_io(model, "io", 0x1000);
	map(system, 0x1000, 0, io);
	map(system, 0x4000, 0, make_io(model, "io2", 0x1000));
	bus = make_container(model, "bus master", MEMORY_SIZE_2_64);
	alias = make_alias("bus master", model, system, 0, MEMORY_SIZE_2_64);
	map(bus, 0, 0, alias);
	as = make_as(model, "memory", system);
	device = make_as(model, "device", bus);
	a = address_space_get_flat_view(as);
	b = address_space_get_flat_view(device);
	assert_ptr_equal(a, b);
	assert_ptr_equal(flat_view_root(a), system);
	flat_view_unref(a);
	flat_view_unref(b);

	MUST(memory_region_set_enabled(alias, false, &error));
	b = address_space_get_flat_view(device);
	assert_ptr_equal(flat_view_root(b), NULL);
	assert_int_equal(flat_view_nr(b), 0);
	flat_view_unref(b);

	/* With a second child the root counts again; so does its read-only */
	MUST(memory_region_set_enabled(alias, true, &error));
	MUST(memory_region_set_readonly(bus, true, &error));
	assert_string_equal(shown(device), "1000-1fff io+0; 4000-4fff io2+0");
	map(bus, 0, -1, make_io(model, "beneath", 0x10));
	assert_string_equal(shown(device), "0-f beneath+0 ro; 1000-1fff io+0 "
					   "ro; 4000-4fff io2+0 ro");
	assert_string_equal(shown(as), "1000-1fff io+0; 4000-4fff io2+0");
	memory_model_destroy(model);
}

static void test_find(void **state)
{
	struct memory_region_section s;
	struct memory_region *pci, *bar;
	struct board b;

	make_board(&b);
	pci = make_container(b.model, "pci", 0x10000);
	bar = make_io(b.model, "bar", 0x1000);
	map(pci, 0x4000, 0, bar);
	map(b.system, 0x100000, 0, pci);
	assert_true(memory_region_find(pci, 0x3000, 0x1800, &s));
	assert_ptr_equal(s.region, bar);
	assert_ptr_equal(s.address_space, b.as);
	assert_int_equal(s.offset_within_address_space, 0x104000);
	assert_int_equal(s.offset_within_region, 0);
	assert_true(s.size == 0x800);
	memory_region_unref(s.region);
	assert_true(memory_region_find(bar, 0x800, 0x1000, &s));
	assert_int_equal(s.offset_within_region, 0x800);
	assert_true(s.size == 0x800);
	memory_region_unref(s.region);
	assert_false(memory_region_find(pci, 0x3000, 0x1000, &s));
	assert_false(memory_region_find(bar, 0, 0, &s));
	unmap(b.system, pci);
	assert_false(memory_region_find(bar, 0, 1, &s));
	memory_model_destroy(b.model);
}

/* The hash of an empty view, and of one range, as in QEMU's none-64M log */
static int id_3(void *opaque, const struct memory_region *region)
{
	return 3;
}

static void test_hash(void **state)
{
	struct memory_model *model = make_model();
	struct memory_region *ram = make_ram(model, "ram", 0x4000000, 0x1000);
	struct memory_region *off = make_io(model, "off", 1);
	const struct flat_view *view;

	MUST(memory_region_set_enabled(off, false, &error));
	view = address_space_get_flat_view(make_as(model, "as", ram));
	assert_true(flat_view_hash(view, id_3, NULL) == 0xbd205582523b439b);
	flat_view_unref(view);
	view = address_space_get_flat_view(make_as(model, "none", off));
	assert_true(flat_view_hash(view, id_3, NULL) == 0xcbf29ce484222325);
	flat_view_unref(view);
	memory_model_destroy(model);
}

/* What KVM should have follows from the view alone */
static void test_slot_state(void **state)
{
	struct memory_region *ram, *rom, *pam, *flash;
	const struct flat_view *view;
	struct slot_state s;
	struct board b;

	make_board(&b);
	ram = make_ram(b.model, "ram", 0x3000, 0x7f0000000000);
	MUST(memory_region_create_rom(b.model, "rom", 0x1000, NULL, &rom,
				      &error));
	MUST(memory_region_create_rom_device(b.model, "flash", 0x1000, NULL,
					     NULL, NULL, &flash, &error));
	pam = make_alias("pam", b.model, ram, 0x1000, 0x800);
	MUST(memory_region_set_readonly(pam, true, &error));
	map(b.system, 0, 0, ram);
	map(b.system, 0x1000, 1, pam);
	map(b.system, 0x8000, 0, rom);
	map(b.system, 0x9000, 0, flash);
	map(b.system, 0xa000, 0, make_io(b.model, "io", 0x1000));

	slot_state_init(&s, PARTY_MODEL);
	assert_int_equal(slot_state_set_nr_as(&s, 2), 0);
	view = address_space_get_flat_view(b.as);
	assert_int_equal(flat_view_slot_state(view, 2, &s), -EINVAL);
	assert_int_equal(flat_view_slot_state(view, 1, &s), 0);
	flat_view_unref(view);
	assert_int_equal(s.nr_slots, 5);
	assert_true(s.as[1].covered && !s.as[0].covered);
	assert_int_equal(s.slots[0].as_id, 1);
	assert_int_equal(s.slots[0].id, -1);
	/* Shown read-only by an alias: the slot is not; ragged as it is */
	assert_int_equal(s.slots[1].gpa, 0x1000);
	assert_int_equal(s.slots[1].size, 0x800);
	assert_int_equal(s.slots[1].flags, 0);
	assert_int_equal(s.slots[2].gpa, 0x1800);
	assert_true(s.slots[2].hva == 0x7f0000001800);
	assert_int_equal(s.slots[2].offset, 0x1800);
	assert_string_equal(s.slots[2].name, "ram");
	assert_int_equal(s.slots[3].flags, SLOT_READONLY);
	assert_int_equal(s.slots[3].unknown, SLOT_FIELD_HVA);
	assert_int_equal(s.slots[4].flags, SLOT_READONLY);
	assert_int_equal(s.coverage.fields, SLOT_FIELD_GPA | SLOT_FIELD_SIZE |
						    SLOT_FIELD_HVA |
						    SLOT_FIELD_READONLY);
	slot_state_deinit(&s);
	memory_model_destroy(b.model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_priority),
		cmocka_unit_test(test_enabled),
		cmocka_unit_test(test_terminates),
		cmocka_unit_test(test_alias),
		cmocka_unit_test(test_alias_of_container),
		cmocka_unit_test(test_handed_down),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_sharing),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_slot_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
