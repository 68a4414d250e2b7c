// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/unix_address.h"
#include "qemu/unix_socket.h"

#define STOP_LOOK_NS 200000000ULL

int poll_until(int fd, short events, uint64_t deadline_ns,
	       const volatile sig_atomic_t *stop)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		uint64_t now = clock_now(), left_ns;
		struct timespec left;
		bool last;
		int n;

		if (stop && *stop)
			return -EINTR;
		left_ns = now < deadline_ns ? deadline_ns - now : 0;
		last = left_ns <= STOP_LOOK_NS;
		if (!last) /* the signal may come just before ppoll() */
			left_ns = STOP_LOOK_NS;
		left.tv_sec = left_ns / 1000000000;
		left.tv_nsec = left_ns % 1000000000;
		n = ppoll(&p, 1, &left, NULL);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0 && last)
			return -ETIMEDOUT;
	}
}

static int connect_failed(const char *path, int code,
			  struct slotscope_error *err)
{
	error_set(err, code, "connect to QMP socket %s", path);
	switch (code) {
	case ENOENT:
		return error_next(err, "see -qmp on the VMM's command line, "
				       "/proc/PID/cmdline");
	case ECONNREFUSED:
		error_why(err, "nobody listens there");
		return error_next(err,
				  "the VMM has ended, or its monitor is on "
				  "another socket: ss -xlp lists them");
	case EACCES:
	case EPERM:
		return error_next(err, "run as root or as the VMM's user");
	case ETIMEDOUT:
		error_why(err, "its queue of connections stays full");
		return error_next(err,
				  "other clients wait for this monitor, or "
				  "the VMM is stopped");
	default:
		return -code;
	}
}

int unix_connect(const char *path, uint64_t deadline_ns,
		 const volatile sig_atomic_t *stop, struct slotscope_error *err)
{
	struct sockaddr_un sun;
	socklen_t len = 0;
	int fd, ret = unix_address(path, &sun, &len);

	if (ret) {
		error_set(err, ret, "connect to QMP socket '%s'", path);
		return error_why(err, "a socket's path has 1 to %zu bytes",
				 UNIX_ADDRESS_MAX - 1);
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return connect_failed(path, errno, err);

	while (connect(fd, (struct sockaddr *)&sun, len)) {
		/* EAGAIN: the queue is full, and poll() does not tell when not */
		if (errno != EAGAIN && errno != EINTR) {
			ret = connect_failed(path, errno, err);
			close(fd);
			return ret;
		}
		if (clock_now() >= deadline_ns || (stop && *stop)) {
			close(fd);
			return connect_failed(
				path, stop && *stop ? EINTR : ETIMEDOUT, err);
		}
		usleep(10000);
	}
	return fd;
}
