// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/whole_file.h"

static int failed(int error, const char *path, struct slotscope_error *err)
{
	error_set(err, error, "write %.160s", path);
	if (error == EEXIST)
		error_why(err, "it is there, and is no regular file");
	return error_next(err, "name a file in a folder that can be written "
			       "to, on a disk with room");
}

static int put(int fd, const char *text, size_t len)
{
	ssize_t done;

	for (; len; text += done, len -= done) {
		do
			done = write(fd, text, len);
		while (done < 0 && errno == EINTR);
		if (done < 0)
			return -errno;
	}
	return 0;
}

/* As open() with O_CREAT would make it */
static int let_read(int fd)
{
	const mode_t mask = umask(0);

	umask(mask);
	return fchmod(fd, 0644 & ~mask) ? -errno : 0;
}

int whole_file_write(const char *path, const char *text, size_t len,
		     struct slotscope_error *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char beside[PATH_MAX];
	struct stat st;
	int fd, n, ret;

	if (!lstat(path, &st) && !S_ISREG(st.st_mode))
		return failed(EEXIST, path, err);
	n = snprintf(beside, sizeof(beside), "%.*s.%s.XXXXXX",
		     (int)(name - path), path, name);
	if (n >= (int)sizeof(beside))
		return failed(ENAMETOOLONG, path, err);
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return failed(errno, path, err);
	ret = put(fd, text, len);
	if (!ret)
		ret = let_read(fd);
	if (close(fd) && !ret)
		ret = -errno;
	if (!ret && rename(beside, path))
		ret = -errno;
	if (!ret)
		return 0;
	unlink(beside);
	return failed(-ret, path, err);
}
