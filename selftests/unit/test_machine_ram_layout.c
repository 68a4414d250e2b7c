// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where RAM lies on each board. What is expected was read from `info mtree` of
 * qemu-system-x86_64 7.2.22 with the same -M, -m and -cpu (EPYC where amd is
 * set), at and beside each boundary.
 */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "machine/machine.h"

#define KIB 1024ULL
#define MIB (1ULL << 20)
#define GIB (1ULL << 30)
#define TIB (1ULL << 40)

#define PC	RAM_BOARD_PC
#define Q35	RAM_BOARD_Q35
#define ISAPC	RAM_BOARD_ISAPC
#define MICROVM RAM_BOARD_MICROVM

static void splits_below_and_above_4g(void **unused)
{
	static const struct {
		enum ram_board board;
		uint64_t size, limit, below;
	} cases[] = {
		{ PC, MIB, 0, MIB },
		{ PC, 2816 * MIB, 0, 2816 * MIB },
		{ PC, 3072 * MIB, 0, 3072 * MIB },
		{ PC, 3583 * MIB, 0, 3583 * MIB },
		{ PC, 3584 * MIB - 8 * KIB, 0, 3584 * MIB - 8 * KIB },
		{ PC, 3584 * MIB, 0, 3072 * MIB },
		{ PC, 3585 * MIB, 0, 3072 * MIB },
		{ PC, 6 * TIB, 0, 3072 * MIB },
		{ Q35, MIB, 0, MIB },
		{ Q35, 2815 * MIB, 0, 2815 * MIB },
		{ Q35, 2816 * MIB, 0, 2048 * MIB },
		{ Q35, 2817 * MIB, 0, 2048 * MIB },
		{ Q35, 6 * TIB, 0, 2048 * MIB },
		{ ISAPC, 16 * MIB, 0, 16 * MIB },
		{ ISAPC, 3584 * MIB, 0, 3584 * MIB },
		{ ISAPC, 4 * GIB, 0, 3584 * MIB },
		{ MICROVM, 3072 * MIB, 0, 3072 * MIB },
		{ MICROVM, 3073 * MIB, 0, 3072 * MIB },
		{ MICROVM, 3584 * MIB, 0, 3072 * MIB },
		/* max-ram-below-4g */
		{ PC, 1 * GIB, GIB, GIB },
		{ PC, 4 * GIB, GIB, GIB },
		{ PC, 1 * GIB, 512 * KIB, 512 * KIB },
		{ PC, 4 * GIB, 1500 * MIB, 1500 * MIB },
		{ PC, 3600 * MIB, 3700 * MIB, 3600 * MIB },
		{ PC, 4 * GIB, 3700 * MIB, 3072 * MIB },
		{ PC, 3600 * MIB, 4 * GIB, 3600 * MIB },
		{ PC, 4 * GIB, 4 * GIB, 3072 * MIB },
		{ Q35, 1 * GIB, GIB, GIB },
		{ Q35, 4 * GIB, GIB, GIB },
		{ Q35, 1 * GIB, 3000 * MIB, GIB },
		{ Q35, 3600 * MIB, 3000 * MIB, 2048 * MIB },
		{ ISAPC, 1 * GIB, GIB, GIB },
		{ ISAPC, 3600 * MIB, GIB, GIB },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct machine_options o = { .ram_size = cases[i].size,
					     .max_below_4g = cases[i].limit };
		struct ram_layout l = ram_layout(cases[i].board, &o);

		assert_int_equal(l.below_4g, cases[i].below);
		assert_int_equal(l.above_4g, cases[i].size - cases[i].below);
		assert_int_equal(l.above_4g_start, 4 * GIB);
		assert_int_equal(l.ram_end, l.above_4g ? 4 * GIB + l.above_4g :
							 l.below_4g);
	}
}

static void leaves_hypertransport_free(void **unused)
{
	static const struct {
		enum ram_board board;
		uint64_t size;
		gpa_t start, end; /* of ram-above-4g, inclusive */
	} cases[] = {
		{ PC, 1009 * GIB, 4 * GIB, 0xfc7fffffff },
		{ PC, 1010 * GIB, TIB, 0x1fbbfffffff },
		{ PC, 6 * TIB, TIB, 0x6ff3fffffff },
		{ Q35, 978 * GIB, 4 * GIB, 0xf4ffffffff },
		{ Q35, 979 * GIB, TIB, 0x1f43fffffff },
		{ Q35, 1005 * GIB, TIB, 0x1fabfffffff },
		{ ISAPC, 1010 * GIB, 4 * GIB, 0xfc9fffffff },
		{ ISAPC, 1020 * GIB, TIB, 0x1fe1fffffff },
		{ MICROVM, 1010 * GIB, 4 * GIB, 0xfcbfffffff },
		{ MICROVM, 6 * TIB, 4 * GIB, 0x6003fffffff },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct machine_options o = { .ram_size = cases[i].size,
					     .amd = true };
		struct ram_layout l = ram_layout(cases[i].board, &o);

		assert_int_equal(l.above_4g_start, cases[i].start);
		assert_int_equal(l.ram_end - 1, cases[i].end);
		/* Others have no such hole */
		o.amd = false;
		l = ram_layout(cases[i].board, &o);
		assert_int_equal(l.above_4g_start, 4 * GIB);
	}
}

static void makes_room_for_dimms(void **unused)
{
	static const struct {
		enum ram_board board;
		uint64_t size;
		unsigned int slots;
		uint64_t max;
		bool amd;
		gpa_t start, end; /* of device-memory, inclusive */
	} cases[] = {
		{ PC, GIB, 4, 8 * GIB, false, 4 * GIB, 0x3bfffffff },
		{ PC, GIB, 0, 4 * GIB, false, 4 * GIB, 0x1bfffffff },
		{ PC, GIB, 2, GIB + 4 * KIB, false, 4 * GIB, 0x180000fff },
		{ PC, GIB, 4, 990 * GIB, true, 4 * GIB, 0xf93fffffff },
		{ PC, GIB, 4, TIB, true, TIB, 0x200bfffffff },
		{ Q35, GIB, 4, 990 * GIB, true, TIB, 0x1f83fffffff },
		{ MICROVM, GIB, 4, TIB, true, 0, -1 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct machine_options o = { .ram_size = cases[i].size,
					     .ram_slots = cases[i].slots,
					     .max_ram = cases[i].max,
					     .amd = cases[i].amd };
		struct ram_layout l = ram_layout(cases[i].board, &o);

		assert_int_equal(l.device_start, cases[i].start);
		assert_int_equal(l.device_start + l.device_size - 1,
				 cases[i].end);
	}
}

/* 0 or -EINVAL, and then a reason */
static int check(enum ram_board board, const struct machine_options *o,
		 const char *why)
{
	struct slotscope_error err = {};
	int ret = ram_layout_check(board, o, &err);

	assert_int_equal(ret, -err.code);
	if (ret && !strstr(err.why, why))
		fail_msg("\"%s\" is not in \"%s\"", why, err.why);
	return ret;
}

static void keeps_to_what_the_cpu_can_address(void **unused)
{
	static const struct {
		enum ram_board board;
		bool amd;
		unsigned int bits;
		uint64_t fits, too_large;
	} cases[] = {
		{ PC, false, 40, 1021 * GIB, 1022 * GIB },
		{ PC, false, 40, 1, 1024 * GIB },
		{ PC, true, 40, 1009 * GIB, 1010 * GIB },
		{ Q35, true, 40, 900 * GIB, 979 * GIB },
		{ Q35, false, 40, 900 * GIB, 1000 * GIB },
		{ PC, false, 36, 30 * GIB, 62 * GIB },
		{ ISAPC, false, 40, 1021 * GIB, 1024 * GIB },
		{ ISAPC, false, 36, 62 * GIB, 64 * GIB },
		/* QEMU does not look, but KVM does */
		{ MICROVM, false, 36, 63 * GIB, 63 * GIB + 4 * KIB },
		{ PC, false, 32, 3 * GIB, 4 * GIB },
		{ PC, false, 0, 6 * TIB, 1ULL << 53 },
		{ PC, false, 48, 6 * TIB, 256 * TIB },
		{ PC, true, 46, 6 * TIB, 64 * TIB },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct machine_options o = { .ram_size = cases[i].fits,
					     .amd = cases[i].amd,
					     .phys_bits = cases[i].bits };

		assert_int_equal(check(cases[i].board, &o, ""), 0);
		o.ram_size = cases[i].too_large;
		assert_int_equal(check(cases[i].board, &o,
				       cases[i].bits ? "this CPU has" :
						       "an x86 CPU"),
				 -EINVAL);
	}
}

static void refuses_room_that_makes_no_sense(void **unused)
{
	static const struct {
		enum ram_board board;
		uint64_t max, below;
		unsigned int slots;
		const char *why;
	} bad[] = {
		{ PC, GIB / 2, 0, 2, "less than the 1024M" },
		{ PC, 0, 0, 4, "less than the 1024M" },
		{ PC, GIB, 0, 2, "from the start" },
		{ PC, 2 * GIB, 0, 257, "256 slots" },
		{ PC, 2 * GIB + KIB, 0, 2, "4 KiB" },
		{ ISAPC, 2 * GIB, 0, 2, "takes no DIMMs" },
		{ MICROVM, 2 * GIB, 0, 2, "takes no DIMMs" },
		{ PC, 1ULL << 53, 0, 2, "an x86 CPU" },
		{ PC, 0, 5 * GIB, 0, "4G" },
	};
	struct machine_options o = { .ram_size = GIB };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		o.max_ram = bad[i].max;
		o.ram_slots = bad[i].slots;
		o.max_below_4g = bad[i].below;
		assert_int_equal(check(bad[i].board, &o, bad[i].why), -EINVAL);
	}
	o = (struct machine_options){ .ram_size = GIB, .max_ram = GIB };
	assert_int_equal(check(PC, &o, ""), 0);
	o = (struct machine_options){ .ram_size = 0 };
	assert_int_equal(check(PC, &o, "an x86 CPU"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_below_and_above_4g),
		cmocka_unit_test(leaves_hypertransport_free),
		cmocka_unit_test(makes_room_for_dimms),
		cmocka_unit_test(keeps_to_what_the_cpu_can_address),
		cmocka_unit_test(refuses_room_that_makes_no_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
