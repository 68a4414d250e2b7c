// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/output_place.h"
#include "base/whole_file.h"

static int failed(int error, const char *why, const char *path,
		  struct slotscope_error *err)
{
	error_set(err, error, "write %.160s", path);
	if (error == EEXIST)
		why = "it is there, and is no regular file";
	if (why)
		error_why(err, "%s", why);
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

/* In its folder, whatever that is called by then */
static int write_beside(const struct output_place *place, const char *text,
			size_t len)
{
	char beside[NAME_MAX + 64];
	struct stat st;
	int fd, ret;

	if (!fstatat(place->folder, place->name, &st, AT_SYMLINK_NOFOLLOW) &&
	    !S_ISREG(st.st_mode))
		return -EEXIST;
	snprintf(beside, sizeof(beside), "/proc/self/fd/%d/.%s.XXXXXX",
		 place->folder, place->name);
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = put(fd, text, len);
	if (!ret)
		ret = let_read(fd);
	if (close(fd) && !ret)
		ret = -errno;
	if (!ret && renameat(AT_FDCWD, beside, place->folder, place->name))
		ret = -errno;
	if (ret)
		unlink(beside);
	return ret;
}

int whole_file_write(const char *path, const char *text, size_t len,
		     struct slotscope_error *err)
{
	struct output_place place;
	int ret = output_place(&place, path, false);

	if (!ret)
		ret = write_beside(&place, text, len);
	output_place_end(&place);
	return ret ? failed(-ret, place.why, path, err) : 0;
}
