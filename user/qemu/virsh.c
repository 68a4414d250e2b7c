// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qemu/qmp.h"
#include "qemu/unix_socket.h"
#include "qemu/virsh.h"

/* What it writes to one of its descriptors */
struct output {
	char *text;
	size_t len;
	size_t cap;
};

/* Our end is closed, and what is left of it is read, by whoever called */
static int start(const struct virsh_domain *domain, const char *command,
		 const int out[2], const int err[2], pid_t *pid)
{
	const char *const argv[] = { "virsh",
				     "--quiet",
				     "--connect",
				     domain->uri,
				     "qemu-monitor-command",
				     "--domain",
				     domain->uuid,
				     "--",
				     command,
				     NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t all, none;
	int ret;

	sigfillset(&all);
	sigemptyset(&none);
	if (posix_spawn_file_actions_init(&files))
		return -ENOMEM;
	if (posix_spawnattr_init(&attr)) {
		posix_spawn_file_actions_destroy(&files);
		return -ENOMEM;
	}
	ret = posix_spawn_file_actions_addopen(&files, STDIN_FILENO,
					       "/dev/null", O_RDONLY, 0);
	ret = ret   ?:
		      posix_spawn_file_actions_adddup2(&files, out[1],
						       STDOUT_FILENO);
	ret = ret   ?:
		      posix_spawn_file_actions_adddup2(&files, err[1],
						       STDERR_FILENO);
	ret = ret ?: posix_spawnattr_setsigdefault(&attr, &all);
	ret = ret ?: posix_spawnattr_setsigmask(&attr, &none);
	ret = ret   ?:
		      posix_spawnattr_setflags(&attr,
					       POSIX_SPAWN_SETSIGDEF |
						       POSIX_SPAWN_SETSIGMASK);
	ret = ret   ?:
		      posix_spawnp(pid, argv[0], &files, &attr,
				   (char *const *)argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return -ret;
}

/* Room for a piece more, and a NUL */
static int more_room(struct output *output)
{
	size_t cap = output->cap ? output->cap * 2 : 4096;
	char *text;

	if (output->len > QMP_MESSAGE_MAX)
		return -EFBIG;
	if (output->len + 1 < output->cap)
		return 0;
	text = realloc(output->text, cap);
	if (!text)
		return -ENOMEM;
	output->text = text;
	output->cap = cap;
	return 0;
}

/* All that it writes until it closes @fd. Nothing is believed but the end */
static int read_all(int fd, uint64_t deadline_ns,
		    const volatile sig_atomic_t *stop, struct output *output)
{
	ssize_t n;
	int ret;

	for (;;) {
		ret = more_room(output);
		if (!ret)
			ret = poll_until(fd, POLLIN, deadline_ns, stop);
		if (ret)
			return ret;
		n = read(fd, output->text + output->len,
			 output->cap - output->len - 1);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			output->len += n;
		output->text[output->len] = '\0';
		if (!n)
			return 0;
	}
}

/* Its words, in one line */
static int its_words(struct output *said, struct slotscope_error *err)
{
	error_set(err, EREMOTEIO, "ask libvirt (%s)", "virsh");
	for (size_t i = 0; i < said->len; i++)
		if ((unsigned char)said->text[i] < ' ')
			said->text[i] = ' ';
	while (said->len && said->text[said->len - 1] == ' ')
		said->text[--said->len] = '\0';
	return error_why(err, "virsh says: %s",
			 said->len ? said->text : "nothing");
}

static int talk(const struct virsh_domain *domain, const char *command,
		uint64_t deadline_ns, const volatile sig_atomic_t *stop,
		int out[2], int errs[2], struct output *reply,
		struct slotscope_error *err)
{
	struct output said = { 0 };
	int status = 0;
	pid_t pid;
	int ret;

	ret = start(domain, command, out, errs, &pid);
	close(out[1]);
	close(errs[1]);
	out[1] = -1;
	errs[1] = -1;
	if (ret) {
		error_set(err, ret, "run virsh");
		return ret == -ENOENT ? error_why(err, "there is no virsh") :
					ret;
	}
	ret = read_all(out[0], deadline_ns, stop, reply);
	/* that is no more than a pipe holds, or virsh would not have ended */
	if (!ret)
		ret = read_all(errs[0], deadline_ns, stop, &said);
	if (ret)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (ret)
		error_set(err, ret, "ask libvirt (virsh)");
	else if (!WIFEXITED(status) || WEXITSTATUS(status))
		ret = its_words(&said, err);
	free(said.text);
	return ret;
}

static void close_both(const int fds[2])
{
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

int virsh_ask(const struct virsh_domain *domain, const char *command,
	      uint64_t deadline_ns, const volatile sig_atomic_t *stop,
	      char **reply, struct slotscope_error *err)
{
	struct output output = { 0 };
	int out[2], errs[2];
	int ret;

	*reply = NULL;
	if (pipe2(out, O_CLOEXEC))
		return error_set(err, errno, "run virsh");
	if (pipe2(errs, O_CLOEXEC)) {
		ret = error_set(err, errno, "run virsh");
		close_both(out);
		return ret;
	}
	ret = talk(domain, command, deadline_ns, stop, out, errs, &output, err);
	close_both(out);
	close_both(errs);
	if (ret)
		free(output.text);
	else
		*reply = output.text;
	return ret;
}
