// SPDX-License-Identifier: GPL-2.0-or-later
/* Single lines of info mtree, as the QEMUs named beside them print them */
#include "mtree_fixture.h"

#include "mtree/line.h"

static enum mtree_line_type parse(const char *text, bool flat,
				  struct mtree_line *line)
{
	return mtree_line_parse((struct piece){ text, strlen(text) }, flat,
				line);
}

static void assert_str(struct piece s, const char *expected)
{
	if (!expected) {
		assert_null(s.s);
		return;
	}
	assert_non_null(s.s);
	assert_int_equal(s.len, strlen(expected));
	assert_memory_equal(s.s, expected, s.len);
}

static void test_headers(void **state)
{
	struct mtree_line l;

	assert_int_equal(parse("", false, &l), MTREE_LINE_BLANK);
	assert_int_equal(parse("address-space: I/O", false, &l),
			 MTREE_LINE_ADDRESS_SPACE);
	assert_str(l.name, "I/O");
	assert_int_equal(parse("memory-region: 0000:00:02.0 BAR 0", false, &l),
			 MTREE_LINE_MEMORY_REGION);
	assert_str(l.name, "0000:00:02.0 BAR 0");
	assert_int_equal(parse("FlatView #12", true, &l), MTREE_LINE_FLATVIEW);
	assert_int_equal(parse(" AS \"KVM-SMRAM\", root: mem-container-smram",
			       true, &l),
			 MTREE_LINE_FLATVIEW_AS);
	assert_str(l.name, "KVM-SMRAM");
	assert_str(l.root, "mem-container-smram");
	assert_int_equal(parse(" AS \"vtd-root\", root: a, alias system", true,
			       &l),
			 MTREE_LINE_FLATVIEW_AS);
	assert_str(l.root, "a");
	assert_int_equal(parse(" Root memory region: (none)", true, &l),
			 MTREE_LINE_FLATVIEW_ROOT);
	assert_str(l.name, "(none)");
	assert_int_equal(parse("  No rendered FlatView", true, &l),
			 MTREE_LINE_FLATVIEW_EMPTY);
	assert_int_equal(parse("  Dispatch", true, &l), MTREE_LINE_DISPATCH);
	assert_int_equal(parse("[DETECTED OVERFLOW!] address-space: x", false,
			       &l),
			 MTREE_LINE_ADDRESS_SPACE);
	assert_true(l.overflow);
}

static void test_flat_ranges(void **state)
{
	struct mtree_line l;

	/* 7.2 */
	assert_int_equal(
		parse("  00000000000e0000-00000000000fffff (prio 0, rom): "
		      "pc.bios @0000000000020000 KVM",
		      true, &l),
		MTREE_LINE_REGION);
	assert_int_equal(l.start, 0xe0000);
	assert_int_equal(l.end, 0xfffff);
	assert_int_equal(l.kind, MTREE_ROM);
	assert_int_equal(l.offset, 0x20000);
	assert_str(l.name, "pc.bios");
	assert_true(l.accel);
	assert_false(l.owned);

	/* -o; both address spaces of KVM share the view */
	assert_int_equal(
		parse("  0000000000100000-0000000003ffffff (prio -1, nv-ram): "
		      "nv0 @0000000000100000 owner:{dev id=d} "
		      "parent:{obj path=/objects/nv0} KVM KVM",
		      true, &l),
		MTREE_LINE_REGION);
	assert_true(l.nonvolatile);
	assert_int_equal(l.priority, -1);
	assert_int_equal(l.kind, MTREE_RAM);
	assert_str(l.name, "nv0");
	assert_int_equal(l.offset, 0x100000);
	assert_str(l.owner, "dev id=d");
	assert_str(l.parent, "obj path=/objects/nv0");
	assert_true(l.accel);

	assert_int_equal(
		parse("  0000000000000000-ffffffffffffffff (prio 0, i/o): io "
		      "orphan",
		      true, &l),
		MTREE_LINE_REGION);
	assert_str(l.name, "io");
	assert_true(l.owned);
	assert_null(l.owner.s);
	assert_int_equal(l.end, UINT64_MAX);

	/* Names are QEMU's and its devices': anything goes */
	assert_int_equal(
		parse("  0000000000000000-0000000000000fff (prio 0, ramd): "
		      "/rom@etc/acpi @ tables @00000000000000001",
		      true, &l),
		MTREE_LINE_REGION);
	assert_str(l.name, "/rom@etc/acpi @ tables @00000000000000001");
	assert_int_equal(l.kind, MTREE_RAMD);
	assert_int_equal(l.offset, 0);
	assert_int_equal(
		parse("  0000000000000000-0000000000000fff (prio 0, romd): ",
		      true, &l),
		MTREE_LINE_REGION);
	assert_str(l.name, "");
	assert_int_equal(l.kind, MTREE_ROMD);
}

static void test_tree_nodes(void **state)
{
	struct mtree_line l;

	/* 7.2 */
	assert_int_equal(
		parse("    0000000000000000-ffffffffffffffff (prio 0, i/o): "
		      "alias bus master @system 0000000000000000-"
		      "ffffffffffffffff [disabled] owner:{dev "
		      "path=/machine/unattached/device[3]}",
		      false, &l),
		MTREE_LINE_REGION);
	assert_int_equal(l.level, 2);
	assert_str(l.name, "bus master");
	assert_str(l.alias, "system");
	assert_int_equal(l.alias_end, UINT64_MAX);
	assert_true(l.disabled);
	assert_str(l.owner, "dev path=/machine/unattached/device[3]");

	/* A target whose name has a space, and one with '@' */
	assert_int_equal(
		parse("  00000000fe000000-00000000fe000fff (prio 1, ramd): "
		      "alias 0000:01:00.0 BAR 0 @0000:01:00.0 BAR 0 mmaps[0] "
		      "0000000000002000-0000000000002fff",
		      false, &l),
		MTREE_LINE_REGION);
	assert_str(l.name, "0000:01:00.0 BAR 0");
	assert_str(l.alias, "0000:01:00.0 BAR 0 mmaps[0]");
	assert_int_equal(l.alias_start, 0x2000);

	/* Newer QEMUs: a region that is mapped nowhere */
	assert_int_equal(
		parse("  0000000000000000-000000000000ffff (prio 0, "
		      "container): io parent:{obj path=/machine/unattached}",
		      false, &l),
		MTREE_LINE_REGION);
	assert_int_equal(l.kind, MTREE_CONTAINER);
	assert_null(l.owner.s);
	assert_str(l.parent, "obj path=/machine/unattached");

	/* 2.8 */
	assert_int_equal(
		parse("    00000000000e0000-00000000000fffff (prio 1, R-): "
		      "alias isa-bios @pc.bios 0000000000020000-"
		      "000000000003ffff",
		      false, &l),
		MTREE_LINE_REGION);
	assert_int_equal(l.kind, MTREE_RIGHTS);
	assert_true(l.readable);
	assert_false(l.writable);
	assert_int_equal(
		parse("  0000000000000000-ffffffffffffffff (prio 0, RW): "
		      "system",
		      false, &l),
		MTREE_LINE_REGION);
	assert_true(l.writable);

	/* An alias only in name */
	assert_int_equal(
		parse("  0000000000000000-0000000000000fff (prio 0, ram): "
		      "alias to nothing",
		      false, &l),
		MTREE_LINE_REGION);
	assert_str(l.name, "alias to nothing");
	assert_null(l.alias.s);

	/* An address that wraps */
	assert_int_equal(parse("[DETECTED OVERFLOW!]     fffffffffffff000-"
			       "0000000000000fff (prio -2147483648, i/o): x",
			       false, &l),
			 MTREE_LINE_REGION);
	assert_true(l.overflow);
	assert_int_equal(l.priority, INT32_MIN);
	assert_int_equal(l.level, 2);
}

static void test_bad_lines(void **state)
{
	static const char *const bad[] = {
		" ",
		"x",
		"FlatView #",
		"FlatView #1x",
		"FlatView #99999999999",
		"0000000000000000-0000000000000fff (prio 0, ram): no indent",
		"  000000000000000-0000000000000fff (prio 0, ram): x",
		"  0000000000000000-0000000000000FFF (prio 0, ram): x",
		"  0000000000000000 0000000000000fff (prio 0, ram): x",
		"  0000000000000000-0000000000000fff (prio , ram): x",
		"  0000000000000000-0000000000000fff (prio 2147483648, ram): x",
		"  0000000000000000-0000000000000fff (prio -2147483649, ram):x",
		"  0000000000000000-0000000000000fff (prio 0, RAM): x",
		"  0000000000000000-0000000000000fff (prio 0, nv-RW): x",
		"  0000000000000000-0000000000000fff (prio 0, ram) x",
		" AS \"memory\"",
		" AS \"memory, root: system",
		"mtree: extraneous characters at the end of line",
	};
	struct mtree_line l;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse(bad[i], true, &l) != MTREE_LINE_BAD)
			fail_msg("line \"%s\"", bad[i]);
	/* Heads of flat views mean nothing elsewhere */
	assert_int_equal(parse(" Root memory region: x", false, &l),
			 MTREE_LINE_BAD);
}

/* Lines end in "\n", "\r\n", or with the text */
static void test_next(void **state)
{
	struct piece text = { "a\r\n\nb\r", 6 }, line;

	assert_true(piece_line(&text, &line));
	assert_str(line, "a");
	assert_true(piece_line(&text, &line));
	assert_str(line, "");
	assert_true(piece_line(&text, &line));
	assert_str(line, "b");
	assert_false(piece_line(&text, &line));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_flat_ranges),
		cmocka_unit_test(test_tree_nodes),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
