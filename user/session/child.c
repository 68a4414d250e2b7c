// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "session/child.h"
#include "session/stop.h"

#define END_TRIES   100 /* of END_WAIT_MS: five seconds */
#define END_WAIT_MS 50

/*
 * One socket pair, closed by exec, does for both directions: our byte says go,
 * theirs tell an errno; the end of file says that the exec was made.
 */
static void __attribute__((noreturn)) become(char **argv, int sock)
{
	char word;
	int code;

	if (read(sock, &word, 1) != 1)
		_exit(127); /* our parent gave up */
	execvp(argv[0], argv);
	code = errno;
	send(sock, &code, sizeof(code), MSG_NOSIGNAL);
	_exit(127);
}

int child_start(struct child *child, char **argv, struct slotscope_error *err)
{
	pid_t parent = getpid();
	int ret, socks[2];

	child->pid = 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks))
		return error_set(err, errno, "make a socket to a new process");
	child->pid = fork();
	if (child->pid < 0) {
		child->pid = 0;
		ret = error_set(err, errno, "start a process");
		close(socks[0]);
		close(socks[1]);
		return ret;
	}
	if (!child->pid) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			_exit(127);
		close(socks[0]);
		become(argv, socks[1]);
	}
	close(socks[1]);
	child->sock = socks[0];
	return 0;
}

int child_go(struct child *child, char **argv, struct slotscope_error *err)
{
	int code, ret = 0;
	ssize_t n;

	if (send(child->sock, "", 1, MSG_NOSIGNAL) != 1) {
		ret = -errno;
	} else {
		do
			n = read(child->sock, &code, sizeof(code));
		while (n < 0 && errno == EINTR);
		if (n == sizeof(code))
			ret = -code;
	}
	close(child->sock);
	/* The terminal's SIGINT goes to both: it has ended, as we are about to */
	if (!ret || (ret == -EPIPE && stop_requested))
		return 0;
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
	child->pid = 0;
	error_set(err, ret, "start %.200s", argv[0]);
	if (ret == -EPIPE)
		return error_why(err, "its process was ended before it began");
	return error_next(err, "check that it is installed and can be run");
}

int child_ended(struct child *child)
{
	if (child->pid && waitpid(child->pid, NULL, WNOHANG) == child->pid)
		child->pid = 0;
	return !child->pid;
}

void child_end(struct child *child)
{
	const struct timespec wait = { .tv_nsec = END_WAIT_MS * 1000000L };
	int i;

	if (child_ended(child))
		return;
	kill(child->pid, SIGTERM);
	kill(child->pid, SIGCONT);
	for (i = 0; i < END_TRIES && !child_ended(child); i++)
		nanosleep(&wait, NULL);
	if (child_ended(child))
		return;
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
	child->pid = 0;
}
