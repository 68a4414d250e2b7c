// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whose VMs are looked at, without the command line and without a tracer: those of
 * a process, or of a command and all that it started.
 */
#include "session_make.h"

/* How many VMs are there that are meant, once there are @want in all */
static int meant(struct checker *checker, int want)
{
	int nr = 0;

	for (int i = 0; i < 500 && (int)checker->vms.nr < want; i++) {
		nr = checker_look(checker, &err);
		assert_true(nr >= 0 || nr == -ESRCH);
		usleep(10000);
	}
	assert_int_equal(checker->vms.nr, want);
	return checker_look(checker, &err);
}

static void those_of_a_daemon(void **unused)
{
	struct checker checker;
	struct child child;

	NEEDS_KVM();
	start(&checker, &child, "(TEST_VMS=2 setsid $VMM &); sleep 99", NULL);
	assert_int_equal(checker_wait_vm(&checker, &err), 0);
	assert_int_equal(meant(&checker, 2), 2);
	assert_int_equal(checker.vms.vms[0].number, 1);
	assert_int_equal(checker.vms.vms[1].number, 2);
	/* The descriptor that is handed down is no VM more */
	assert_int_equal(checker.vms.vms[0].id.tgid,
			 checker.vms.vms[1].id.tgid);
	assert_true(checker_alive(&checker));
	end(&checker, &child);
}

static void one_of_them(void **unused)
{
	struct checker checker;
	struct child child;

	NEEDS_KVM();
	start(&checker, &child, "TEST_VMS=3 $VMM; true", "2");
	assert_int_equal(meant(&checker, 3), 1);
	assert_false(checker_wants(&checker, &checker.vms.vms[0]));
	assert_true(checker_wants(&checker, &checker.vms.vms[1]));
	end(&checker, &child);

	start(&checker, &child, "TEST_VMS=1 $VMM; true", "nobody");
	assert_int_equal(meant(&checker, 1), 0);
	assert_int_equal(checker_none(&checker, &err), -ENOENT);
	assert_non_null(strstr(err.why, "VM 1: process "));
	assert_non_null(strstr(err.next, "--vm"));
	end(&checker, &child);
}

static void one_held_by_several(void **unused)
{
	struct checker checker;
	struct child child;

	NEEDS_KVM();
	/* It forks, and its child has the descriptor, too */
	start(&checker, &child, "TEST_VMS=1 TEST_FORK=1 $VMM; true", NULL);
	assert_int_equal(meant(&checker, 1), 1);
	usleep(300000);
	assert_int_equal(checker_look(&checker, &err), 1);
	assert_int_equal(checker.vms.nr, 1);
	end(&checker, &child);
}

static void a_command_without_one(void **unused)
{
	int64_t begin = clock_now_ms();
	struct checker checker;
	struct child child;

	start(&checker, &child, "exit 9", NULL);
	assert_int_equal(checker_wait_vm(&checker, &err), -ENOENT);
	assert_true(clock_now_ms() - begin < 10000);
	assert_non_null(strstr(err.tried, "command sh"));
	assert_non_null(
		strstr(err.why, "ended with status 9; no VM of it was there"));
	/* What to do is in its own message, and in no list of VMs */
	assert_non_null(strstr(err.next, "what it said itself"));
	assert_false(checker_alive(&checker));
	end(&checker, &child);
}

static void a_signal_while_it_is_waited_for(void **unused)
{
	int64_t begin = clock_now_ms();
	struct checker checker;
	struct child child;

	start(&checker, &child, "sleep 99", NULL);
	stop_requested = 1;
	assert_int_equal(checker_wait_vm(&checker, &err), -EINTR);
	assert_true(clock_now_ms() - begin < 10000);
	stop_requested = 0;
	end(&checker, &child);
}

static void one_that_has_gone(void **unused)
{
	struct checker checker;
	struct child child;

	NEEDS_KVM();
	start(&checker, &child, "TEST_VMS=1 timeout -s KILL 1 $VMM; sleep 99",
	      NULL);
	assert_int_equal(meant(&checker, 1), 1);
	for (int i = 0; i < 500 && checker_look(&checker, &err); i++)
		usleep(10000);
	assert_int_equal(checker_look(&checker, &err), 0);
	checker_none(&checker, &err);
	assert_non_null(strstr(err.why, "there was VM"));
	end(&checker, &child);
}

/* A process of ours that has @nr VMs, if need be in a child of its own */
static pid_t vmm(int nr, bool below, pid_t *child)
{
	int told[2];
	pid_t pid;

	assert_int_equal(pipe(told), 0);
	pid = fork();
	if (!pid) {
		pid_t one = 0;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (below)
			one = fork();
		if (!one) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			make_vms(nr);
			one = getpid();
			if (write(told[1], &one, sizeof(one)) < 0)
				_exit(1);
		}
		for (;;)
			pause();
	}
	close(told[1]);
	assert_int_equal(read(told[0], child, sizeof(*child)), sizeof(*child));
	close(told[0]);
	return pid;
}

static void a_process(void **unused)
{
	struct checker_options options = {
		.fd = -1,
		.name.fd = -1,
		.now = true,
		.no_trace = true,
	};
	struct checker checker;
	char words[64];
	pid_t child;

	NEEDS_KVM();
	options.pid = vmm(2, false, &child);
	assert_int_equal(checker_open(&checker, &options, &err), 0);
	assert_int_equal(checker_look(&checker, &err), 2);
	options.fd = checker.vms.vms[1].id.fd;
	assert_int_equal(checker_close(&checker, &err), 0);
	assert_int_equal(checker_open(&checker, &options, &err), 0);
	assert_int_equal(checker_look(&checker, &err), 1);
	assert_true(checker_wants(&checker, &checker.vms.vms[1]));
	assert_int_equal(checker_close(&checker, &err), 0);
	options.fd = 99;
	assert_int_equal(checker_open(&checker, &options, &err), -ENOENT);
	kill(options.pid, SIGKILL);
	waitpid(options.pid, NULL, 0);

	/* It had its child before we came: that is not followed, but named */
	options.fd = -1;
	options.pid = vmm(1, true, &child);
	usleep(50000); /* a clock tick later */
	assert_int_equal(checker_open(&checker, &options, &err), -ENOENT);
	snprintf(words, sizeof(words), "--pid %d", child);
	assert_non_null(strstr(err.next, words));
	kill(options.pid, SIGKILL);
	waitpid(options.pid, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(those_of_a_daemon),
		cmocka_unit_test(one_of_them),
		cmocka_unit_test(one_held_by_several),
		cmocka_unit_test(a_command_without_one),
		cmocka_unit_test(a_signal_while_it_is_waited_for),
		cmocka_unit_test(one_that_has_gone),
		cmocka_unit_test(a_process),
	};

	session_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
