// SPDX-License-Identifier: GPL-2.0-or-later
/* What was given up is gone, and what is needed is there. Each case in a process */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "host/rights.h"

#define CAP(name) (1ULL << CAP_##name)
#define SYS_ADMIN CAP(SYS_ADMIN)

/* Effective ones, as the kernel tells them; of another thread by its number */
static unsigned long long has(void)
{
	char path[64], line[128];
	unsigned long long caps = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%ld/status",
		 (long)syscall(SYS_gettid));
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "CapEff:", 7))
			caps = strtoull(line + 7, NULL, 16);
	if (f)
		fclose(f);
	return caps;
}

/* 0: all of @run is as it should be; else the number of what is not */
static int apart_process(int (*run)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(run());
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#define REQUIRE(n, what)          \
	do {                      \
		if (!(what))      \
			return n; \
	} while (0)

static bool fails(long ret, int error)
{
	return ret < 0 && errno == error;
}

static unsigned long long before;

static int keep_files(void)
{
	struct slotscope_error err = {};

	REQUIRE(1, !rights_keep(NEED_FILES, &err));
	REQUIRE(2,
		has() == (before & (CAP(DAC_OVERRIDE) | CAP(DAC_READ_SEARCH))));
	REQUIRE(3, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	if (rights_filters()) {
		REQUIRE(4, fails(syscall(SYS_mount, 0, 0, 0, 0, 0), EPERM));
		REQUIRE(5, fails(syscall(SYS_bpf, -1, 0, 0), EPERM));
		REQUIRE(6, fails(ptrace(PTRACE_ATTACH, -1, 0, 0), EPERM));
		REQUIRE(7, fails(socket(AF_UNIX, SOCK_STREAM, 0), EPERM));
		REQUIRE(8, fails(syscall(SYS_init_module, 0, 0, 0), EPERM));
	}
	/* What it needs */
	REQUIRE(9, open("/proc/self/status", O_RDONLY) >= 0);
	return 0;
}

static int keep_look(void)
{
	struct slotscope_error err = {};
	unsigned long long gone = CAP(SYS_MODULE) | CAP(NET_ADMIN) |
				  CAP(SETUID) | CAP(CHOWN) | CAP(MKNOD) |
				  CAP(SYS_CHROOT) | CAP(SYS_RAWIO) | CAP(KILL);

	REQUIRE(1, !rights_keep(NEED_LOOK, &err));
	REQUIRE(2, !(has() & gone));
	REQUIRE(3, (has() & SYS_ADMIN) == (before & SYS_ADMIN));
	REQUIRE(4, (has() & CAP(SYS_PTRACE)) == (before & CAP(SYS_PTRACE)));
	if (rights_filters()) {
		/* SYS_ADMIN would allow it */
		REQUIRE(5, fails(syscall(SYS_unshare, 0), EPERM));
		REQUIRE(6, fails(ptrace(PTRACE_ATTACH, -1, 0, 0), EPERM));
	}
	REQUIRE(7, socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
	/* No such command: it is asked, and says so */
	REQUIRE(8, syscall(SYS_bpf, -1, 0, 0) < 0 && errno != ENOSYS);
	/* What was opened is kept, what opens it is not */
	REQUIRE(9, !rights_keep(NEED_FILES | NEED_OPENED, &err));
	REQUIRE(10, !(has() & SYS_ADMIN));
	REQUIRE(11,
		fails(syscall(SYS_bpf, -1, 0, 0), EINVAL) || errno == EPERM);
	return 0;
}

static int keep_later(void)
{
	struct slotscope_error err = {};

	REQUIRE(1, !rights_started(&err) && has() == before);
	rights_keep_once_started(NEED_FILES);
	REQUIRE(2, has() == before);
	/* What is started now has all */
	REQUIRE(3, !apart_process(keep_files));
	REQUIRE(4, has() == before);
	REQUIRE(5, !rights_started(&err) && !(has() & SYS_ADMIN));
	return 0;
}

static int pipe_fds[2];

static int think(void *arg)
{
	struct sockaddr sa = { .sa_family = AF_UNIX };
	char buf[8], *memory = malloc(1 << 20);
	int *calls = arg;

	REQUIRE(1, memory);
	memset(memory, 1, 1 << 20);
	free(memory);
	REQUIRE(2, write(pipe_fds[1], "word", 4) == 4);
	REQUIRE(3, read(pipe_fds[0], buf, sizeof(buf)) == 4);
	(*calls)++;
	if (!rights_filters())
		return 100;
	REQUIRE(4, fails(open("/etc/passwd", O_RDONLY), EPERM));
	REQUIRE(5, fails(open("/dev/null", O_WRONLY), EPERM));
	REQUIRE(6, fails(socket(AF_UNIX, SOCK_STREAM, 0), EPERM));
	REQUIRE(7, fails(connect(pipe_fds[0], &sa, sizeof(sa)), EPERM));
	REQUIRE(8, fails(execl("/bin/true", "true", NULL), EPERM));
	REQUIRE(9, fails(syscall(SYS_fork), EPERM));
	REQUIRE(10, fails(kill(getppid(), 0), EPERM));
	REQUIRE(11, fails(unlink("/nowhere"), EPERM));
	REQUIRE(12, mmap(NULL, 4096, PROT_READ | PROT_EXEC,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
	REQUIRE(13, mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			 0) != MAP_FAILED);
	return 100;
}

static int think_apart(void)
{
	struct slotscope_error err = {};
	int calls = 0, ret;

	ret = rights_apart(think, &calls, &err);
	if (ret != 100)
		return ret ? ret : 50;
	REQUIRE(51, calls == 1);
	/* We are as before */
	REQUIRE(52, has() == before);
	REQUIRE(53, open("/etc/passwd", O_RDONLY) >= 0);
	REQUIRE(54, socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
	return 0;
}

static void test_keep_files(void **state)
{
	assert_int_equal(apart_process(keep_files), 0);
}

static void test_keep_look(void **state)
{
	assert_int_equal(apart_process(keep_look), 0);
}

static void test_keep_later(void **state)
{
	assert_int_equal(apart_process(keep_later), 0);
}

static void test_think_apart(void **state)
{
	assert_int_equal(apart_process(think_apart), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keep_files),
		cmocka_unit_test(test_keep_look),
		cmocka_unit_test(test_keep_later),
		cmocka_unit_test(test_think_apart),
	};

	before = has();
	if (pipe(pipe_fds))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
