// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Monitors that serve one client at a time, as QEMU's do: who has one is told, at
 * once, and another one is taken. The "QEMU" is this program again.
 */
#include <errno.h>
#include <poll.h>
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
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/unix_address.h"
#include "session/monitor.h"
#include "session/producers.h"
#include "session/stop.h"

#define GREETING                                                           \
	"{\"QMP\": {\"version\": {\"qemu\": {\"major\": 7, \"minor\": 2, " \
	"\"micro\": 0}, \"package\": \"\"}, \"capabilities\": []}}\r\n"

static struct slotscope_error err;
static char dir[] = "/tmp/slotscope-test-XXXXXX";
static char path[2][64];

static int sock_at(const char *name, bool listens)
{
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un sun;
	socklen_t len;
	int ret;

	assert_int_equal(unix_address(name, &sun, &len), 0);
	if (listens)
		ret = bind(sock, (void *)&sun, len) ?: listen(sock, 4);
	else
		ret = connect(sock, (void *)&sun, len);
	return ret ? -1 : sock;
}

/* Serves whoever comes, one after the other; @silent: says nothing */
static void __attribute__((noreturn)) be_monitor(char **names, bool silent)
{
	struct pollfd fds[2] = {};
	int listeners[2], nr, i;
	const char *late = getenv("TEST_LATE_MS");
	char words[4096];
	ssize_t n;

	if (late) {
		if (write(STDOUT_FILENO, "x", 1) != 1)
			_exit(1);
		usleep(atoi(late) * 1000);
	}
	for (nr = 0; nr < 2 && names[nr]; nr++) {
		listeners[nr] = sock_at(names[nr], true);
		fds[nr] = (struct pollfd){ listeners[nr], POLLIN, 0 };
	}
	if (!late && write(STDOUT_FILENO, "x", 1) != 1)
		_exit(1);
	while (poll(fds, nr, -1) > 0) {
		for (i = 0; i < nr; i++) {
			if (!fds[i].revents)
				continue;
			if (fds[i].fd == listeners[i]) {
				fds[i].fd = accept(listeners[i], NULL, NULL);
				if (!silent)
					send(fds[i].fd, GREETING,
					     strlen(GREETING), MSG_NOSIGNAL);
				continue;
			}
			n = recv(fds[i].fd, words, sizeof(words), 0);
			if (n <= 0) {
				close(fds[i].fd);
				fds[i].fd = listeners[i];
			} else if (!silent) {
				send(fds[i].fd,
				     "{\"return\": {}, \"id\": 1}\r\n",
				     strlen("{\"return\": {}, \"id\": 1}\r\n"),
				     MSG_NOSIGNAL);
			}
		}
	}
	_exit(0);
}

/* A QEMU with monitors at path[0] and, with @two, path[1] */
static pid_t qemu(bool two, bool silent)
{
	char words[2][128];
	char *argv[] = { "qemu",   "-qmp", words[0], two ? "-qmp" : NULL,
			 words[1], NULL };
	int told[2];
	char byte;
	pid_t pid;

	for (int i = 0; i < 2; i++) {
		unlink(path[i]);
		snprintf(words[i], sizeof(words[i]),
			 "unix:%s,server=on,wait=off", path[i]);
	}
	assert_int_equal(pipe(told), 0);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(told[1], STDOUT_FILENO);
		setenv("TEST_MONITOR", silent ? "silent" : "", 1);
		execv("/proc/self/exe", argv);
		_exit(1);
	}
	close(told[1]);
	assert_int_equal(read(told[0], &byte, 1), 1);
	close(told[0]);
	return pid;
}

/* Somebody named @comm who is connected to path[0], for so long if not 0 */
static pid_t client(const char *comm, unsigned int ms)
{
	int told[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(told), 0);
	pid = fork();
	if (!pid) {
		int sock;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, comm);
		sock = sock_at(path[0], false);
		if (sock < 0 || recv(sock, &byte, 1, 0) != 1 ||
		    write(told[1], "x", 1) != 1)
			_exit(1);
		if (!ms)
			pause();
		usleep(ms * 1000);
		_exit(0);
	}
	close(told[1]);
	assert_int_equal(read(told[0], &byte, 1), 1);
	close(told[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Open a monitor of @pid; the time it took, in ms */
static int64_t open_it(pid_t pid, const char *address, int want,
		       const char *want_name)
{
	int64_t begin = clock_now_ms();
	struct process process;
	struct qmp *q;
	int ret;

	memset(&err, 0, sizeof(err));
	assert_int_equal(process_open(pid, &process, &err), 0);
	ret = monitor_open(&process, address, 5000, &q, &err);
	if (ret != want)
		fail_msg("%s: %s: %s", strerror(-ret), err.tried, err.why);
	if (!ret) {
		assert_string_equal(qmp_name(q), want_name);
		qmp_close(q);
	}
	process_close(&process);
	return clock_now_ms() - begin;
}

static void a_free_one(void **unused)
{
	pid_t pid = qemu(false, false);

	/* Again at once: it need not have noticed that we were gone */
	for (int i = 0; i < 20; i++)
		open_it(pid, NULL, 0, path[0]);
	open_it(pid, path[0], 0, path[0]);
	end(pid);
}

/* By a libvirt, which passes questions on: but this "QEMU" is none of its domains */
static void one_that_libvirt_has(void **unused)
{
	pid_t pid = qemu(false, false);
	pid_t other = client("virtqemud", 0);
	char words[64];

	snprintf(words, sizeof(words), "through libvirt (process %d)", other);
	open_it(pid, NULL, -ENOENT, NULL);
	assert_non_null(strstr(err.tried, words));
	assert_non_null(strstr(err.why, "-uuid"));
	assert_non_null(strstr(err.next, "libvirt"));
	end(other);
	open_it(pid, NULL, 0, path[0]);
	end(pid);
}

static void one_that_is_taken(void **unused)
{
	pid_t pid = qemu(false, false);
	pid_t other = client("virt-manager", 0);
	char words[64], relative[80];

	snprintf(words, sizeof(words), "process %d (virt-manager) has it",
		 other);
	assert_true(open_it(pid, NULL, -EBUSY, NULL) < 2500);
	assert_non_null(strstr(err.why, words));
	/* Whatever the user calls it */
	snprintf(relative, sizeof(relative), "unix:/tmp/../%s", path[0]);
	assert_true(open_it(pid, relative, -EBUSY, NULL) < 2500);
	assert_non_null(strstr(err.why, words));
	end(other);
	open_it(pid, NULL, 0, path[0]);
	end(pid);
}

static void the_other_one_is_free(void **unused)
{
	pid_t pid = qemu(true, false);
	pid_t other = client("somebody", 0);

	open_it(pid, NULL, 0, path[1]);
	end(other);
	open_it(pid, NULL, 0, path[0]);
	end(pid);
}

static void another_check_is_waited_for(void **unused)
{
	pid_t pid = qemu(false, false);
	pid_t other = client("slotscope", 300);

	open_it(pid, NULL, 0, path[0]);
	waitpid(other, NULL, 0);
	end(pid);
}

static void a_stopped_one(void **unused)
{
	pid_t pid = qemu(false, false);
	pid_t other = client("somebody", 0);
	struct process process;

	kill(pid, SIGSTOP);
	assert_int_equal(process_open(pid, &process, &err), 0);
	while (!process_stopped(&process))
		usleep(1000);
	/* It is stopped; that it is taken, too, is not what hinders */
	assert_true(open_it(pid, NULL, -ESTALE, NULL) < 2500);
	assert_non_null(strstr(err.why, "stopped"));
	assert_non_null(strstr(err.next, "kill -CONT"));
	assert_int_equal(monitor_failed(&process, -ETIMEDOUT, &err), -ESTALE);
	assert_int_equal(monitor_failed(&process, -EPROTO, &err), -EPROTO);
	kill(pid, SIGCONT);
	end(other);
	open_it(pid, NULL, 0, path[0]);
	assert_int_equal(monitor_failed(&process, -ETIMEDOUT, &err),
			 -ETIMEDOUT);
	process_close(&process);
	end(pid);
}

/* Its command line says that it will listen: it never "has no monitor" */
static void one_that_listens_later(void **unused)
{
	struct process process;
	struct subject subject = { .process = &process };
	struct slot_state state;
	pid_t pid;

	setenv("TEST_LATE_MS", "500", 1);
	pid = qemu(false, false);
	assert_int_equal(process_open(pid, &process, &err), 0);
	assert_int_equal(qemu_probe(&subject, &err), 0);
	open_it(pid, NULL, 0, path[0]);
	process_close(&process);
	end(pid);
	/* One that never does is asked for, and lost */
	setenv("TEST_LATE_MS", "60000", 1);
	pid = qemu(false, false);
	unsetenv("TEST_LATE_MS");
	assert_int_equal(process_open(pid, &process, &err), 0);
	assert_int_equal(qemu_probe(&subject, &err), 0);
	assert_int_equal(qemu_read(&subject, NULL, &state, &err), -ENOTCONN);
	slot_state_deinit(&state);
	assert_non_null(strstr(err.why, "(yet)"));
	process_close(&process);
	end(pid);
}

static void on_alarm(int signal)
{
	stop_requested = 1;
}

static void a_silent_one(void **unused)
{
	pid_t pid = qemu(false, true);

	signal(SIGALRM, on_alarm);
	alarm(1);
	assert_true(open_it(pid, NULL, -EINTR, NULL) < 4000);
	stop_requested = 0;
	end(pid);
}

static int setup(void **unused)
{
	if (!mkdtemp(dir))
		return -1;
	for (int i = 0; i < 2; i++)
		snprintf(path[i], sizeof(path[i]), "%s/%d", dir, i);
	return 0;
}

static int teardown(void **unused)
{
	unlink(path[0]);
	unlink(path[1]);
	return rmdir(dir);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_free_one),
		cmocka_unit_test(one_that_is_taken),
		cmocka_unit_test(one_that_libvirt_has),
		cmocka_unit_test(the_other_one_is_free),
		cmocka_unit_test(another_check_is_waited_for),
		cmocka_unit_test(a_stopped_one),
		cmocka_unit_test(one_that_listens_later),
		cmocka_unit_test(a_silent_one),
	};
	const char *how = getenv("TEST_MONITOR");
	char *names[3] = {};

	if (!how)
		return cmocka_run_group_tests(tests, setup, teardown);
	/* "qemu -qmp unix:PATH,... [-qmp unix:PATH,...]" */
	for (int i = 0; i < 2 && 2 * i + 2 < argc; i++)
		names[i] = strtok(strdup(argv[2 * i + 2] + 5), ",");
	be_monitor(names, !strcmp(how, "silent"));
}
