// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/process.h"
#include "host/rights.h"
#include "session/child.h"
#include "session/keeper.h"
#include "session/stop.h"

/* How often others are served while we wait for an exec */
#define SERVE_MS 5

/* What the command's process needs to know */
struct command {
	char **argv;
	int (*prepare)(void);
	int sock;
};

/*
 * One socket pair, closed by exec, does for both directions: our byte says go,
 * theirs tell an errno; the end of file says that the exec was made.
 */
static void become(void *arg)
{
	const struct command *command = arg;
	char word;
	int code;

	stop_as_found();
	if (read(command->sock, &word, 1) != 1)
		return; /* our parent gave up */
	code = command->prepare ? -command->prepare() : 0;
	if (!code) {
		execvp(command->argv[0], command->argv);
		code = errno;
	}
	send(command->sock, &code, sizeof(code), MSG_NOSIGNAL);
}

/* A message of the keeper; one that says no more is as one that has ended all */
static struct keeper_says hear(const struct child *child, int flags)
{
	struct keeper_says says = { KEEPER_ENDED, -1 };
	ssize_t n;

	do
		n = recv(child->line, &says, sizeof(says), flags);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		says = (struct keeper_says){ KEEPER_STARTED, child->pid };
	return says;
}

static int failed(struct child *child, const char *what, int code,
		  struct slotscope_error *err)
{
	*child = (struct child){ .ended = true, .all_ended = true };
	return error_set(err, code, "%s", what);
}

int child_start(struct child *child, char **argv, struct slotscope_error *err)
{
	return child_start_prepared(child, argv, NULL, err);
}

int child_start_prepared(struct child *child, char **argv, int (*prepare)(void),
			 struct slotscope_error *err)
{
	int socks[2], line[2];
	struct command command;
	struct keeper_says says;

	*child = (struct child){ 0 };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks))
		return failed(child, "make a socket to a new process", errno,
			      err);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line)) {
		failed(child, "make a socket to a new process", errno, err);
		close(socks[0]);
		close(socks[1]);
		return -err->code;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	command = (struct command){ argv, prepare, socks[1] };
	child->sock = socks[0];
	child->line = line[0];
	child->keeper = fork();
	if (!child->keeper) {
		close(socks[0]);
		close(line[0]);
		keeper_run(line[1], become, &command);
	}
	says.value = -errno;
	close(socks[1]);
	close(line[1]);
	if (child->keeper > 0)
		says = hear(child, 0);
	if (says.value > 0) {
		child->pid = says.value;
		/* The keeper and the command are there, and keep theirs */
		if (!rights_started(err))
			return 0;
		says.value = -err->code;
	}
	close(socks[0]);
	close(line[0]);
	if (child->keeper > 0)
		waitpid(child->keeper, NULL, 0);
	return failed(child, "start a process", says.value, err);
}

int child_go(struct child *child, char **argv, struct slotscope_error *err)
{
	return child_go_served(child, argv, NULL, NULL, err);
}

int child_go_served(struct child *child, char **argv, void (*serve)(void *arg),
		    void *arg, struct slotscope_error *err)
{
	struct pollfd answer = { .fd = child->sock, .events = POLLIN };
	int code, ret = 0;
	ssize_t n;

	if (send(child->sock, "", 1, MSG_NOSIGNAL) != 1) {
		ret = -errno;
	} else {
		while (serve && poll(&answer, 1, SERVE_MS) <= 0)
			serve(arg);
		do
			n = read(child->sock, &code, sizeof(code));
		while (n < 0 && errno == EINTR);
		if (n == sizeof(code))
			ret = -code;
	}
	close(child->sock);
	child->sock = -1;
	/* The terminal's SIGINT goes to both: it has ended, as we are about to */
	if (!ret || (ret == -EPIPE && stop_requested))
		return 0;
	child_stop(child);
	error_set(err, ret, "start %.200s", argv[0]);
	if (ret == -EPIPE)
		return error_why(err, "its process was ended before it began");
	if (ret == -ENOENT && is_process_number(argv[0]))
		return error_next(err, "to look at that process: --pid %.20s",
				  argv[0]);
	return error_next(err, "check that it is installed and can be run");
}

static void take(struct child *child, const struct keeper_says *says)
{
	if (says->what == KEEPER_COMMAND_ENDED) {
		child->ended = true;
		child->status = says->value;
	} else if (says->what == KEEPER_ENDED) {
		child->all_ended = true;
	}
}

void child_poll(struct child *child)
{
	struct keeper_says says;

	while (child->keeper && !child->all_ended) {
		says = hear(child, MSG_DONTWAIT);
		if (says.what == KEEPER_STARTED)
			return;
		take(child, &says);
	}
}

void child_stop(struct child *child)
{
	if (!child->keeper)
		return;
	if (child->sock >= 0)
		close(child->sock);
	child->sock = -1;
	shutdown(child->line, SHUT_WR);
}

int child_end(struct child *child, struct slotscope_error *err)
{
	struct keeper_says says = { KEEPER_STARTED, 0 };

	if (!child->keeper)
		return 0;
	child_stop(child);
	while (says.what != KEEPER_ENDED)
		says = hear(child, 0);
	close(child->line);
	waitpid(child->keeper, NULL, 0);
	/* Killed before it could do its work: what it had has come to us */
	if (says.value < 0)
		says.value = descendants_end();
	child->keeper = 0;
	child->all_ended = true;
	if (!says.value)
		return 0;
	error_set(err, EBUSY, "end what was started");
	error_why(err, "%d of its processes %s not even heed SIGKILL",
		  says.value, says.value == 1 ? "does" : "do");
	return error_next(err,
			  "look for them in state D: ps -eo pid,stat,comm");
}

void child_status_text(const struct child *child, char *text, size_t size)
{
	const char *name;

	if (!WIFSIGNALED(child->status)) {
		snprintf(text, size, "ended with status %d",
			 WEXITSTATUS(child->status));
		return;
	}
	name = sigabbrev_np(WTERMSIG(child->status));
	if (name)
		snprintf(text, size, "was killed by SIG%s", name);
	else
		snprintf(text, size, "was killed by signal %d",
			 WTERMSIG(child->status));
}

void child_no_vm(const struct child *child, const struct process *process,
		 enum child_watch watch, struct slotscope_error *err)
{
	static const char *const nones[] = {
		[CHILD_LOOKED_AT] =
			"no VM of it was there whenever it was looked at, and "
			"without a trace nobody knows of one between",
		[CHILD_TRACED_IN_PART] =
			"no VM of it was there whenever it was looked at, and "
			"this kernel lets nobody see one that came and went",
		[CHILD_TRACED] = "neither it nor what it started made one",
	};
	const char *none = nones[watch];
	char how[80];

	if (!child->ended) {
		error_why(err, "%s", none);
	} else {
		child_status_text(child, how, sizeof(how));
		error_why(err, "it %s; %s", how, none);
	}
	if (child->ended && WIFSIGNALED(child->status))
		error_next(err, "let it live until it has made one");
	else if (child->ended && child->status)
		error_next(err, "see what it said itself, above");
	else if (process && process_is_qemu_without_kvm(process))
		error_next(err, "start QEMU with -accel kvm");
	else if (watch == CHILD_TRACED)
		error_next(err, "see that it uses KVM: who opens no /dev/kvm "
				"has no VM");
	else if (watch == CHILD_TRACED_IN_PART)
		error_next(err, "slotscope trace --ptrace sees each VM that a "
				"command makes; who opens no /dev/kvm has "
				"none");
	else
		error_next(err, "leave --no-trace out; who opens no /dev/kvm "
				"has no VM");
}
