// SPDX-License-Identifier: GPL-2.0-or-later
/* Start QEMU, talk to its monitor, end it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "labctl.h"

/* Words that vm_start() adds, and the NULL at the end. */
#define MORE_WORDS 32
#define WORD_MAX   4224

__attribute__((format(printf, 3, 4))) static void
add(char **argv, unsigned int *n, const char *format, ...)
{
	char word[WORD_MAX];
	va_list ap;

	va_start(ap, format);
	vsnprintf(word, sizeof(word), format, ap);
	va_end(ap);
	argv[*n] = strdup(word);
	if (!argv[(*n)++]) {
		note("no memory for QEMU's words");
		exit(EXIT_SETUP);
	}
}

/* A comma in a value is doubled: QEMU's rule for its option lists. */
static void double_commas(char *to, size_t size, const char *from)
{
	while (*from && size > 2) {
		if (*from == ',') {
			*to++ = ',';
			size--;
		}
		*to++ = *from++;
		size--;
	}
	*to = '\0';
}

static char **build_argv(const struct options *o, enum ram_mode mode,
			 const char *ram, const int *fds)
{
	char **argv = calloc(o->nqemu + MORE_WORDS, sizeof(*argv));
	char path[WORD_MAX / 2];
	unsigned int n = 0;

	if (!argv)
		return NULL;
	for (; n < o->nqemu; n++)
		argv[n] = o->qemu[n];
	add(argv, &n, "-object");
	if (mode == RAM_ANON) {
		add(argv, &n, "memory-backend-ram,id=ram,size=%s", o->memory);
	} else {
		double_commas(path, sizeof(path), ram);
		add(argv, &n,
		    "memory-backend-file,id=ram,size=%s,share=%s,mem-path=%s",
		    o->memory, mode == RAM_SHARED ? "on" : "off", path);
	}
	add(argv, &n, "-chardev");
	add(argv, &n, "socket,id=port,fd=%d", fds[0]);
	add(argv, &n, "-device");
	add(argv, &n, "virtserialport,chardev=port,name=" LAB_PORT);
	add(argv, &n, "-chardev");
	add(argv, &n, "socket,id=console,fd=%d", fds[1]);
	add(argv, &n, "-serial");
	add(argv, &n, "chardev:console");
	add(argv, &n, "-chardev");
	add(argv, &n, "socket,id=qmp,fd=%d", fds[2]);
	add(argv, &n, "-mon");
	add(argv, &n, "chardev=qmp,mode=control");
	if (mode == RAM_PRIVATE) {
		add(argv, &n, "-incoming");
		add(argv, &n, "defer");
	}
	return argv;
}

/* In the child. QEMU must not outlive us, however we end. */
static _Noreturn void become_qemu(pid_t parent, char **argv, const int *fds,
				  int err)
{
	int null = open("/dev/null", O_RDWR);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	for (int i = 0; i < 3; i++)
		fcntl(fds[i], F_SETFD, 0);
	dup2(null, STDIN_FILENO);
	dup2(err, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	execvp(argv[0], argv);
	dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/**
 * vm_start() - start QEMU with our sockets as its devices
 *
 * Sockets made here and inherited have no path that two runs could share, and
 * QEMU sees their end when we die.
 *
 * Return: 0 or -1, with a message.
 */
int vm_start(struct vm *vm, const struct options *o, enum ram_mode mode,
	     const char *ram)
{
	int ours[3], theirs[3];
	pid_t self = getpid();
	char **argv;

	for (int i = 0; i < 3; i++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
			note("socketpair: %s", strerror(errno));
			return -1;
		}
		ours[i] = pair[0];
		theirs[i] = pair[1];
	}
	argv = build_argv(o, mode, ram, theirs);
	if (!argv) {
		note("no memory for QEMU's words");
		return -1;
	}
	vm->port = ours[0];
	vm->console = ours[1];
	vm->qmp = ours[2];
	vm->pid = fork();
	if (vm->pid < 0) {
		note("fork: %s", strerror(errno));
		vm->pid = 0;
		return -1;
	}
	if (!vm->pid)
		become_qemu(self, argv, theirs, theirs[1]);
	for (int i = 0; i < 3; i++)
		close(theirs[i]);
	for (unsigned int i = o->nqemu; argv[i]; i++)
		free(argv[i]);
	free(argv);
	return 0;
}

void vm_kill(struct vm *vm)
{
	if (!vm->pid)
		return;
	kill(vm->pid, SIGKILL);
	waitpid(vm->pid, NULL, 0);
	close(vm->port);
	close(vm->console);
	close(vm->qmp);
	free(vm->log);
	*vm = (struct vm){ 0 };
}

/**
 * qmp_wait() - read lines from the monitor until one has @text
 *
 * The answers come from our own child in a known form, so that a look at the
 * text will do.
 *
 * Return: false at an error, at the end of QEMU, or after @seconds.
 */
bool qmp_wait(struct vm *vm, const char *text, unsigned int seconds)
{
	long long end = now_ms() + seconds * 1000ll;
	char line[8192];
	size_t len = 0;

	for (;;) {
		struct pollfd p[] = { { .fd = vm->qmp, .events = POLLIN },
				      { .fd = vm->console, .events = POLLIN } };
		long long left = end - now_ms();

		if (left <= 0 || poll(p, 2, left) <= 0)
			return false;
		if (p[1].revents)
			console_read(vm, false);
		if (!p[0].revents)
			continue;
		/* a byte at a time: what follows the line is the next reader's */
		if (read(vm->qmp, line + len, 1) != 1)
			return false;
		if (line[len] != '\n') {
			len += len < sizeof(line) - 2;
			continue;
		}
		line[len] = '\0';
		len = 0;
		if (strstr(line, text))
			return true;
		if (strstr(line, "\"error\"") || strstr(line, "\"failed\"")) {
			note("QEMU's monitor: %s", line);
			return false;
		}
	}
}

/* Send @command, with the descriptor @fd if that is not negative. */
bool qmp_send(struct vm *vm, const char *command, int fd)
{
	struct iovec iov = { .iov_base = (void *)command,
			     .iov_len = strlen(command) };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		control.head.cmsg_len = CMSG_LEN(sizeof(int));
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(int));
	}
	return sendmsg(vm->qmp, &msg, MSG_NOSIGNAL) == (ssize_t)iov.iov_len;
}

bool qmp_ok(struct vm *vm, const char *command, int fd)
{
	return qmp_send(vm, command, fd) && qmp_wait(vm, "\"return\"", 30);
}
