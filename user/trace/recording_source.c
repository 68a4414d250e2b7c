// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace/recording.h"
#include "trace/recording_format.h"
#include "trace/recording_source.h"

#define READ_BYTES (64U << 10)

int source_open(struct recording_source *s, const char *path,
		struct slotscope_error *err)
{
	const bool named = strcmp(path, RECORDING_STDIO);
	struct stat st;

	*s = (struct recording_source){ .fd = -1 };
	s->path = strdup(named ? path : "standard input");
	if (!s->path)
		return error_set(err, ENOMEM, "open recording %s", path);
	s->fd = named ? open(path, O_RDONLY | O_CLOEXEC) :
			fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	if (s->fd < 0 || fstat(s->fd, &st))
		return error_set(err, errno, "open recording %s", s->path);
	if (S_ISDIR(st.st_mode))
		return error_set(err, EISDIR, "open recording %s", s->path);
	s->regular = S_ISREG(st.st_mode);
	return 0;
}

int source_of(struct recording_source *s, const char *name, const void *bytes,
	      size_t len, struct slotscope_error *err)
{
	*s = (struct recording_source){ .fd = -1, .len = len, .cap = len };
	s->path = strdup(name);
	s->bytes = malloc(len + 1);
	if (!s->path || !s->bytes)
		return error_set(err, ENOMEM, "read recording %s", name);
	memcpy(s->bytes, bytes, len);
	return 0;
}

void source_close(struct recording_source *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s->bytes);
	free(s->path);
}

ssize_t source_need(struct recording_source *s, size_t size,
		    struct slotscope_error *err)
{
	while (s->fd >= 0 && s->len - s->pos < size) {
		ssize_t got;

		if (s->pos) {
			s->len -= s->pos;
			memmove(s->bytes, s->bytes + s->pos, s->len);
			s->pos = 0;
		}
		if (s->cap < size + READ_BYTES) {
			uint8_t *bigger = realloc(s->bytes, size + READ_BYTES);

			if (!bigger)
				return error_set(err, ENOMEM,
						 "read recording %s", s->path);
			s->bytes = bigger;
			s->cap = size + READ_BYTES;
		}
		got = read(s->fd, s->bytes + s->len, s->cap - s->len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set(err, errno, "read recording %s",
					 s->path);
		if (!got)
			break;
		s->len += got;
	}
	return s->len - s->pos < size ? s->len - s->pos : size;
}

ssize_t source_rest(struct recording_source *s, size_t max,
		    struct slotscope_error *err)
{
	size_t size = READ_BYTES;
	ssize_t got;

	for (;; size *= 2) {
		got = source_need(s, size, err);
		if (got < (ssize_t)size)
			break;
		if (size > max)
			return error_set(err, EFBIG, "read %s", s->path);
	}
	if (got >= 0)
		s->bytes[s->pos + got] = '\0';
	return got;
}

const uint8_t *source_bytes(const struct recording_source *s)
{
	return s->bytes + s->pos;
}

void source_take(struct recording_source *s, size_t size)
{
	s->pos += size;
	s->at += size;
}

int source_hold(struct recording_source *s, struct slotscope_error *err)
{
	ssize_t got;

	if (s->fd < 0 || s->regular)
		return 0;
	got = source_rest(s, RECORDING_MAX_RING, err);
	if (got < 0)
		return got;
	close(s->fd);
	s->fd = -1;
	return 0;
}

int source_seek(struct recording_source *s, uint64_t at,
		struct slotscope_error *err)
{
	const uint64_t begin = s->at - s->pos;

	if (s->fd < 0) {
		s->pos = at - begin < s->len ? at - begin : s->len;
		s->at = at;
		return 0;
	}
	if (lseek(s->fd, at, SEEK_SET) < 0)
		return error_set(err, errno, "read recording %s", s->path);
	s->at = at;
	s->pos = 0;
	s->len = 0;
	return 0;
}

uint64_t source_size(const struct recording_source *s)
{
	struct stat st;

	if (s->fd < 0)
		return s->at - s->pos + s->len;
	return fstat(s->fd, &st) ? 0 : st.st_size;
}

bool source_growing(const struct recording_source *s)
{
	struct flock lock = { .l_type = F_RDLCK };

	return s->regular && !fcntl(s->fd, F_OFD_GETLK, &lock) &&
	       lock.l_type != F_UNLCK;
}
