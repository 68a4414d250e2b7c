// SPDX-License-Identifier: GPL-2.0-or-later
/* Counts and sizes, as they are printed everywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/name_say.h"
#include "base/plural.h"
#include "base/size_text.h"

#define KIB 1024ULL
#define MIB (KIB << 10)
#define GIB (MIB << 10)

/* No plural of one; zero has one, as in English */
static void no_plural_of_one(void **state)
{
	assert_string_equal(plural(1), "");
	assert_string_equal(plural(0), "s");
	assert_string_equal(plural(2), "s");
	assert_string_equal(plural((uint64_t)1 << 32), "s");
	assert_string_equal(plural(((uint64_t)1 << 32) + 1), "s");
	assert_string_equal(plural_es(1), "");
	assert_string_equal(plural_es(0), "es");
	assert_string_equal(plural_es(2), "es");
}

static void names(void **state)
{
	char many[300];

	assert_string_equal(NAME_SAY("qemu"), "qemu");
	assert_string_equal(NAME_SAY("a\nb\n"), "a\\0ab\\0a");
	assert_string_equal(NAME_SAY(""), "");
	memset(many, '\n', sizeof(many) - 1);
	many[sizeof(many) - 1] = '\0';
	assert_true(strlen(NAME_SAY(many)) < NAME_SAY_MAX);
	assert_null(strchr(NAME_SAY(many), '\n'));
}

static void sizes(void **state)
{
	static const struct {
		uint64_t size;
		const char *text;
		const char *cell;
	} cases[] = {
		{ 0, "0 bytes", "0K" },
		{ 4 * KIB, "4 KiB", "4K" },
		{ 640 * KIB, "640 KiB", "640K" },
		{ 255 * MIB, "255 MiB", "255M" },
		{ GIB, "1 GiB", "1G" },
		{ GIB + GIB / 2, "1536 MiB", "1536M" },
		{ 1ULL << 40, "1 TiB", "1T" },
		{ 1ULL << 63, "8 EiB", "8E" },
		{ UINT64_MAX, "16.0 EiB", "15.9E" },
	};
	char buf[SIZE_TEXT];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_string_equal(size_text(buf, cases[i].size),
				    cases[i].text);
		assert_string_equal(SIZE_IN_TEXT(cases[i].size), cases[i].text);
		assert_string_equal(size_cell(buf, cases[i].size),
				    cases[i].cell);
	}
}

/* A cell is at most five columns wide, and never says more than there is */
static void cells(void **state)
{
	char buf[SIZE_TEXT];
	double value;
	char *unit;

	for (uint64_t size = 1; size; size <<= 1) {
		for (int less = 0; less <= 1; less++) {
			size_cell(buf, size - less);
			assert_true(strlen(buf) <= 5);
			value = strtod(buf, &unit);
			assert_int_equal(strlen(unit), 1);
			for (const char *u = "KMGTPE"; *u; u++) {
				value *= 1024;
				if (*u == *unit)
					break;
			}
			assert_true(value <= (double)(size - less));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_plural_of_one),
		cmocka_unit_test(names),
		cmocka_unit_test(sizes),
		cmocka_unit_test(cells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
