// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/process_tree.h"
#include "session/keeper.h"
#include "session/stop.h"

#define END_MS	    5000 /* of patience, with SIGTERM and then with SIGKILL */
#define END_LOOK_MS 20

/* All that the keeper has open */
enum { KEEPER_LINE, KEEPER_ENDS };

static void say(int line, int what, int value)
{
	const struct keeper_says message = { what, value };

	send(line, &message, sizeof(message), MSG_NOSIGNAL);
}

/* Return: true while there are children, ended or not */
static bool reap(void)
{
	pid_t pid;

	do
		pid = waitpid(-1, NULL, WNOHANG | __WALL);
	while (pid > 0);
	return !pid;
}

/* SIGTERM to whom @before has not, or SIGKILL to all */
static void signal_all(const struct process_tree *tree,
		       const struct process_tree *before, bool kill_them)
{
	struct slotscope_error ignored = {};
	struct process process;

	/* The first is this process itself */
	for (size_t i = 1; i < tree->nr; i++) {
		if (!kill_them && process_tree_has(before, &tree->processes[i]))
			continue;
		if (tree_process_open(&tree->processes[i], &process, &ignored))
			continue;
		process_signal(&process, kill_them ? SIGKILL : SIGTERM);
		process_signal(&process, SIGCONT);
		process_close(&process);
	}
}

size_t descendants_end(void)
{
	const struct timespec look = { .tv_nsec = END_LOOK_MS * 1000000L };
	struct process_tree tree, before = {};
	struct slotscope_error ignored = {};
	int64_t begin = clock_now_ms();
	int64_t past = 0;
	size_t left = 0;

	while (reap() && past < 2 * END_MS) {
		if (process_tree_read(getpid(), &tree, &ignored))
			tree = (struct process_tree){ 0 };
		left = tree.nr ? tree.nr - 1 : 1;
		signal_all(&tree, &before, past >= END_MS);
		process_tree_deinit(&before);
		before = tree;
		nanosleep(&look, NULL);
		past = clock_now_ms() - begin;
	}
	process_tree_deinit(&before);
	return past < 2 * END_MS ? 0 : left;
}

/*
 * Return: true while there are children. Tells once how the command ended: then
 * its number may become that of another process, which comes to us as it did.
 */
static bool look_for_ends(pid_t *command)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
		if (pid != *command)
			continue;
		say(KEEPER_LINE, KEEPER_COMMAND_ENDED, status);
		*command = 0;
	}
	return !pid;
}

static void keep(pid_t command)
{
	struct pollfd fds[] = {
		{ .fd = KEEPER_LINE, .events = POLLIN },
		{ .fd = KEEPER_ENDS, .events = POLLIN },
	};
	struct signalfd_siginfo unused;

	while (look_for_ends(&command)) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[0].revents)
			break;
		if (fds[1].revents &&
		    read(KEEPER_ENDS, &unused, sizeof(unused)) < 0)
			break;
	}
}

/* What ends us is the line, and nothing that a terminal or a group is sent */
static int ignore_signals(void)
{
	static const int signals[] = { SIGINT,	SIGTERM, SIGHUP,
				       SIGQUIT, SIGPIPE, SIGTSTP };
	sigset_t ends;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_IGN);
	sigemptyset(&ends);
	sigaddset(&ends, SIGCHLD);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	return signalfd(-1, &ends, SFD_CLOEXEC);
}

void keeper_run(int line, void (*command)(void *arg), void *arg)
{
	pid_t pid, self = getpid();
	int ends;

	prctl(PR_SET_NAME, "slotscope-keep");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	stop_heed_children();
	pid = fork();
	if (!pid) {
		/* For when the keeper is killed: whoever it is, it is told */
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != self)
			_exit(127);
		command(arg);
		_exit(127);
	}
	say(line, KEEPER_STARTED, pid < 0 ? -errno : pid);
	if (pid < 0)
		_exit(1);
	setpgid(0, 0);
	ends = ignore_signals();
	/* Whoever waits for the end of our output does not wait for us */
	if (ends < 0 || dup2(line, KEEPER_LINE) < 0 ||
	    dup2(ends, KEEPER_ENDS) < 0)
		_exit(1);
	close_range(KEEPER_ENDS + 1, ~0U, 0);
	keep(pid);
	say(KEEPER_LINE, KEEPER_ENDED, descendants_end());
	_exit(0);
}
