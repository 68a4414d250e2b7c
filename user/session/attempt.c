// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/read_file.h"
#include "session/attempt.h"
#include "trace/log_load.h"

/*
 * What stands before each program: its requests are traced, what it fetches is not, and
 * what it prints may be made up. So its own calls of KVM_GET_DIRTY_LOG are written down
 */
static const char watch[] =
	"#include <errno.h>\n"
	"#include <fcntl.h>\n"
	"#include <stdio.h>\n"
	"#include <stdlib.h>\n"
	"#include <unistd.h>\n"
	"#include <sys/ioctl.h>\n"
	"#include <linux/kvm.h>\n"
	"static inline int slotscope_ioctl(int fd, unsigned long request, "
	"unsigned long arg)\n"
	"{\n"
	"	int ret = ioctl(fd, request, arg), error = errno, to;\n"
	"	const char *path = getenv(\"SLOTSCOPE_LEARN_CALLS\");\n"
	"	if (request == KVM_GET_DIRTY_LOG && path &&\n"
	"	    (to = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600)) >= 0) {\n"
	"		dprintf(to, \"%u %d\\n\", ((struct kvm_dirty_log *)arg)->slot, ret);\n"
	"		close(to);\n"
	"	}\n"
	"	errno = error;\n"
	"	return ret;\n"
	"}\n"
	"#define ioctl(fd, request, ...) \\\n"
	"	slotscope_ioctl(fd, request, (unsigned long)(0, ##__VA_ARGS__))\n";

/* A guest that does not halt would run for ever */
#define SECONDS "20"

#define ATTEMPT_PATH (sizeof(((struct attempt *)NULL)->dir) + 16)

int attempt_kvm(struct slotscope_error *err)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC), error = errno;

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	error_set(err, error, "open /dev/kvm");
	return error_next(
		err, error == EACCES ?
			     "be of the group that has it (kvm), or root" :
			     "see what `slotscope doctor` says of KVM; the "
			     "lab has it: selftests/vm/run -i");
}

/*
 * Run a program with standard input from nowhere, and both outputs to a file. Return:
 * 0 with the status of waitpid(), or a negative errno
 */
static int spawn(char **argv, const char *out_path, int *status)
{
	posix_spawn_file_actions_t actions;
	sigset_t none;
	posix_spawnattr_t attr;
	pid_t pid;
	int ret;

	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, out_path,
					 O_WRONLY | O_CREAT | O_TRUNC, 0600);
	posix_spawn_file_actions_adddup2(&actions, 1, 2);
	ret = posix_spawnp(&pid, argv[0], &actions, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	if (ret)
		return -ret;
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static void place(const struct attempt *attempt, const char *name,
		  char out[ATTEMPT_PATH])
{
	snprintf(out, ATTEMPT_PATH, "%s/%s", attempt->dir, name);
}

/* Empty where it cannot be read */
static char *read_text(const char *path)
{
	struct slotscope_error ignored = {};
	char *text = NULL;
	size_t len;

	if (read_file(path, &text, &len, &ignored))
		return strdup("");
	return text;
}

int attempt_compile(struct attempt *attempt, const char *path, char **messages,
		    struct slotscope_error *err)
{
	const char *cc = getenv("CC"), *tmp = getenv("TMPDIR");
	char program[ATTEMPT_PATH], said[ATTEMPT_PATH], before[ATTEMPT_PATH];
	/* The second time with what watches it: messages are to be of the first */
	char *argv[] = { (char *)(cc && *cc ? cc : "cc"),
			 "-O1",
			 "-g",
			 "-o",
			 program,
			 "-x",
			 "c",
			 (char *)path,
			 NULL,
			 NULL,
			 NULL };
	int ret, status;
	FILE *file;

	*messages = NULL;
	snprintf(attempt->dir, sizeof(attempt->dir),
		 "%s/slotscope-learn-XXXXXX",
		 tmp && strlen(tmp) < sizeof(attempt->dir) - 32 ? tmp : "/tmp");
	if (!mkdtemp(attempt->dir)) {
		error_set(err, errno, "make the folder %.160s", attempt->dir);
		attempt->dir[0] = '\0';
		return error_next(err,
				  "set TMPDIR to one that can be written to");
	}
	place(attempt, "program", program);
	place(attempt, "compiler", said);
	place(attempt, "watch.h", before);
	file = fopen(before, "w");
	if (!file)
		return error_set(err, errno, "write %s", before);
	fputs(watch, file);
	if (ferror(file) | fclose(file))
		return error_set(err, EIO, "write %s", before);
	setenv("LC_ALL", "C", true);
	ret = spawn(argv, said, &status);
	if (!ret && WIFEXITED(status) && !WEXITSTATUS(status)) {
		argv[8] = "-include";
		argv[9] = before;
		ret = spawn(argv, said, &status);
	}
	if (ret) {
		error_set(err, ret, "compile with %.60s", argv[0]);
		return error_next(err, "install a C compiler (Debian: gcc and "
				       "linux-libc-dev), or name one: CC=...");
	}
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	error_set(err, EINVAL, "compile %.160s", path);
	if (argv[8]) {
		error_why(err, "it compiles, but not with what watches its "
			       "calls of ioctl()");
		return error_next(err, "call ioctl() as <sys/ioctl.h> has it, "
				       "and declare none of your own");
	}
	*messages = read_text(said);
	return error_why(err, "the compiler refuses it");
}

/* Where a line begins so; NULL: none does */
static char *find_line(char *text, const char *begin)
{
	for (; text; text = strchr(text, '\n'), text += !!text)
		if (!strncmp(text, begin, strlen(begin)))
			return text;
	return NULL;
}

/* How the process ended that made the VM, or else what was run */
static void find_end(struct attempt_run *run, int status)
{
	for (size_t i = 0; i < run->log.nr; i++) {
		const struct slot_event *event = &run->log.events[i];

		if (event->type != SLOT_EVENT_PROCESS_EXIT)
			continue;
		run->status = event->process_exit.status;
		/* What is ended from outside is ended so */
		run->ended = !WIFSIGNALED(run->status) ||
			     WTERMSIG(run->status) != SIGTERM;
	}
	/* Without a VM: the tracer's own status says no more than that */
	if (!run->log.nr) {
		run->ended = true;
		run->status = status;
	}
}

int attempt_run(const struct attempt *attempt, const unsigned int *args,
		size_t nr_args, struct attempt_run *out,
		struct slotscope_error *err)
{
	char program[ATTEMPT_PATH], record[ATTEMPT_PATH], said[ATTEMPT_PATH],
		calls[ATTEMPT_PATH], numbers[8][12];
	char *argv[24] = { "/proc/self/exe", "record", "--ptrace",
			   "--for",	     SECONDS,  "-o",
			   record,	     "--",     program };
	int ret, status;
	char *own_words;
	size_t n = 9;
	bool growing;

	*out = (struct attempt_run){};
	slot_log_init(&out->log);
	place(attempt, "program", program);
	place(attempt, "requests", record);
	place(attempt, "output", said);
	for (size_t i = 0; i < nr_args && i < 8; i++) {
		snprintf(numbers[i], sizeof(numbers[i]), "%u", args[i]);
		argv[n++] = numbers[i];
	}
	place(attempt, "calls", calls);
	unlink(record);
	unlink(calls);
	setenv("SLOTSCOPE_LEARN_CALLS", calls, true);
	ret = spawn(argv, said, &status);
	if (ret)
		return error_set(err, ret, "run %s", program);
	out->output = read_text(said);
	out->calls = read_text(calls);
	if (!out->output || !out->calls)
		return error_set(err, ENOMEM, "read what it printed");
	own_words = find_line(out->output, "slotscope: ");
	if (own_words)
		*own_words = '\0';
	ret = log_load(record, &out->log, &growing, err);
	if (ret)
		return ret;
	find_end(out, status);
	return 0;
}

void attempt_end(struct attempt *attempt)
{
	static const char *const names[] = { "program", "compiler", "requests",
					     "output",	"watch.h",  "calls" };
	char path[ATTEMPT_PATH];

	if (!attempt->dir[0])
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		place(attempt, names[i], path);
		unlink(path);
	}
	rmdir(attempt->dir);
	attempt->dir[0] = '\0';
}
