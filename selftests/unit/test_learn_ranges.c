// SPDX-License-Identifier: GPL-2.0-or-later
/* Answers as people write them, and the first place where one is wrong. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "learn/ranges.h"

static struct ranges read_ok(const char *text)
{
	struct slotscope_error err = {};
	struct ranges ranges;

	if (ranges_from_text(text, &ranges, &err))
		fail_msg("%s: %s: %s", text, err.tried, err.why);
	return ranges;
}

static void same_words(void **state)
{
	static const char *const texts[] = {
		"0-9ffff ram, c0000-dffff rom+2000",
		"0x0-0x9ffff ram\n0xc0000-0xdffff rom+0x2000\n",
		"C0000-DFFFF ROM+2000; 0-9FFFF RAM+0",
		"0+640K ram, c0000+128K rom+8K",
		"  0+a0000 ram ,\t0xc0000+0x20000 rom@2000 # so it is, I think",
		"0-9ffff ram # low, I think\nc0000-dffff rom+2000",
	};
	struct ranges_difference difference;
	struct ranges first = read_ok(texts[0]);

	(void)state;
	assert_int_equal(first.nr, 2);
	assert_int_equal(first.items[0].last, 0x9ffff);
	assert_string_equal(first.items[1].name, "rom");
	assert_int_equal(first.items[1].offset, 0x2000);
	for (size_t i = 1; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct ranges other = read_ok(texts[i]);

		if (!ranges_compare(&other, &first, &difference))
			fail_msg("not as the first: %s", texts[i]);
	}
	assert_int_equal(read_ok("nothing").nr, 0);
	assert_int_equal(read_ok("").nr, 0);
	/* The whole of 64 bits */
	assert_true(read_ok("0-ffffffffffffffff ram").items[0].last ==
		    UINT64_MAX);
}

static void deeds(void **state)
{
	struct ranges_difference difference;
	struct ranges a = read_ok("add 0-fff ram, del 0-ffff ram"), b;

	(void)state;
	b = read_ok("- 0-ffff; + 0-fff ram+0");
	assert_int_equal(a.items[0].deed, RANGE_DELETED);
	assert_true(ranges_have_deeds(&a));
	assert_true(ranges_compare(&b, &a, &difference));
	b = read_ok("del 0-ffff; add 0-fff ram, 2000-2fff ram+2000");
	assert_int_equal(b.nr, 3);
	assert_int_equal(b.items[2].deed, RANGE_ADDED);
	b = read_ok("delete 0-ffff ram");
	assert_false(ranges_compare(&b, &a, &difference));
	assert_int_equal(difference.differ, RANGES_MISSING);
	assert_int_equal(difference.deed, RANGE_ADDED);
}

static void refused(void **state)
{
	static const char *const texts[] = {
		"hello",
		"0",
		"0-",
		"0-zz ram",
		"9-0 ram",
		"0-fff ram+",
		"0-fff ram more",
		"0+0 ram",
		"0--fff ram",
		"0-10000000000000000 ram",
		"0-fff ram+fffg",
		"del",
		"0xx-1 ram",
		"0-99999999999999T ram",
		"0-fff a-name-that-no-region-would-have",
	};
	struct ranges ranges;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct slotscope_error err = {};

		if (ranges_from_text(texts[i], &ranges, &err) != -EINVAL)
			fail_msg("taken: %s", texts[i]);
		assert_true(err.next[0]);
	}
}

static void too_many(void **state)
{
	char text[RANGES_MAX * 20 + 40] = "";
	struct slotscope_error err = {};
	struct ranges ranges;

	(void)state;
	for (int i = 0; i <= RANGES_MAX; i++)
		strcat(text, "0-fff ram,");
	assert_int_equal(ranges_from_text(text, &ranges, &err), -E2BIG);
}

static void first_difference(void **state)
{
	static const struct {
		const char *given;
		enum ranges_differ differ;
		uint64_t at;
		const char *says;
	} cases[] = {
		{ "nothing", RANGES_EMPTY, 0, "nothing was said" },
		{ "0-fff ram", RANGES_MISSING, 0x2000, "0x2000" },
		{ "0-fff ram, 1000-1fff ram+1000, 2000-2fff rom", RANGES_EXTRA,
		  0x1000, "no range begins at 0x1000" },
		{ "0-fff rom, 2000-2fff rom", RANGES_WHAT, 0,
		  "something else" },
		{ "0-fff ram, 2000-2fff rom+2000", RANGES_OFFSET, 0x2000,
		  "another part" },
		{ "0-1000 ram, 2000-2fff rom", RANGES_ENDS, 0,
		  "the last address still" },
		{ "0-1fff ram, 2000-2fff rom", RANGES_ENDS, 0, "does not end" },
		{ "0-7ff ram, 800-fff ram+800, 2000-2fff rom", RANGES_CUT, 0,
		  "one range" },
	};
	struct ranges wanted = read_ok("0-fff ram, 2000-2fff rom");
	struct ranges_difference difference;
	char text[RANGES_SAY_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ranges given = read_ok(cases[i].given);

		assert_false(ranges_compare(&given, &wanted, &difference));
		assert_int_equal(difference.differ, cases[i].differ);
		assert_int_equal(difference.at, cases[i].at);
		/* A hint is no answer */
		ranges_difference_say(text, &difference, false);
		if (!strstr(text, cases[i].says) || strstr(text, "right is"))
			fail_msg("%s: %s", cases[i].given, text);
		ranges_difference_say(text, &difference, true);
		if (difference.wanted && !strstr(text, "right is"))
			fail_msg("%s: %s", cases[i].given, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_words),	    cmocka_unit_test(deeds),
		cmocka_unit_test(refused),	    cmocka_unit_test(too_many),
		cmocka_unit_test(first_difference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
