// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json_value.h"
#include "trace/recording.h"
#include "trace/recording_format.h"
#include "view/json.h"

#define BUFFER_BYTES 65536

/**
 * struct recording_writer - private
 * @lines: whole ones that are not in the file yet
 * @nr:	   events written
 * @lost:  events that they say are missing
 */
struct recording_writer {
	int fd;
	char *path;
	struct json_text lines;
	uint64_t nr, lost, last_seq;
};

static int fail(const struct recording_writer *w, int code,
		struct slotscope_error *err)
{
	return error_set(err, code, "write recording %s", w->path);
}

/*
 * Not truncated before it is locked: another may be writing to it. Its readers
 * ask for the lock, but never take it.
 */
static int open_locked(const char *path, struct slotscope_error *err)
{
	struct flock lock = { .l_type = F_WRLCK };
	struct stat st;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);

	if (fd < 0) {
		error_set(err, errno, "create recording %s", path);
		return error_next(err, "name a file that can be made");
	}
	if (fstat(fd, &st)) {
		error_set(err, errno, "create recording %s", path);
	} else if (!S_ISREG(st.st_mode)) {
		error_set(err, EINVAL, "create recording %s", path);
		error_why(err, "it is not a regular file");
		error_next(err, "name a file that can be made");
	} else if (fcntl(fd, F_OFD_SETLK, &lock)) {
		error_set(err, errno, "lock recording %s", path);
		if (err->code != EAGAIN && err->code != EACCES)
			goto close;
		err->code = EBUSY;
		error_why(err, "it is being written by another process");
		error_next(err, "name another file");
	} else if (ftruncate(fd, 0)) {
		error_set(err, errno, "empty recording %s", path);
	} else {
		return fd;
	}
close:
	close(fd);
	return -err->code;
}

/* The end of a line, if all of it was kept; else none of it was written */
static int end_line(struct recording_writer *w, struct json_writer *json,
		    size_t begin, struct slotscope_error *err)
{
	json_writer_flush(json);
	json_text_put(&w->lines, "\n", 1);
	if (w->lines.nomem) {
		w->lines.nomem = false;
		w->lines.len = begin;
		return fail(w, ENOMEM, err);
	}
	return w->lines.len < BUFFER_BYTES ? 0 : recording_flush(w, err);
}

static int put_header(struct recording_writer *w, pid_t tgid,
		      struct slotscope_error *err)
{
	char boot_id[37] = "";
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	struct json_writer json;

	if (fd >= 0 && read(fd, boot_id, sizeof(boot_id) - 1) < 0)
		boot_id[0] = '\0';
	if (fd >= 0)
		close(fd);
	json_writer_init(&json, json_text_put, &w->lines);
	json_begin_object(&json, NULL);
	json_write_str(&json, "format", RECORDING_FORMAT);
	json_write_u64(&json, "version", SLOTSCOPE_JSON_VERSION);
	json_write_str(&json, "boot_id", boot_id);
	json_write_s64(&json, "tgid", tgid);
	json_write_u64(&json, "time_ns", clock_read(CLOCK_MONOTONIC));
	json_write_u64(&json, "real_ns", clock_read(CLOCK_REALTIME));
	json_end_object(&json);
	return end_line(w, &json, 0, err);
}

int recording_create(const char *path, pid_t tgid,
		     struct recording_writer **writer,
		     struct slotscope_error *err)
{
	struct recording_writer *w;
	int fd = open_locked(path, err);
	int ret;

	*writer = NULL;
	if (fd < 0)
		return fd;
	w = calloc(1, sizeof(*w));
	if (w)
		w->path = strdup(path);
	if (!w || !w->path) {
		free(w);
		close(fd);
		return error_set(err, ENOMEM, "create recording %s", path);
	}
	w->fd = fd;
	ret = put_header(w, tgid, err);
	if (!ret)
		ret = recording_flush(w, err);
	if (ret)
		recording_abandon(w);
	else
		*writer = w;
	return ret;
}

int recording_write(struct recording_writer *w, const struct slot_event *event,
		    struct slotscope_error *err)
{
	const size_t begin = w->lines.len;
	struct json_writer json;

	w->nr++;
	w->last_seq = event->seq;
	if (event->type == SLOT_EVENT_LOST) {
		w->lost += event->lost.count;
		w->last_seq += event->lost.count - 1;
	}
	json_writer_init(&json, json_text_put, &w->lines);
	slot_event_write_json(&json, NULL, event);
	return end_line(w, &json, begin, err);
}

int recording_flush(struct recording_writer *w, struct slotscope_error *err)
{
	size_t done = 0;

	while (done < w->lines.len) {
		ssize_t put =
			write(w->fd, w->lines.text + done, w->lines.len - done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0) {
			int code = errno;

			/* What is in the file already is not to come again */
			w->lines.len -= done;
			memmove(w->lines.text, w->lines.text + done,
				w->lines.len);
			return fail(w, code, err);
		}
		done += put;
	}
	w->lines.len = 0;
	return 0;
}

int recording_finish(struct recording_writer *w, struct slotscope_error *err)
{
	const size_t begin = w->lines.len;
	struct json_writer json;
	int ret;

	json_writer_init(&json, json_text_put, &w->lines);
	json_begin_object(&json, NULL);
	json_begin_object(&json, "end");
	json_write_u64(&json, "time_ns", clock_read(CLOCK_MONOTONIC));
	json_write_u64(&json, "events", w->nr);
	json_write_u64(&json, "lost", w->lost);
	json_write_u64(&json, "last_seq", w->last_seq);
	json_end_object(&json);
	json_end_object(&json);
	ret = end_line(w, &json, begin, err);
	if (!ret)
		ret = recording_flush(w, err);
	recording_abandon(w);
	return ret;
}

void recording_abandon(struct recording_writer *w)
{
	if (!w)
		return;
	close(w->fd);
	free(w->lines.text);
	free(w->path);
	free(w);
}
