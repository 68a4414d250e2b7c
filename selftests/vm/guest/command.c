// SPDX-License-Identifier: GPL-2.0-or-later
/* Run the command and pass on what it says. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "guest.h"

enum { IN, OUT, ERR, NR_STREAMS };

static void set_winsize(int fd, const struct lab_winsize *size)
{
	struct winsize ws = { .ws_row = size->rows, .ws_col = size->cols };

	ioctl(fd, TIOCSWINSZ, &ws);
}

/* In the child. @fd are its three streams; it keeps nothing else. */
static _Noreturn void execute(const struct command *cmd, const int *fd)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	for (int i = IN; i <= ERR; i++)
		dup2(fd[i], i);
	if (cmd->tty)
		ioctl(0, TIOCSCTTY, 0);
	if (chdir(cmd->cwd)) {
		dprintf(2, "lab: cannot enter %s: %s\n", cmd->cwd,
			strerror(errno));
		_exit(126);
	}
	environ = cmd->envp;
	execvp(cmd->argv[0], cmd->argv);
	dprintf(2, "lab: cannot run %s: %s\n", cmd->argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static void open_pty(const struct command *cmd, int *mine, int *theirs)
{
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	int slave = -1;

	if (master >= 0 && !grantpt(master) && !unlockpt(master))
		slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		fail("a terminal: %s", strerror(errno));
	set_winsize(slave, &cmd->winsize);
	theirs[IN] = theirs[OUT] = theirs[ERR] = slave;
	mine[IN] = dup(master);
	mine[OUT] = master;
	mine[ERR] = -1;
}

/* Pipes and not the port itself: the command may open /dev/stdout anew. */
static void open_pipes(int *mine, int *theirs)
{
	theirs[IN] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	mine[IN] = -1;
	for (int i = OUT; i <= ERR; i++) {
		int p[2];

		if (pipe2(p, O_CLOEXEC))
			fail("a pipe: %s", strerror(errno));
		mine[i] = p[0];
		theirs[i] = p[1];
	}
}

/* Pass on what is there. Returns 0 when the other end is closed for good. */
static int pass_on(int fd, enum lab_frame_type type)
{
	static char buf[LAB_FRAME_MAX];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n > 0)
		port_send(type, buf, n);
	/* EIO: no process has the terminal open */
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* What the command wrote before its end is in the pipes; what processes that
 * it left behind may still write is not waited for.
 */
static void drain(int fd, enum lab_frame_type type)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (fd >= 0 && poll(&p, 1, 0) > 0 && (p.revents & POLLIN))
		if (!pass_on(fd, type))
			break;
}

static void from_host(int tty)
{
	struct lab_frame f;
	char *data = port_receive(&f);

	if (f.type == LAB_STDIN && tty >= 0)
		(void)!write(tty, data, f.len);
	else if (f.type == LAB_WINSIZE && f.len == sizeof(struct lab_winsize) &&
		 tty >= 0)
		set_winsize(tty, (struct lab_winsize *)data);
	else if (f.type == LAB_STUCK)
		stuck_report();
	free(data);
}

/* Reap all, as PID 1 must. Returns 1 when the command itself has ended. */
static int reap(pid_t pid, int sigs, uint32_t *status)
{
	struct signalfd_siginfo info;
	int done = 0, s;
	pid_t p;

	(void)!read(sigs, &info, sizeof(info));
	while ((p = waitpid(-1, &s, WNOHANG)) > 0) {
		if (p != pid)
			continue;
		*status = WIFSIGNALED(s) ? 128 + WTERMSIG(s) : WEXITSTATUS(s);
		done = 1;
	}
	return done;
}

uint32_t command_run(const struct command *cmd)
{
	int mine[NR_STREAMS], theirs[NR_STREAMS], sigs, done = 0;
	uint32_t status = 0;
	sigset_t chld;
	pid_t pid;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	sigs = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
	if (cmd->tty)
		open_pty(cmd, mine, theirs);
	else
		open_pipes(mine, theirs);
	pid = fork();
	if (pid < 0)
		fail("fork: %s", strerror(errno));
	if (!pid)
		execute(cmd, theirs);
	for (int i = IN; i <= ERR; i++)
		if (!cmd->tty || i == IN)
			close(theirs[i]);

	while (!done) {
		struct pollfd p[] = {
			{ .fd = mine[OUT], .events = POLLIN },
			{ .fd = mine[ERR], .events = POLLIN },
			{ .fd = port_fd(), .events = POLLIN },
			{ .fd = klog_fd(), .events = POLLIN },
			{ .fd = sigs, .events = POLLIN },
		};

		if (poll(p, 5, -1) < 0)
			continue;
		if (p[0].revents && !pass_on(mine[OUT], LAB_STDOUT))
			mine[OUT] = -1;
		if (p[1].revents && !pass_on(mine[ERR], LAB_STDERR))
			mine[ERR] = -1;
		if (p[2].revents & POLLIN)
			from_host(mine[IN]);
		if (p[3].revents)
			klog_poll();
		if (p[4].revents)
			done = reap(pid, sigs, &status);
	}
	drain(mine[OUT], LAB_STDOUT);
	drain(mine[ERR], LAB_STDERR);
	return status;
}
