// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/grow.h"
#include "cmd/pager.h"
#include "base/path.h"
#include "cmd/progress_line.h"
#include "host/terminal.h"

/**
 * struct pager - where standard output goes meanwhile
 * @real:    the stream that it is otherwise
 * @kept:    what was printed, while nobody knows whether it is long
 * @lines:   of that, and
 * @screen:  how many fit
 * @program: the pager's process; 0: none (yet)
 * @pipe:    to it
 * @error:   our standard error, while the pager shows that, too; -1: as it was
 * @plain:   no pager is to be started any more
 */
static struct {
	FILE *real;
	char *kept;
	size_t len;
	size_t cap;
	size_t lines;
	size_t screen;
	pid_t program;
	int pipe;
	int error;
	bool plain;
} pager;

/*
 * Who calls us with the rights of another, as by sudo, may not leave the pager with
 * them: no shell, no editor, no other program than less.
 */
static bool is_elevated(void)
{
	return getauxval(AT_SECURE) || geteuid() != getuid() ||
	       (!geteuid() && (getenv("SUDO_UID") || getenv("PKEXEC_UID") ||
			       getenv("DOAS_USER")));
}

static const char *program(void)
{
	const char *said = getenv("SLOTSCOPE_PAGER");

	if (!said)
		said = getenv("PAGER");
	if (said && (!*said || !strcmp(said, "cat")))
		return NULL;
	if (said && !is_elevated() && path_has_program(said))
		return said;
	return path_has_program("less") ? "less" : NULL;
}

/* In the process that becomes the pager */
static void become(const char *command, int in)
{
	sigset_t none;

	dup2(in, STDIN_FILENO);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setenv("LESS", "FRSX", 0);
	if (!geteuid() || is_elevated())
		setenv("LESSSECURE", "1", 1);
	if (!strcmp(command, "less"))
		execlp("less", "less", NULL);
	else
		execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(127);
}

static bool write_all(int fd, const char *text, size_t len)
{
	ssize_t nr;

	while (len) {
		nr = write(fd, text, len);
		if (nr < 0 && errno == EINTR)
			continue;
		if (nr < 0)
			return false;
		text += nr;
		len -= (size_t)nr;
	}
	return true;
}

static bool start(void)
{
	const char *command = program();
	int ends[2];

	if (!command || pipe2(ends, O_CLOEXEC))
		return false;
	pager.program = fork();
	if (!pager.program)
		become(command, ends[0]);
	close(ends[0]);
	if (pager.program < 0) {
		close(ends[1]);
		pager.program = 0;
		return false;
	}
	pager.pipe = ends[1];
	/* The keyboard is the pager's; and it would not see what stands over it */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	if (isatty(STDERR_FILENO)) {
		pager.error = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
		if (pager.error >= 0)
			dup2(pager.pipe, STDERR_FILENO);
	}
	return true;
}

static bool put(const char *text, size_t len)
{
	return write_all(pager.program ? pager.pipe : STDOUT_FILENO, text, len);
}

static bool put_kept(void)
{
	bool done = put(pager.kept, pager.len);

	free(pager.kept);
	pager.kept = NULL;
	pager.len = pager.cap = 0;
	return done;
}

static bool keep(const char *text, size_t len)
{
	char *kept;

	while (pager.cap - pager.len < len) {
		kept = grown(pager.kept, pager.cap, &pager.cap, 1);
		if (!kept)
			return false;
		pager.kept = kept;
	}
	memcpy(pager.kept + pager.len, text, len);
	pager.len += len;
	for (size_t i = 0; i < len; i++)
		pager.lines += text[i] == '\n';
	return true;
}

static ssize_t take(void *cookie, const char *text, size_t len)
{
	(void)cookie;
	if (!pager.program && !pager.plain) {
		if (keep(text, len) && pager.lines < pager.screen)
			return (ssize_t)len;
		progress_line_stop();
		pager.plain = !start();
		return put_kept() ? (ssize_t)len : 0;
	}
	return put(text, len) ? (ssize_t)len : 0;
}

void pager_begin(void)
{
	const cookie_io_functions_t functions = { .write = take };
	const char *term = getenv("TERM");
	struct winsize size;
	FILE *stream;

	if (pager.real || !isatty(STDOUT_FILENO) || !term ||
	    !strcmp(term, "dumb") || !program())
		return;
	stream = fopencookie(NULL, "w", functions);
	if (!stream)
		return;
	terminal_size(STDOUT_FILENO, &size);
	pager.screen = size.ws_row;
	pager.error = -1;
	fflush(stdout);
	pager.real = stdout;
	stdout = stream;
}

void pager_settle(void)
{
	if (!pager.real || pager.program)
		return;
	fflush(stdout);
	if (pager.program || pager.plain)
		return;
	pager.plain = true;
	progress_line_stop();
	put_kept();
}

bool pager_end(void)
{
	bool had;

	if (!pager.real)
		return false;
	pager_settle();
	fclose(stdout);
	stdout = pager.real;
	pager.real = NULL;
	had = pager.program > 0;
	if (!had)
		return false;
	fflush(stderr);
	close(pager.pipe);
	if (pager.error >= 0) {
		dup2(pager.error, STDERR_FILENO);
		close(pager.error);
	}
	while (waitpid(pager.program, NULL, 0) < 0 && errno == EINTR)
		;
	return true;
}
