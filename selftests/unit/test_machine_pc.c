// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The board pc against real QEMU: for each machine in the fixtures, the board
 * with the same options has to show the same view at reset, by the same
 * requests to KVM, in the same order. No KVM is needed: RAM is a number here.
 */
#include "machine_make.h"

static void equals_qemu(void **unused)
{
	static const char *const names[] = {
		"pc-nodefaults",
		"pc-5G",
		"pc-3.5G",
		"pc-irqchip-off",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		compare_qemu(&machine_pc, "selftests/fixtures/pc", names[i]);
	assert_int_equal(nr_trees, 1);
}

static void equals_more_qemus(void **unused)
{
	static const char *const names[] = {
		"pc-128M",	 "pc-64G",	     "pc-odd-size",
		"pc-vga-none",	 "pc-vga-std",	     "storage-zoo",
		"pc-maxbelow1G", "pc-irqchip-split",
	};

	compare_more(&machine_pc, names, sizeof(names) / sizeof(names[0]));
}

/* Which byte of pc.bios a guest address shows; -1 if none of it */
static int64_t bios_offset(struct built *b, gpa_t gpa)
{
	const struct flat_view *view =
		address_space_get_flat_view(b->machine.memory);
	const struct flat_range *r = flat_view_lookup(view, gpa);
	int64_t offset = -1;

	if (r && !strcmp(memory_region_info(r->region)->name, "pc.bios"))
		offset = r->offset_in_region + (gpa - r->addr);
	flat_view_unref(view);
	return offset;
}

static void maps_firmware_of_each_size(void **unused)
{
	static const uint64_t sizes[] = { 64 * KIB, 128 * KIB, 192 * KIB,
					  256 * KIB, 16 * MIB };
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct machine_options o = { .ram_size = 64 * MIB,
					     .bios_size = sizes[i] };
		uint64_t low = sizes[i] < 128 * KIB ? sizes[i] : 128 * KIB;
		struct built b = {};

		assert_int_equal(build(&b, &machine_pc, &o), 0);
		/* The last byte, the first, and what is before it */
		assert_int_equal(bios_offset(&b, 4 * GIB - 1), sizes[i] - 1);
		assert_int_equal(bios_offset(&b, 4 * GIB - sizes[i]), 0);
		assert_int_equal(bios_offset(&b, 4 * GIB - sizes[i] - 1), -1);
		/* Once more below 1 MiB, at most 128 KiB of its end */
		assert_int_equal(bios_offset(&b, MIB - 1), sizes[i] - 1);
		assert_int_equal(bios_offset(&b, MIB - low), sizes[i] - low);
		assert_int_equal(bios_offset(&b, MIB - low - 1), -1);
		destroy(&b);
	}
}

static void refuses_firmware_of_bad_size(void **unused)
{
	static const uint64_t sizes[] = { 0, 1, 64 * KIB - 1, 64 * KIB + 1,
					  16 * MIB + 64 * KIB };
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct machine_options o = { .ram_size = 64 * MIB,
					     .bios_size = sizes[i] };
		struct built b = {};

		assert_int_equal(build(&b, &machine_pc, &o), -EINVAL);
		assert_int_equal(b.nr_requests, 0);
		destroy(&b);
	}
}

static void passes_on_failed_allocations(void **unused)
{
	static const char *const blocks[] = { "pc.ram", "pc.bios", "pc.rom" };
	const struct machine_options o = { .ram_size = 5 * GIB,
					   .bios_size = PC_BIOS_SIZE_DEFAULT };
	struct built b = {};
	size_t i;

	for (i = 1; i <= 3; i++) {
		b = (struct built){ .fail_at = i };
		assert_int_equal(build(&b, &machine_pc, &o), -ENOMEM);
		assert_int_equal(b.nr_blocks, i - 1);
		destroy(&b);
	}
	b = (struct built){};
	assert_int_equal(build(&b, &machine_pc, &o), 0);
	for (i = 0; i < 3; i++)
		assert_string_equal(b.blocks[i], blocks[i]);
	assert_int_equal(b.sizes[0], 5 * GIB);
	assert_int_equal(b.sizes[1], PC_BIOS_SIZE_DEFAULT);
	destroy(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equals_qemu),
		NEEDS_FIXTURES(equals_more_qemus),
		cmocka_unit_test(maps_firmware_of_each_size),
		cmocka_unit_test(refuses_firmware_of_bad_size),
		cmocka_unit_test(passes_on_failed_allocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
