// SPDX-License-Identifier: GPL-2.0-or-later
/* When which VM is checked, and what it comes to; what is read of them is made up */
#include "session_make.h"
#include "session/course.h"

/* What was told, a letter each: a VM's number, or ? */
static struct {
	char text[64];
	int verdicts[64]; /* in turn; then 0 */
	size_t nr;
	struct slotscope_error cannot;
	int sample_fails; /* an errno */
	bool gone;
	bool stops;
} told;

static int no_sample(struct checker *checker, size_t place,
		     struct sample *sample, struct slotscope_error *why)
{
	memset(sample, 0, sizeof(*sample));
	stop_requested |= told.stops;
	if (told.gone)
		return CHECKER_GONE;
	return told.sample_fails ?
		       error_set(why, told.sample_fails, "read the VM") :
		       0;
}

static int note_verdict(void *ctx, const struct checker *checker, size_t place,
			const struct sample *sample, int at_ms,
			struct slotscope_error *why)
{
	told.text[told.nr] = '0' + checker->vms.vms[place].number;
	return told.verdicts[told.nr++];
}

static void note_cannot(void *ctx, const struct slotscope_error *why)
{
	told.text[told.nr++] = '?';
	told.cannot = *why;
}

/* Run it over a script */
static int run(const char *script, const char *vm, bool to_end, size_t nr_at,
	       int first, int second)
{
	const int at_ms[] = { first, second };
	const struct course course = {
		.at_ms = at_ms,
		.nr_at = nr_at,
		.wait = true,
		.to_end = to_end,
		.sample = no_sample,
		.verdict = note_verdict,
		.cannot = note_cannot,
	};
	struct checker checker;
	struct child child;
	int ret;

	memset(&err, 0, sizeof(err));
	start(&checker, &child, script, vm);
	ret = course_run(&course, &checker, &err);
	if (to_end)
		assert_false(checker_alive(&checker));
	end(&checker, &child);
	return ret;
}

static void begin(void)
{
	memset(&told, 0, sizeof(told));
	stop_requested = 0;
}

static void all_of_them_each_time(void **unused)
{
	NEEDS_KVM();
	begin();
	assert_int_equal(run("TEST_VMS=2 $VMM; true", NULL, false, 2, 500, 700),
			 0);
	assert_string_equal(told.text, "1212");
	begin();
	assert_int_equal(run("TEST_VMS=2 $VMM; true", "2", false, 2, 500, 700),
			 0);
	assert_string_equal(told.text, "22");
}

static void the_worst_counts(void **unused)
{
	static const struct {
		int verdicts[2];
		int want;
	} cases[] = {
		{ { 0, 2 }, 2 }, { { 2, 0 }, 2 }, { { 2, 1 }, 1 },
		{ { 1, 2 }, 1 }, { { 1, 0 }, 1 },
	};
	NEEDS_KVM();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin();
		memcpy(told.verdicts, cases[i].verdicts,
		       sizeof(cases[i].verdicts));
		assert_int_equal(run("TEST_VMS=1 $VMM; true", NULL, false, 2, 0,
				     1),
				 cases[i].want);
		assert_string_equal(told.text, "11");
	}
	/* One that cannot be made ends it */
	begin();
	told.verdicts[0] = -ENOMEM;
	assert_int_equal(run("TEST_VMS=1 $VMM; true", NULL, false, 2, 0, 1),
			 -ENOMEM);
	assert_string_equal(told.text, "1");
}

static void ends_too_early(void **unused)
{
	NEEDS_KVM();
	/* Before the second check; the first is not lost by that */
	begin();
	told.verdicts[0] = 1;
	assert_int_equal(run("TEST_VMS=1 timeout -s KILL 2 $VMM; exit 7", NULL,
			     false, 2, 0, 60000),
			 1);
	assert_string_equal(told.text, "1?");
	assert_string_equal(told.cannot.tried, "check at 60.0 s");
	assert_non_null(strstr(told.cannot.why, "the VM was gone after "));
	assert_non_null(strstr(told.cannot.next, "try --at "));
	/* Before the first */
	begin();
	assert_int_equal(run("TEST_VMS=1 timeout -s KILL 2 $VMM; exit 7", NULL,
			     false, 1, 60000, 0),
			 2);
	assert_string_equal(told.text, "?");
	/* Without a VM at all */
	begin();
	assert_int_equal(run("exit 7", NULL, true, 1, 0, 0), 2);
	assert_string_equal(told.text, "?");
	assert_non_null(strstr(told.cannot.why, "no VM of it was there"));
	/* Between two checks nothing is there, and then another one */
	begin();
	assert_int_equal(run("TEST_VMS=1 timeout -s KILL 1.5 $VMM; sleep 6; "
			     "TEST_VMS=1 $VMM",
			     NULL, false, 2, 0, 3000),
			 2);
	assert_string_equal(told.text, "1?");
}

static void to_the_end(void **unused)
{
	NEEDS_KVM();
	begin();
	assert_int_equal(run("TEST_VMS=1 timeout -s KILL 2 $VMM; exit 4", NULL,
			     true, 1, 0, 0),
			 0);
	assert_string_equal(told.text, "1");
}

static void it_goes_while_it_is_read(void **unused)
{
	NEEDS_KVM();
	begin();
	told.gone = true;
	assert_int_equal(run("TEST_VMS=1 $VMM; true", NULL, false, 1, 0, 0), 2);
	assert_string_equal(told.text, "?");
}

/* Whatever the number of the error: no module (ENOENT), no such symbol (ESRCH) */
static void it_cannot_be_read(void **unused)
{
	static const int errors[] = { EPERM, ENOENT, ESRCH };

	NEEDS_KVM();
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		begin();
		told.sample_fails = errors[i];
		assert_int_equal(run("TEST_VMS=1 $VMM; true", NULL, false, 1, 0,
				     0),
				 -errors[i]);
		assert_string_equal(told.text, "");
		assert_string_equal(err.tried, "read the VM");
	}
}

static void one_at_no_check(void **unused)
{
	static const char two[] = "TEST_VMS=1 timeout -s KILL 1 $VMM; "
				  "TEST_VMS=1 $VMM; true";

	NEEDS_KVM();
	begin();
	assert_int_equal(run(two, NULL, false, 1, 2500, 0), 2);
	assert_string_equal(told.text, "2?");
	assert_non_null(strstr(told.cannot.why, "1 of 2 VMs"));
	/* A mismatch is worse */
	begin();
	told.verdicts[0] = 1;
	assert_int_equal(run(two, NULL, false, 1, 2500, 0), 1);
	assert_string_equal(told.text, "2?");
	/* It is not meant */
	begin();
	assert_int_equal(run(two, "2", false, 1, 500, 0), 0);
	assert_string_equal(told.text, "2");
}

/* Whatever a signal made fail, it is the signal that is told */
static void a_signal(void **unused)
{
	NEEDS_KVM();
	begin();
	told.sample_fails = ESRCH;
	told.stops = true;
	assert_int_equal(run("TEST_VMS=1 $VMM; true", NULL, false, 2, 0, 1),
			 -EINTR);
	assert_non_null(strstr(err.tried, "make 2 of 2 checks"));
	assert_string_equal(told.text, "");
	begin();
	stop_requested = 1;
	assert_int_equal(run("exit 7", NULL, false, 1, 0, 0), -EINTR);
	assert_non_null(strstr(err.why, "signal"));
	stop_requested = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_them_each_time),
		cmocka_unit_test(the_worst_counts),
		cmocka_unit_test(ends_too_early),
		cmocka_unit_test(to_the_end),
		cmocka_unit_test(it_goes_while_it_is_read),
		cmocka_unit_test(it_cannot_be_read),
		cmocka_unit_test(one_at_no_check),
		cmocka_unit_test(a_signal),
	};

	session_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
