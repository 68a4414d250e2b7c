// SPDX-License-Identifier: GPL-2.0-or-later
/* Which flat views of two texts are the same, and which are not. */
#include <errno.h>

#include <slotscope/mtree.h>

#include "mtree_fixture.h"

#define HEAD	 "FlatView #0\n"
#define MEM_AS	 " AS \"memory\", root: system\n"
#define CPU_AS	 " AS \"cpu\", root: system\n"
#define ROOT	 " Root memory region: system\n"
#define RAM	 "  0000000000000000-0000000000000fff (prio 0, ram): ram"
#define MMIO	 "  0000000000001000-0000000000001fff (prio 1, i/o): dev\n"
#define MEMORY	 HEAD MEM_AS CPU_AS ROOT RAM "\n" MMIO "\n"
#define IO_RANGE "  0000000000000000-000000000000ffff (prio 0, i/o): io\n"
#define IO_ROOT	 " Root memory region: io\n"
#define IO	 HEAD " AS \"I/O\", root: io\n" IO_ROOT IO_RANGE "\n"

static struct mtree_flatviews parse(const char *text)
{
	struct mtree_flatviews views;
	struct slotscope_error err = { 0 };

	if (mtree_flatviews_parse(text, strlen(text), &views, &err))
		fail_msg("%s: %s", err.tried, err.why);
	return views;
}

/*
 * How many differences; and of the first one, by which address space each side
 * is known: "" for a side that is not there
 */
static size_t compare(const char *a, const char *b, char sides[2][16])
{
	struct mtree_flatviews x = parse(a), y = parse(b);
	struct mtree_difference *d;
	size_t nr;

	assert_int_equal(mtree_flatviews_compare(&x, &y, true, &d, &nr), 0);
	assert_int_equal(!d, !nr);
	if (nr && sides) {
		snprintf(sides[0], 16, "%s", d->a ? d->a->as->name : "");
		snprintf(sides[1], 16, "%s", d->b ? d->b->as->name : "");
	}
	free(d);
	mtree_flatviews_deinit(&y);
	mtree_flatviews_deinit(&x);
	return nr;
}

static void test_equal(void **state)
{
	assert_int_equal(compare(MEMORY IO, MEMORY IO, NULL), 0);
	assert_int_equal(compare(MEMORY IO, IO MEMORY, NULL), 0);
	assert_int_equal(compare(MEMORY,
				 HEAD CPU_AS MEM_AS ROOT RAM "\n" MMIO "\n",
				 NULL),
			 0);
	assert_int_equal(compare(MEMORY,
				 HEAD MEM_AS CPU_AS ROOT RAM " KVM\n" MMIO "\n",
				 NULL),
			 0);
	/* Owners, if only one side has them */
	assert_int_equal(compare(HEAD MEM_AS ROOT RAM "\n\n",
				 HEAD MEM_AS ROOT RAM " owner:{dev id=x}\n\n",
				 NULL),
			 0);
	/* Two alike on both sides */
	assert_int_equal(compare(IO IO, IO IO, NULL), 0);
}

/* Each way in which one range, or its view, can be another */
static void test_each_field(void **state)
{
	static const char *const other[] = {
		"  0000000000000000-00000000000007ff (prio 0, ram): ram\n",
		"  0000000000000800-0000000000000fff (prio 0, ram): ram\n",
		"  0000000000000000-0000000000000fff (prio 1, ram): ram\n",
		"  0000000000000000-0000000000000fff (prio 0, rom): ram\n",
		"  0000000000000000-0000000000000fff (prio 0, nv-ram): ram\n",
		"  0000000000000000-0000000000000fff (prio 0, ram): ram2\n",
		"  0000000000000000-0000000000000fff (prio 0, ram): ram "
		"@0000000000001000\n",
		"  No rendered FlatView\n",
		RAM "\n" MMIO,
	};
	char text[1024], sides[2][16];
	size_t i;

	for (i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		snprintf(text, sizeof(text), HEAD MEM_AS ROOT "%s\n", other[i]);
		assert_int_equal(
			compare(HEAD MEM_AS ROOT RAM "\n\n", text, sides), 1);
		assert_string_equal(sides[0], "memory");
		assert_string_equal(sides[1], "memory");
		assert_int_equal(compare(text, text, NULL), 0);
	}
	assert_int_equal(compare(HEAD MEM_AS ROOT RAM " owner:{dev id=x}\n\n",
				 HEAD MEM_AS ROOT RAM " owner:{dev id=y}\n\n",
				 NULL),
			 1);
	assert_int_equal(compare(HEAD MEM_AS ROOT RAM "\n\n",
				 HEAD MEM_AS IO_ROOT RAM "\n\n", NULL),
			 1);
}

static void test_spaces(void **state)
{
	char sides[2][16];

	/* One space less; the other root; an alias as root; once too often */
	assert_int_equal(
		compare(MEMORY, HEAD MEM_AS ROOT RAM "\n" MMIO "\n", NULL), 1);
	assert_int_equal(compare(HEAD MEM_AS ROOT RAM "\n\n",
				 HEAD " AS \"memory\", root: ram\n" ROOT RAM
				      "\n\n",
				 NULL),
			 1);
	assert_int_equal(
		compare(HEAD MEM_AS ROOT RAM "\n\n",
			HEAD " AS \"memory\", root: system, alias x\n" ROOT RAM
			     "\n\n",
			NULL),
		1);
	assert_int_equal(compare(HEAD MEM_AS MEM_AS CPU_AS ROOT RAM "\n\n",
				 HEAD MEM_AS CPU_AS CPU_AS ROOT RAM "\n\n",
				 NULL),
			 1);
	/* Named otherwise, and found by the root all the same */
	assert_int_equal(compare(HEAD MEM_AS ROOT RAM "\n\n",
				 HEAD CPU_AS ROOT RAM "\n\n", sides),
			 1);
	assert_string_equal(sides[0], "memory");
	assert_string_equal(sides[1], "cpu");
}

static void test_alone(void **state)
{
	char sides[2][16];

	assert_int_equal(compare(MEMORY IO, IO, sides), 1);
	assert_string_equal(sides[0], "memory");
	assert_string_equal(sides[1], "");
	assert_int_equal(compare(IO, MEMORY IO, sides), 1);
	assert_string_equal(sides[0], "");
	assert_string_equal(sides[1], "memory");
	assert_int_equal(compare(IO IO, IO, sides), 1);
	assert_int_equal(compare("", MEMORY IO, NULL), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_each_field),
		cmocka_unit_test(test_spaces),
		cmocka_unit_test(test_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
