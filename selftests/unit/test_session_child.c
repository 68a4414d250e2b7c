// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A command of ours ends whole, whoever dies first: it, its keeper, we, or our
 * whole process group. What hides (setsid, a parent that ends) hides in vain.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/process_tree.h"
#include "session/child.h"
#include "session/keeper.h"
#include "session/stop.h"

static struct slotscope_error err;
static char dir[] = "/tmp/slotscope-test-XXXXXX";

/* Leaves its pid in a file, in a session of its own, with init for a parent */
#define DAEMON \
	"setsid sh -c 'echo $$ >pid.new; mv pid.new pid; exec sleep 99' &"

static void start(struct child *child, const char *script)
{
	char *argv[] = { "sh", "-c", (char *)script, NULL };

	unlink("pid");
	assert_int_equal(child_start(child, argv, &err), 0);
	assert_int_equal(child_go(child, argv, &err), 0);
}

/* The pid that a script left */
static pid_t left(void)
{
	pid_t pid = 0;
	FILE *file;

	for (int i = 0; i < 500 && !(file = fopen("pid", "r")); i++)
		usleep(10000);
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &pid), 1);
	fclose(file);
	return pid;
}

static bool runs(pid_t pid)
{
	struct slotscope_error ignored;
	struct process process;

	if (process_open(pid, &process, &ignored))
		return false;
	process_close(&process);
	return true;
}

static bool ends(pid_t pid)
{
	for (int i = 0; i < 800 && runs(pid); i++)
		usleep(10000);
	return !runs(pid);
}

static void until_ended(struct child *child)
{
	for (int i = 0; i < 500 && !child->ended; i++) {
		usleep(10000);
		child_poll(child);
	}
	assert_true(child->ended);
}

static void its_status(void **unused)
{
	struct child child;

	start(&child, "exit 4");
	until_ended(&child);
	assert_true(WIFEXITED(child.status));
	assert_int_equal(WEXITSTATUS(child.status), 4);
	assert_int_equal(child_end(&child, &err), 0);

	start(&child, "kill -ALRM $$");
	until_ended(&child);
	assert_true(WIFSIGNALED(child.status));
	assert_int_equal(WTERMSIG(child.status), SIGALRM);
	assert_int_equal(child_end(&child, &err), 0);

	/* What we do to it is no status of its own */
	start(&child, "sleep 99");
	assert_int_equal(child_end(&child, &err), 0);
	assert_false(child.ended);
	assert_true(child.all_ended);

	/* Nor is it where we do not wait for that */
	start(&child, "sleep 99");
	child_stop(&child);
	for (int i = 0; i < 6000 && !child.all_ended; i++) {
		usleep(10000);
		child_poll(&child);
	}
	assert_false(child.ended);
	assert_true(child.all_ended);
	assert_false(runs(child.pid));
	assert_int_equal(child_end(&child, &err), 0);
}

static void not_there(void **unused)
{
	char *argv[] = { "./no-such-program", NULL };
	struct child child;

	assert_int_equal(child_start(&child, argv, &err), 0);
	assert_int_equal(child_go(&child, argv, &err), -ENOENT);
	assert_non_null(strstr(err.tried, "no-such-program"));
	assert_int_equal(child_end(&child, &err), 0);
	assert_true(ends(child.pid));
	/* Given up before it began */
	assert_int_equal(child_start(&child, argv, &err), 0);
	assert_int_equal(child_end(&child, &err), 0);
	assert_true(ends(child.pid));
}

static void a_daemon(void **unused)
{
	struct child child;
	pid_t pid;

	start(&child, DAEMON);
	pid = left();
	until_ended(&child);
	assert_false(child.all_ended);
	assert_true(runs(pid));
	assert_int_equal(child_end(&child, &err), 0);
	assert_false(runs(pid));

	/* All have ended, and that is known without a question */
	start(&child, "(setsid sleep 0.1 &)");
	for (int i = 0; i < 500 && !child.all_ended; i++) {
		usleep(10000);
		child_poll(&child);
	}
	assert_true(child.ended && child.all_ended);
	assert_int_equal(child_end(&child, &err), 0);
}

static void one_that_heeds_no_sigterm(void **unused)
{
	struct child child;
	pid_t pid;

	start(&child, "trap '' TERM INT HUP; echo $$ >pid.new; mv pid.new pid;"
		      " while :; do sleep 1; done");
	pid = left();
	assert_int_equal(child_end(&child, &err), 0);
	assert_false(runs(pid));
}

static void the_keeper_killed(void **unused)
{
	struct child child;
	pid_t pid;

	start(&child, DAEMON " sleep 99");
	pid = left();
	kill(child.keeper, SIGKILL);
	for (int i = 0; i < 500 && !child.all_ended; i++) {
		usleep(10000);
		child_poll(&child);
	}
	assert_true(child.all_ended);
	assert_int_equal(child_end(&child, &err), 0);
	assert_false(runs(pid));
	assert_false(runs(child.pid));
}

/* Somebody who starts a command and is killed; @group: and all of its group */
static void owner_killed(bool group)
{
	pid_t owner, pid, command;
	struct child child;
	int told[2];

	assert_int_equal(pipe(told), 0);
	unlink("pid");
	owner = fork();
	if (!owner) {
		setpgid(0, 0);
		start(&child, DAEMON " sleep 99");
		left();
		if (write(told[1], &child.pid, sizeof(child.pid)) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(told[0], &command, sizeof(command)),
			 sizeof(command));
	pid = left();
	assert_true(runs(pid) && runs(command));
	kill(group ? -owner : owner, SIGKILL);
	waitpid(owner, NULL, 0);
	assert_true(ends(command));
	assert_true(ends(pid));
	close(told[0]);
	close(told[1]);
}

static void we_are_killed(void **unused)
{
	owner_killed(false);
}

static void our_group_is_killed(void **unused)
{
	owner_killed(true);
}

/* What we do with signals for ourselves is not handed on */
static void signals_as_found(void **unused)
{
	struct child child;

	stop_ignore_sigpipe();
	start(&child, "kill -PIPE $$; exit 0");
	until_ended(&child);
	assert_true(WIFSIGNALED(child.status));
	assert_int_equal(WTERMSIG(child.status), SIGPIPE);
	assert_int_equal(child_end(&child, &err), 0);
	stop_as_found();
}

/* Whoever starts us may ignore the ends of children, and hand that down */
static void ends_that_nobody_wants(void **unused)
{
	char *grep[] = { "grep", "-q", "SigIgn:.*[13579bdf]....$",
			 "/proc/self/status", NULL };
	struct child child;

	signal(SIGCHLD, SIG_IGN);
	start(&child, "exit 4");
	until_ended(&child);
	assert_true(WIFEXITED(child.status));
	assert_int_equal(WEXITSTATUS(child.status), 4);
	assert_int_equal(child_end(&child, &err), 0);
	/* What we found is what it finds; 17 is SIGCHLD (a shell would change it) */
	assert_int_equal(child_start(&child, grep, &err), 0);
	assert_int_equal(child_go(&child, grep, &err), 0);
	until_ended(&child);
	assert_int_equal(child.status, 0);
	assert_int_equal(child_end(&child, &err), 0);
	signal(SIGCHLD, SIG_DFL);
	stop_as_found();
}

/* Whose line would be descriptor 0 */
static void one_that_was_not_started(void **unused)
{
	struct child child = {};
	int before = dup(0), socks[2];
	char byte;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, socks), 0);
	assert_int_equal(dup2(socks[0], 0), 0);
	assert_int_equal(write(socks[1], "x", 1), 1);
	child_poll(&child);
	assert_int_equal(child_end(&child, &err), 0);
	assert_int_equal(recv(0, &byte, 1, MSG_DONTWAIT), 1);
	dup2(before, 0);
	close(before);
	close(socks[0]);
	close(socks[1]);
}

static void a_tree(void **unused)
{
	struct tree_process all[] = {
		{ 9, 4, 90 }, { 1, 0, 1 },  { 4, 3, 40 }, { 3, 1, 30 },
		{ 5, 1, 50 }, { 6, 3, 60 }, { 8, 6, 80 },
	};
	static const pid_t want[] = { 3, 4, 6, 9, 8 };
	const struct tree_process later = { 9, 4, 91 };
	struct process_tree tree;
	size_t i;

	assert_int_equal(process_tree_of(all, 7, 3, &tree), 0);
	assert_int_equal(tree.nr, 5);
	for (i = 0; i < tree.nr; i++)
		assert_int_equal(tree.processes[i].pid, want[i]);
	assert_true(process_tree_has(&tree, &tree.processes[3]));
	assert_false(process_tree_has(&tree, &later));
	process_tree_deinit(&tree);

	assert_int_equal(process_tree_of(all, 7, 77, &tree), 0);
	assert_int_equal(tree.nr, 0);
	process_tree_deinit(&tree);

	/* Numbers are used again while /proc is read: a circle must end */
	all[0] = (struct tree_process){ 1, 2, 1 };
	all[1] = (struct tree_process){ 2, 1, 1 };
	assert_int_equal(process_tree_of(all, 2, 1, &tree), 0);
	assert_int_equal(tree.nr, 2);
	process_tree_deinit(&tree);
}

static int setup(void **unused)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return !mkdtemp(dir) || chdir(dir);
}

static int teardown(void **unused)
{
	unlink("pid");
	return rmdir(dir);
}

/* "Made none" takes that each would have been seen */
static void why_no_vm(void **unused)
{
	static const char *const whys[] = {
		[CHILD_LOOKED_AT] = "without a trace nobody knows",
		[CHILD_TRACED_IN_PART] = "this kernel lets nobody see",
		[CHILD_TRACED] = "made one",
	};
	const struct child child = { .ended = true };

	for (size_t i = 0; i < 3; i++) {
		child_no_vm(&child, NULL, (enum child_watch)i, &err);
		for (size_t j = 0; j < 3; j++)
			assert_int_equal(!!strstr(err.why, whys[j]), i == j);
		assert_int_equal(!!strstr(err.next, "--no-trace"),
				 i == CHILD_LOOKED_AT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree),
		cmocka_unit_test(its_status),
		cmocka_unit_test(not_there),
		cmocka_unit_test(a_daemon),
		cmocka_unit_test(one_that_heeds_no_sigterm),
		cmocka_unit_test(the_keeper_killed),
		cmocka_unit_test(we_are_killed),
		cmocka_unit_test(our_group_is_killed),
		cmocka_unit_test(signals_as_found),
		cmocka_unit_test(ends_that_nobody_wants),
		cmocka_unit_test(one_that_was_not_started),
		cmocka_unit_test(why_no_vm),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
