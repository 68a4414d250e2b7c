// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/kept_file.h"
#include "base/output_place.h"
#include "trace/recording.h"
#include "trace/recording_format.h"
#include "trace/recording_sink.h"

static int open_stdout(struct slotscope_error *err)
{
	int fd;

	if (isatty(STDOUT_FILENO)) {
		error_set(err, EINVAL, "write a recording to standard output");
		error_why(err, "it is a terminal, and a recording is not text");
		return error_next(err, "send it to a file or a command");
	}
	fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	return fd >= 0 ? fd :
			 error_set(err, errno,
				   "write a recording to standard output");
}

/*
 * Not emptied here: another may be writing to it, or we never begin. Its readers
 * ask for the lock, but never take it.
 */
static int open_locked(const char *path, bool *created,
		       struct slotscope_error *err)
{
	struct flock lock = { .l_type = F_WRLCK };
	const char *why;
	struct stat st;
	int fd = kept_open(path, 0600, created, &why);

	if (fd < 0) {
		error_set(err, -fd, "create recording %s", path);
		return output_why(err, why);
	}
	if (fstat(fd, &st))
		error_set(err, errno, "create recording %s", path);
	else if (!S_ISREG(st.st_mode))
		return fd;
	if (fcntl(fd, F_OFD_SETLK, &lock)) {
		error_set(err, errno, "lock recording %s", path);
		if (err->code != EAGAIN && err->code != EACCES)
			goto close;
		err->code = EBUSY;
		error_why(err, "it is being written by another process");
		error_next(err, "name another file");
	} else {
		return fd;
	}
close:
	close(fd);
	return -err->code;
}

int sink_open(struct recording_sink *s, const char *path,
	      struct slotscope_error *err)
{
	*s = (struct recording_sink){ .fd = -1 };
	s->path = strdup(path);
	if (!s->path)
		return error_set(err, ENOMEM, "create recording %s", path);
	s->fd = strcmp(path, RECORDING_STDIO) ?
			open_locked(path, &s->created, err) :
			open_stdout(err);
	return s->fd < 0 ? s->fd : 0;
}

int sink_begin(struct recording_sink *s, struct slotscope_error *err)
{
	int ret = strcmp(s->path, RECORDING_STDIO) ? kept_empty(s->fd) : 0;

	s->created = false;
	return ret ? error_set(err, ret, "empty recording %s", s->path) : 0;
}

void sink_close(struct recording_sink *s)
{
	if (s->created)
		kept_drop_empty(s->path);
	if (s->fd >= 0)
		close(s->fd);
	free(s->path);
}

static int fail(const struct recording_sink *s, int code,
		struct slotscope_error *err)
{
	return error_set(err, code, "write recording %s", s->path);
}

int sink_can_ring(const struct recording_sink *s, struct slotscope_error *err)
{
	struct stat st;

	if (!fstat(s->fd, &st) && S_ISREG(st.st_mode))
		return 0;
	error_set(err, ESPIPE, "keep the end of recording %s", s->path);
	error_why(err, "it is no regular file: what was written to it cannot "
		       "be dropped");
	return error_next(err, "name a file, or leave --keep out");
}

static uint64_t segment_at(const struct recording_sink *s, uint32_t segment)
{
	return s->ring + (uint64_t)segment * s->segment_bytes;
}

static int put_at(const struct recording_sink *s, const uint8_t *bytes,
		  size_t len, uint64_t at, struct slotscope_error *err)
{
	while (len) {
		ssize_t put = pwrite(s->fd, bytes, len, at);

		if (put < 0 && errno != EINTR)
			return fail(s, errno, err);
		if (put > 0) {
			bytes += put;
			len -= put;
			at += put;
		}
	}
	return 0;
}

int sink_begin_ring(struct recording_sink *s, size_t size,
		    uint32_t segment_bytes, uint32_t segments,
		    struct slotscope_error *err)
{
	int ret;

	s->ring = (size + RECORDING_RING_ALIGN - 1) / RECORDING_RING_ALIGN *
		  RECORDING_RING_ALIGN;
	s->segment_bytes = segment_bytes;
	s->segments = segments;
	ret = posix_fallocate(s->fd, 0, segment_at(s, segments));
	if (!ret)
		return 0;
	error_set(err, ret, "take %llu bytes for recording %s",
		  (unsigned long long)segment_at(s, segments), s->path);
	return error_next(err, "give less with --keep, or another disk");
}

uint64_t sink_room(const struct recording_sink *s)
{
	return s->segments ? s->segment_bytes - s->used : UINT64_MAX;
}

int sink_next_segment(struct recording_sink *s, struct slotscope_error *err)
{
	static const uint8_t zeroes[RECORDING_BLOCK_BYTES];
	const uint32_t next = (s->segment + 1) % s->segments;
	int ret = put_at(s, zeroes, sizeof(zeroes), segment_at(s, next), err);

	if (ret)
		return ret;
	s->segment = next;
	s->used = 0;
	return 0;
}

/* Its header comes last: however we end, no reader takes half of it for a block */
static int put_in_ring(struct recording_sink *s, const uint8_t *bytes,
		       size_t len, size_t *done, struct slotscope_error *err)
{
	const uint64_t at = segment_at(s, s->segment) + s->used;
	int ret = put_at(s, bytes + RECORDING_BLOCK_BYTES,
			 len - RECORDING_BLOCK_BYTES,
			 at + RECORDING_BLOCK_BYTES, err);

	*done = 0;
	if (!ret)
		ret = put_at(s, bytes, RECORDING_BLOCK_BYTES, at, err);
	if (ret)
		return ret;
	s->used += len;
	*done = len;
	return 0;
}

int sink_put(struct recording_sink *s, const uint8_t *bytes, size_t len,
	     size_t *done, struct slotscope_error *err)
{
	if (s->segments)
		return put_in_ring(s, bytes, len, done, err);
	for (*done = 0; *done < len;) {
		ssize_t put = write(s->fd, bytes + *done, len - *done);

		if (put < 0 && errno != EINTR)
			return fail(s, errno, err);
		*done += put > 0 ? put : 0;
	}
	return 0;
}
