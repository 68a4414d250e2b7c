// SPDX-License-Identifier: GPL-2.0-or-later
/* The VMM's small parts: sizes, host memory, debug console, faults, files */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "kvm/fault.h"
#include "machine/debugcon.h"
#include "machine/ram.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

static void reads_sizes(void **unused)
{
	static const struct {
		const char *text;
		uint64_t size;
	} good[] = {
		{ "256", 256 * MIB },	 { "256M", 256 * MIB },
		{ "256m", 256 * MIB },	 { "5G", 5 * GIB },
		{ "6T", 6ULL << 40 },	 { "1024K", MIB },
		{ "1025K", MIB + 8192 }, /* QEMU rounds up to 8 KiB */
		{ "4096T", 1ULL << 52 }, { "1.5G", 1536 * MIB },
		{ "0x10", 16 * MIB },
	};
	static const char *const bad[] = {
		"",
		"0",
		"0G",
		"1016K",
		"-1",
		" 1G",
		"+1G",
		"G",
		"1GB",
		"1GiB",
		"1.5",
		".5G",
		"1 G",
		"5P",
		"0x",
		"4097T",
		"16384P",
		"nan",
		"1e3",
		"5G5G",
		"18446744073709551616",
		"99999999999999999999999999G",
		"17592186044416M",
	};
	struct slotscope_error err;
	uint64_t size;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		err = (struct slotscope_error){};
		assert_int_equal(ram_parse_size(good[i].text, &size, &err), 0);
		assert_int_equal(size, good[i].size);
		assert_int_equal(err.code, 0);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err = (struct slotscope_error){};
		size = 42;
		if (ram_parse_size(bad[i], &size, &err) != -EINVAL)
			fail_msg("\"%s\" was taken for %ju bytes", bad[i],
				 (uintmax_t)size);
		assert_int_equal(size, 42);
		assert_non_null(strstr(err.tried, bad[i]));
		assert_true(err.why[0] && err.next[0]);
	}
}

static bool is_mapped(const void *page)
{
	unsigned char in_core;

	if (!mincore((void *)page, 4096, &in_core))
		return true;
	assert_int_equal(errno, ENOMEM);
	return false;
}

static void maps_ram_aligned_and_untouched(void **unused)
{
	const uint64_t size = 64 * GIB;
	struct slotscope_error err = {};
	unsigned char in_core[16];
	void *host;
	int i;

	assert_int_equal(ram_map("test", size, &host, &err), 0);
	assert_int_equal((uintptr_t)host % (2 * MIB), 0);
	for (i = 0; i < 16; i++) {
		char *at = (char *)host + i * (size / 16);

		assert_int_equal(mincore(at, 4096, &in_core[i]), 0);
		assert_int_equal(in_core[i] & 1, 0);
	}
	*(volatile char *)host = 1;
	((volatile char *)host)[size - 1] = 1;
	/* The guard: there, and nothing may touch it */
	assert_true(is_mapped((char *)host + size));
	assert_int_equal(mprotect((char *)host + size, 4096, PROT_NONE), 0);
	ram_unmap(host, size);
	assert_false(is_mapped(host));
	assert_false(is_mapped((char *)host + size - 4096));
	assert_false(is_mapped((char *)host + size));
	ram_unmap(NULL, size);
}

static void refuses_ram_beyond_the_address_space(void **unused)
{
	struct slotscope_error err = {};
	void *host = NULL;

	assert_int_equal(ram_map("pc.ram", 1ULL << 52, &host, &err), -ENOMEM);
	assert_null(host);
	assert_non_null(strstr(err.tried, "pc.ram"));
	assert_true(err.next[0]);
}

static char lines[1024];

static void note_line(void *opaque, const char *text)
{
	size_t len = strlen(lines);

	snprintf(lines + len, sizeof(lines) - len, "%s|", text);
}

static void put(struct debugcon *con, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		debugcon_putc(con, text[i]);
}

static void console_makes_lines(void **unused)
{
	struct debugcon con = { .line = note_line };
	size_t i;

	lines[0] = '\0';
	put(&con, "one\r\ntwo\n\nthree", 15);
	assert_string_equal(lines, "one|two|");
	debugcon_flush(&con);
	assert_string_equal(lines, "one|two|three|");
	debugcon_flush(&con);
	assert_string_equal(lines, "one|two|three|");

	/* What would talk to a terminal is not passed on */
	lines[0] = '\0';
	put(&con, "\033[2J\0\x7f\x80\xff~\n", 10);
	assert_string_equal(lines, ".[2J....~|");

	/* A guest that never ends its line has it cut; nothing is lost */
	lines[0] = '\0';
	for (i = 0; i < 400; i++)
		debugcon_putc(&con, 'a' + i % 26);
	debugcon_flush(&con);
	for (i = 0; i < strlen(lines); i++)
		if (lines[i] == '|')
			memmove(lines + i, lines + i + 1, strlen(lines + i));
	assert_int_equal(strlen(lines), 400);
	for (i = 0; i < 400; i++)
		assert_int_equal(lines[i], 'a' + i % 26);
}

static void knows_faults_by_name(void **unused)
{
	static const char *const good[] = {
		"skip-slot",  "unmap",	   "ignore-refusal", "wrong-hva",
		"short-slot", "read-only", "late-delete",
	};
	static const char *const bad[] = { "", "skip", "skip-slots", "UNMAP" };
	struct slotscope_error err = {};
	enum kvm_fault_kind kind;
	size_t i;

	for (i = 0; i < 7; i++) {
		assert_int_equal(kvm_fault_parse(good[i], &kind, &err), 0);
		assert_string_equal(kvm_fault_name(kind), good[i]);
	}
	for (i = 0; i < 4; i++)
		assert_int_equal(kvm_fault_parse(bad[i], &kind, &err), -EINVAL);
}

static const struct kvm_slot_request create_low = {
	.slot = 0,
	.gpa = 0,
	.size = MIB,
	.hva = 0x10000000,
};
static const struct kvm_slot_request create_high = {
	.slot = 3,
	.gpa = 4 * GIB,
	.size = GIB,
	.hva = 0x20000000,
};
static const struct kvm_slot_request delete_high = {
	.slot = 3,
	.gpa = 4 * GIB,
	.size = 0,
	.hva = 0x20000000,
};
static const struct kvm_slot_request reuse_id = {
	.slot = 3,
	.gpa = 2 * GIB,
	.size = MIB,
	.hva = 0x30000000,
};

/* Each comes up, and none is that there is none */
static void chooses_a_fault_by_seed(void **unused)
{
	size_t seen[KVM_FAULT_KINDS] = {};

	for (uint64_t seed = 0; seed < 700; seed++) {
		enum kvm_fault_kind kind = kvm_fault_of_seed(seed);

		assert_true(kind < KVM_FAULT_KINDS);
		assert_int_equal(kind, kvm_fault_of_seed(seed));
		seen[kind]++;
	}
	assert_int_equal(seen[KVM_FAULT_NONE], 0);
	for (uint64_t first = 1; first < 70; first += 7) {
		unsigned int all = 0;

		for (uint64_t seed = first; seed < first + 7; seed++)
			all |= 1U << kvm_fault_of_seed(seed);
		assert_int_equal(all, 0xfe);
	}
	for (size_t i = 1; i < KVM_FAULT_KINDS; i++)
		assert_true(seen[i] > 50);
}

static void alters_one_slot_and_no_other(void **unused)
{
	const struct kvm_slot_request high = {
		.slot = 3,
		.gpa = 4 * GIB,
		.size = GIB,
		.hva = 0x7f0100000000,
		.offset = 0x1000000,
	};
	struct kvm_slot_request request = create_low;
	struct kvm_fault fault = { .gpa = 4 * GIB };

	for (int kind = KVM_FAULT_WRONG_HVA; kind <= KVM_FAULT_LATE_DELETE;
	     kind++) {
		fault.kind = (enum kvm_fault_kind)kind;
		assert_false(kvm_fault_alters(&fault, &request));
		assert_memory_equal(&request, &create_low, sizeof(request));
	}
	request = high;
	assert_false(kvm_fault_alters(&fault, &request));
	assert_memory_equal(&request, &high, sizeof(request));
	assert_true(fault.active);
	assert_int_equal(fault.slot, 3);
	fault.kind = KVM_FAULT_WRONG_HVA;
	assert_true(kvm_fault_alters(&fault, &request));
	assert_int_equal(request.hva, 0x7f00ff000000);
	request = high;
	fault.kind = KVM_FAULT_SHORT_SLOT;
	assert_true(kvm_fault_alters(&fault, &request));
	assert_int_equal(request.size, GIB / 2);
	request = high;
	fault.kind = KVM_FAULT_READ_ONLY;
	assert_true(kvm_fault_alters(&fault, &request));
	assert_int_equal(request.flags, SLOT_READONLY);
	assert_int_equal(request.size, GIB);
	/* Once it is deleted, its number is anybody's */
	request = delete_high;
	assert_false(kvm_fault_alters(&fault, &request));
	request = reuse_id;
	assert_false(kvm_fault_alters(&fault, &request));
	assert_memory_equal(&request, &reuse_id, sizeof(request));
}

static void skips_one_slot_and_no_other(void **unused)
{
	struct kvm_fault fault = { .kind = KVM_FAULT_SKIP_SLOT,
				   .gpa = 4 * GIB };
	hva_t hva = create_high.hva;

	assert_false(kvm_fault_skips(&fault, &create_low));
	assert_false(fault.active);
	assert_true(kvm_fault_skips(&fault, &create_high));
	assert_true(fault.active);
	assert_int_equal(fault.slot, 3);
	assert_false(kvm_fault_spoils(&fault, &create_high, &hva));
	assert_false(kvm_fault_skips(&fault, &create_low));
	/* KVM has no such slot to delete; then its number is free for others */
	assert_true(kvm_fault_skips(&fault, &delete_high));
	assert_false(fault.active);
	assert_false(kvm_fault_skips(&fault, &reuse_id));
	assert_true(kvm_fault_skips(&fault, &create_high));
}

static void spoils_one_request_and_no_other(void **unused)
{
	struct kvm_fault fault = { .kind = KVM_FAULT_IGNORE_REFUSAL,
				   .gpa = 4 * GIB };
	hva_t hva = create_low.hva;

	assert_false(kvm_fault_spoils(&fault, &create_low, &hva));
	assert_int_equal(hva, create_low.hva);
	assert_false(kvm_fault_skips(&fault, &create_high));
	hva = create_high.hva;
	assert_true(kvm_fault_spoils(&fault, &create_high, &hva));
	assert_int_not_equal(hva % 4096, 0);
}

static void no_fault_touches_nothing(void **unused)
{
	static const enum kvm_fault_kind kinds[] = { KVM_FAULT_NONE,
						     KVM_FAULT_UNMAP };
	size_t i;

	for (i = 0; i < 2; i++) {
		struct kvm_fault fault = { .kind = kinds[i], .gpa = 4 * GIB };
		hva_t hva = create_high.hva;

		assert_false(kvm_fault_skips(&fault, &create_high));
		assert_false(kvm_fault_spoils(&fault, &create_high, &hva));
		assert_int_equal(hva, create_high.hva);
	}
}

/* A hole is in the range, of whole pages, and everything around it is there */
static void check_hole(uint64_t size, uint64_t wanted)
{
	struct kvm_fault fault = { .kind = KVM_FAULT_UNMAP, .gpa = 4 * GIB };
	struct slotscope_error err = {};
	uint64_t at;
	gpa_t hole;
	char *host;
	void *p;

	assert_int_equal(ram_map("test", size, &p, &err), 0);
	host = p;
	assert_int_equal(kvm_fault_unmap(&fault, host, size, &hole, &err),
			 wanted);
	assert_true(fault.active);
	assert_in_range(hole, 4 * GIB, 4 * GIB + size - wanted);
	hole -= 4 * GIB;
	assert_int_equal(hole % 4096, 0);
	for (at = 0; at < size; at += 4096)
		assert_int_equal(is_mapped(host + at),
				 at < hole || at >= hole + wanted);
	ram_unmap(host, size);
}

static void unmaps_a_hole(void **unused)
{
	struct kvm_fault fault = { .kind = KVM_FAULT_UNMAP, .gpa = MIB };
	struct slotscope_error err = {};
	gpa_t hole;

	check_hole(64 * MIB, 2 * MIB);
	check_hole(8 * MIB, 2 * MIB);
	check_hole(7 * MIB, 7 * MIB / 4);
	check_hole(MIB, MIB / 4);
	check_hole(16384, 4096);
	assert_int_equal(kvm_fault_unmap(&fault, NULL, 8192, &hole, &err),
			 -EINVAL);
	assert_true(err.next[0]);
	assert_false(fault.active);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_sizes),
		cmocka_unit_test(maps_ram_aligned_and_untouched),
		cmocka_unit_test(refuses_ram_beyond_the_address_space),
		cmocka_unit_test(console_makes_lines),
		cmocka_unit_test(knows_faults_by_name),
		cmocka_unit_test(chooses_a_fault_by_seed),
		cmocka_unit_test(alters_one_slot_and_no_other),
		cmocka_unit_test(skips_one_slot_and_no_other),
		cmocka_unit_test(spoils_one_request_and_no_other),
		cmocka_unit_test(no_fault_touches_nothing),
		cmocka_unit_test(unmaps_a_hole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
