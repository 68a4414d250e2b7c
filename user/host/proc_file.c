// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/proc_file.h"

#define FIRST_ROOM 4096

/* Read until the end or until @max bytes are there */
static int read_all(int fd, size_t max, struct proc_text *out)
{
	size_t room = 0;
	ssize_t n;
	char *text;

	for (;;) {
		/* One byte beyond @max tells whether there is more; one for NUL */
		if (out->len + 1 >= room) {
			room = room ? room * 2 : FIRST_ROOM;
			if (room > max + 2)
				room = max + 2;
			text = realloc(out->text, room);
			if (!text)
				return -ENOMEM;
			out->text = text;
		}
		n = read(fd, out->text + out->len, room - out->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		out->len += n;
		if (out->len > max) {
			out->len = max;
			out->truncated = true;
		}
		if (!n || out->truncated) {
			out->text[out->len] = '\0';
			return 0;
		}
	}
}

int proc_read(int dir, const char *name, size_t max, struct proc_text *out)
{
	int ret;
	int fd;

	memset(out, 0, sizeof(*out));
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = read_all(fd, max, out);
	close(fd);
	if (ret) {
		free(out->text);
		memset(out, 0, sizeof(*out));
	}
	return ret;
}

int proc_opendir(int at, const char *name, DIR **out)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ret = -errno;

	if (fd < 0)
		return ret;
	*out = fdopendir(fd);
	if (*out)
		return 0;
	ret = -errno;
	close(fd);
	return ret;
}

ssize_t proc_readlink(int at, const char *name, char *out, size_t size)
{
	ssize_t n = readlinkat(at, name, out, size - 1);

	if (n < 0)
		n = -errno;
	out[n > 0 ? n : 0] = '\0';
	return n;
}
