// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/kept_file.h"
#include "base/output_place.h"

int kept_open(const char *path, mode_t mode, bool *created, const char **why)
{
	struct output_place place;
	int fd = output_place(&place, path, true);

	*created = false;
	if (!fd)
		fd = output_place_open(&place);
	if (fd == -ENOENT && place.folder >= 0) {
		fd = output_place_make(&place, mode);
		*created = fd >= 0;
		/* Someone else made it meanwhile */
		if (fd == -EEXIST)
			fd = output_place_open(&place);
	}
	*why = place.why;
	output_place_end(&place);
	return fd;
}

int kept_empty(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	return S_ISREG(st.st_mode) && ftruncate(fd, 0) ? -errno : 0;
}

/* The first write is to an offset of 0 */
static ssize_t put(void *cookie, const char *bytes, size_t len)
{
	const int fd = (int)(intptr_t)cookie;
	ssize_t done;

	if (!lseek(fd, 0, SEEK_CUR) && kept_empty(fd))
		return 0;
	do
		done = write(fd, bytes, len);
	while (done < 0 && errno == EINTR);
	return done < 0 ? 0 : done;
}

static int end(void *cookie)
{
	return close((int)(intptr_t)cookie);
}

FILE *kept_stream(int fd)
{
	const cookie_io_functions_t functions = { .write = put, .close = end };
	struct stat st;

	if (fstat(fd, &st))
		return NULL;
	/* A pipe, a terminal: there is nothing to keep */
	if (!S_ISREG(st.st_mode) || !st.st_size)
		return fdopen(fd, "w");
	return fopencookie((void *)(intptr_t)fd, "w", functions);
}

void kept_drop_empty(const char *path)
{
	struct output_place place;
	struct stat st;

	if (output_place(&place, path, true))
		return;
	if (!fstatat(place.folder, place.name, &st, AT_SYMLINK_NOFOLLOW) &&
	    S_ISREG(st.st_mode) && !st.st_size)
		unlinkat(place.folder, place.name, 0);
	output_place_end(&place);
}

bool kept_is_same(const char *output, const char *input)
{
	struct stat out, in;
	const bool named = strcmp(input, "-");

	if (stat(output, &out) ||
	    (named ? stat(input, &in) : fstat(STDIN_FILENO, &in)))
		return false;
	return S_ISREG(out.st_mode) && out.st_dev == in.st_dev &&
	       out.st_ino == in.st_ino;
}
