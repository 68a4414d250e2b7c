// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/unix_listen.h"

static const struct sockaddr *address_of(const struct unix_listener *listener)
{
	return (const void *)&listener->address;
}

static bool is_abstract(const struct unix_listener *listener)
{
	return !listener->address.sun_path[0];
}

static int make_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Is the file a socket on which nobody listens? */
static bool is_stale(const struct unix_listener *listener)
{
	struct stat st;
	bool stale;
	int fd;

	if (is_abstract(listener) || lstat(listener->address.sun_path, &st) ||
	    !S_ISSOCK(st.st_mode))
		return false;
	fd = make_socket();
	if (fd < 0)
		return false;
	stale = connect(fd, address_of(listener), listener->len) &&
		errno == ECONNREFUSED;
	close(fd);
	return stale;
}

static int try_bind(const struct unix_listener *listener)
{
	return bind(listener->fd, address_of(listener), listener->len) ?
		       -errno :
		       0;
}

int unix_listen(struct unix_listener *listener)
{
	int ret;

	listener->fd = make_socket();
	if (listener->fd < 0)
		return -errno;
	ret = try_bind(listener);
	if (ret == -EADDRINUSE && is_stale(listener) &&
	    !unlink(listener->address.sun_path))
		ret = try_bind(listener);
	if (ret) {
		/* The file is another's */
		close(listener->fd);
		listener->fd = -1;
		return ret;
	}
	if (!listen(listener->fd, SOMAXCONN))
		return 0;
	ret = -errno;
	unix_listen_end(listener);
	return ret;
}

void unix_listen_end(struct unix_listener *listener)
{
	if (listener->fd < 0)
		return;
	close(listener->fd);
	listener->fd = -1;
	if (!is_abstract(listener))
		unlink(listener->address.sun_path);
}
