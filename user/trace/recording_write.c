// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json.h>

#include "base/clock.h"
#include "base/json_value.h"
#include "trace/recording.h"
#include "trace/recording_format.h"
#include "view/json.h"

#define BUFFER_BYTES 65536

/**
 * struct recording_writer - private
 * @buf:  whole lines that are not in the file yet
 * @nr:	  events written
 * @lost: events that they say are missing
 */
struct recording_writer {
	int fd;
	char *path;
	char *buf;
	size_t len, cap;
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

	if (fd < 0)
		return error_set(err, errno, "create recording %s", path);
	if (fstat(fd, &st)) {
		error_set(err, errno, "create recording %s", path);
	} else if (!S_ISREG(st.st_mode)) {
		error_set(err, EINVAL, "create recording %s", path);
		error_why(err, "it is not a regular file");
	} else if (fcntl(fd, F_OFD_SETLK, &lock)) {
		error_set(err, errno, "lock recording %s", path);
		if (err->code != EAGAIN && err->code != EACCES)
			goto close;
		err->code = EBUSY;
		error_why(err, "it is being written by another process");
	} else if (ftruncate(fd, 0)) {
		error_set(err, errno, "empty recording %s", path);
	} else {
		return fd;
	}
close:
	close(fd);
	return -err->code;
}

static int put_line(struct recording_writer *w, struct json_object *obj,
		    struct slotscope_error *err)
{
	const char *text = NULL;
	size_t len = 0;

	if (obj)
		text = json_object_to_json_string_length(
			obj, JSON_C_TO_STRING_PLAIN, &len);
	if (text && w->len + len + 1 > w->cap) {
		size_t cap = (w->len + len + 1) * 2;
		char *bigger = realloc(w->buf, cap);

		if (bigger) {
			w->buf = bigger;
			w->cap = cap;
		} else {
			text = NULL;
		}
	}
	if (text) {
		memcpy(w->buf + w->len, text, len);
		w->buf[w->len + len] = '\n';
		w->len += len + 1;
	}
	json_object_put(obj);
	if (!text)
		return fail(w, ENOMEM, err);
	return w->len < BUFFER_BYTES ? 0 : recording_flush(w, err);
}

static struct json_object *header(pid_t tgid)
{
	struct json_object *obj = json_object_new_object();
	char boot_id[37] = "";
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	int ret = 0;

	if (fd >= 0 && read(fd, boot_id, sizeof(boot_id) - 1) < 0)
		boot_id[0] = '\0';
	if (fd >= 0)
		close(fd);
	if (!obj)
		return NULL;
	ret |= json_put_str(obj, "format", RECORDING_FORMAT);
	ret |= json_put_u64(obj, "version", SLOTSCOPE_JSON_VERSION);
	ret |= json_put_str(obj, "boot_id", boot_id);
	ret |= json_put_s64(obj, "tgid", tgid);
	ret |= json_put_u64(obj, "time_ns", clock_read(CLOCK_MONOTONIC));
	ret |= json_put_u64(obj, "real_ns", clock_read(CLOCK_REALTIME));
	if (!ret)
		return obj;
	json_object_put(obj);
	return NULL;
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
	ret = put_line(w, header(tgid), err);
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
	w->nr++;
	w->last_seq = event->seq;
	if (event->type == SLOT_EVENT_LOST) {
		w->lost += event->lost.count;
		w->last_seq += event->lost.count - 1;
	}
	return put_line(w, slot_event_to_json(event), err);
}

int recording_flush(struct recording_writer *w, struct slotscope_error *err)
{
	size_t done = 0;

	while (done < w->len) {
		ssize_t put = write(w->fd, w->buf + done, w->len - done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0) {
			int code = errno;

			/* What is in the file already is not to come again */
			memmove(w->buf, w->buf + done, w->len - done);
			w->len -= done;
			return fail(w, code, err);
		}
		done += put;
	}
	w->len = 0;
	return 0;
}

static struct json_object *trailer(const struct recording_writer *w)
{
	struct json_object *obj = json_object_new_object();
	struct json_object *end = json_object_new_object();
	int ret = !obj || !end;

	if (!ret) {
		ret |= json_put_u64(end, "time_ns",
				    clock_read(CLOCK_MONOTONIC));
		ret |= json_put_u64(end, "events", w->nr);
		ret |= json_put_u64(end, "lost", w->lost);
		ret |= json_put_u64(end, "last_seq", w->last_seq);
	}
	if (!ret)
		ret = json_put(obj, "end", end);
	else
		json_object_put(end);
	if (!ret)
		return obj;
	json_object_put(obj);
	return NULL;
}

int recording_finish(struct recording_writer *w, struct slotscope_error *err)
{
	int ret = put_line(w, trailer(w), err);

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
	free(w->buf);
	free(w->path);
	free(w);
}
