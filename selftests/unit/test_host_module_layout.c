// SPDX-License-Identifier: GPL-2.0-or-later
/* A module of another kernel: what is said of it */
#include "host/module_layout.h"
#include "host_make.h"

static struct slotscope_error say(uint32_t verdict, uint32_t error,
				  struct slotscope_member second)
{
	const struct slotscope_member members[] = {
		{ "kvm.srcu", 40, 8, 40, 8 }, second
	};
	const struct slotscope_layout layout = { .nr_members = 2,
						 .nr_copied = 2,
						 .verdict = verdict,
						 .error = error };
	struct slotscope_error err = { 0 };

	error_set(&err, EPROTO, "read");
	assert_int_equal(module_layout_say(&layout, members, &err), -EPROTO);
	assert_true(err.next[0]);
	return err;
}

static void the_first_that_differs(void **unused)
{
	const struct slotscope_member elsewhere = { "kvm.mm", 8, 4, 16, 8 };
	struct slotscope_error err;

	err = say(SLOTSCOPE_LAYOUT_OTHER, 0, elsewhere);
	assert_non_null(strstr(err.why, "kvm.mm is at 16 with 8 bytes, and not "
					"at 8 with 4"));
	assert_non_null(strstr(err.next, "headers"));
}

static void one_that_is_not_there(void **unused)
{
	const struct slotscope_member gone = { "kvm.mm", 8, 4,
					       SLOTSCOPE_NO_MEMBER,
					       SLOTSCOPE_NO_MEMBER };
	struct slotscope_error err = say(SLOTSCOPE_LAYOUT_OTHER, 0, gone);

	assert_non_null(strstr(err.why, "which has no kvm.mm"));
}

static void one_that_did_not_fit(void **unused)
{
	const struct slotscope_member same = { "kvm.mm", 8, 8, 8, 8 };
	struct slotscope_error err = say(SLOTSCOPE_LAYOUT_OTHER, 0, same);

	assert_non_null(strstr(err.why, "another kvm"));
	assert_null(strstr(err.why, "kvm.mm"));
}

static void what_is_no_other_layout(void **unused)
{
	const struct slotscope_member same = { "kvm.mm", 8, 8, 8, 8 };
	struct slotscope_error err;

	err = say(SLOTSCOPE_LAYOUT_UNKNOWN, ENOENT, same);
	assert_non_null(strstr(err.why, "/sys/kernel/btf: No such file"));
	err = say(SLOTSCOPE_LAYOUT_SAME, 0, same);
	assert_null(strstr(err.why, "another kvm"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_that_differs),
		cmocka_unit_test(one_that_is_not_there),
		cmocka_unit_test(one_that_did_not_fit),
		cmocka_unit_test(what_is_no_other_layout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
