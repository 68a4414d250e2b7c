// SPDX-License-Identifier: GPL-2.0-or-later
/* "Did you mean": what is near, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/nearest.h"

static const char *const names[] = { "check", "trace",	"record", "repro",
				     "slots", "export", "list",	  NULL };

static void expect(const char *word, const char *wanted)
{
	const char *found = nearest(word, names);

	if (wanted) {
		assert_non_null(found);
		assert_string_equal(found, wanted);
	} else {
		assert_null(found);
	}
}

/* One letter wrong, missing, too many, or two that changed places */
static void one_mistake(void **state)
{
	expect("chack", "check");
	expect("chck", "check");
	expect("checkk", "check");
	expect("hceck", "check");
	expect("lits", "list");
	expect("recrod", "record");
}

static void beginnings(void **state)
{
	const char *first = NULL;

	expect("sl", "slots");
	expect("expo", "export");
	assert_int_equal(nearest_begins("re", 2, names, &first), 2);
	assert_string_equal(first, "record");
	assert_int_equal(nearest_begins("x", 1, names, NULL), 0);
}

/* One in three may be wrong, and no more; of a letter or two nothing is known */
static void too_far(void **state)
{
	expect("chxyk", NULL);
	expect("frobnicate", NULL);
	expect("c", NULL);
	expect("", NULL);
	expect("ls", NULL);
	expect("a word that is longer than all names there are", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_mistake),
		cmocka_unit_test(beginnings),
		cmocka_unit_test(too_far),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
