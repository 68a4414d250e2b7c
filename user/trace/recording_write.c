// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "trace/recording.h"
#include "trace/recording_parts.h"

/* A block is not made larger than this */
#define BLOCK_BYTES (64U << 10)

/**
 * struct recording_writer - private
 * @bytes: blocks that are whole and not in the file yet, and one that is begun:
 *	   room for its header, and records
 * @whole: bytes of the whole ones
 * @block: what the one that is begun will say
 * @nr:	   events written
 * @lost:  events that they say are missing
 */
struct recording_writer {
	int fd;
	char *path;
	uint8_t *bytes;
	size_t whole, len, cap;
	struct recording_block block;
	uint64_t nr, lost;
};

static int fail(const struct recording_writer *w, int code,
		struct slotscope_error *err)
{
	return error_set(err, code, "write recording %s", w->path);
}

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
 * Not truncated before it is locked: another may be writing to it. Its readers
 * ask for the lock, but never take it.
 */
static int open_locked(const char *path, struct slotscope_error *err)
{
	struct flock lock = { .l_type = F_WRLCK };
	struct stat st;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0) {
		error_set(err, errno, "create recording %s", path);
		return error_next(err, "name a file that can be made");
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
	} else if (ftruncate(fd, 0)) {
		error_set(err, errno, "empty recording %s", path);
	} else {
		return fd;
	}
close:
	close(fd);
	return -err->code;
}

/* Room behind what is there already */
static int make_room(struct recording_writer *w, size_t more,
		     struct slotscope_error *err)
{
	size_t cap = w->cap ? w->cap : BLOCK_BYTES;
	uint8_t *bigger;

	while (cap < w->len + more)
		cap *= 2;
	if (cap == w->cap)
		return 0;
	bigger = realloc(w->bytes, cap);
	if (!bigger)
		return fail(w, ENOMEM, err);
	w->bytes = bigger;
	w->cap = cap;
	return 0;
}

/* Where the payload of a record goes; NULL with @err set */
static uint8_t *begin_record(struct recording_writer *w, size_t room,
			     struct slotscope_error *err)
{
	const bool first = w->len == w->whole;

	if (make_room(w, RECORDING_BLOCK_BYTES + RECORDING_RECORD_BYTES + room,
		      err))
		return NULL;
	if (first) {
		w->block.first_ns = UINT64_MAX;
		w->block.last_ns = 0;
		w->len += RECORDING_BLOCK_BYTES;
	}
	return w->bytes + w->len + RECORDING_RECORD_BYTES;
}

static void end_record(struct recording_writer *w, uint16_t kind, size_t length)
{
	recording_record_put(w->bytes + w->len, kind, length);
	w->len += RECORDING_RECORD_BYTES + length;
}

/* The block that is begun is whole; none is, if there is nothing in it */
static void end_block(struct recording_writer *w)
{
	struct recording_block *block = &w->block;

	if (w->len == w->whole)
		return;
	if (block->first_ns > block->last_ns) {
		block->first_ns = clock_now();
		block->last_ns = block->first_ns;
	}
	block->length = w->len - w->whole - RECORDING_BLOCK_BYTES;
	recording_block_put(w->bytes + w->whole, block);
	w->whole = w->len;
	block->number++;
	block->first_seq = block->next_seq;
}

static int put_note(struct recording_writer *w, const char *note, size_t len,
		    struct slotscope_error *err)
{
	uint8_t *at = begin_record(w, len, err);

	if (!at)
		return -err->code;
	memcpy(at, note, len);
	end_record(w, RECORDING_INFO, len);
	return 0;
}

static int put_named(struct recording_writer *w, const char *name,
		     const char *value, struct slotscope_error *err)
{
	char note[128];
	int len = snprintf(note, sizeof(note), "%s=%s", name, value);

	return put_note(w, note, (size_t)len < sizeof(note) ? len : 0, err);
}

static int put_head(struct recording_writer *w,
		    const struct recording_info *info,
		    struct slotscope_error *err)
{
	const struct recording_head head = {
		.version = RECORDING_VERSION,
		.tgid = info->tgid,
		.time_ns = clock_read(CLOCK_MONOTONIC),
		.real_ns = clock_read(CLOCK_REALTIME),
	};
	uint8_t *at = begin_record(w, sizeof(head), err);

	if (!at)
		return -err->code;
	end_record(w, RECORDING_HEAD,
		   wire_put(at, recording_head_fields, RECORDING_HEAD_FIELDS,
			    &head));
	return 0;
}

static int put_beginning(struct recording_writer *w,
			 const struct recording_info *info,
			 struct slotscope_error *err)
{
	int ret = put_head(w, info, err);
	const char *note = info->notes;
	char boot_id[37] = "";
	struct utsname system;
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && read(fd, boot_id, sizeof(boot_id) - 1) < 0)
		boot_id[0] = '\0';
	if (fd >= 0)
		close(fd);
	if (!ret)
		ret = put_named(w, "boot_id", boot_id, err);
	if (!ret && !uname(&system))
		ret = put_named(w, "kernel", system.release, err);
	while (!ret && note && *note) {
		size_t len = strcspn(note, "\n");

		ret = put_note(w, note, len, err);
		note += len + (note[len] == '\n');
	}
	return ret ? ret : recording_flush(w, err);
}

int recording_create(const char *path, const struct recording_info *info,
		     struct recording_writer **writer,
		     struct slotscope_error *err)
{
	struct recording_writer *w;
	int fd = strcmp(path, RECORDING_STDIO) ? open_locked(path, err) :
						 open_stdout(err);
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
	w->block.first_seq = 1;
	w->block.next_seq = 1;
	ret = put_beginning(w, info, err);
	if (ret)
		recording_abandon(w);
	else
		*writer = w;
	return ret;
}

int recording_write(struct recording_writer *w, const struct slot_event *event,
		    struct slotscope_error *err)
{
	const uint64_t end_ns = event->time_ns + event->duration_ns;
	struct recording_block *block = &w->block;
	uint8_t *at = begin_record(w, WIRE_EVENT_MAX, err);
	uint16_t kind;
	size_t length;

	if (!at)
		return -err->code;
	length = wire_event_put(at, event, &kind);
	end_record(w, kind, length);
	w->nr++;
	block->next_seq = event->seq + 1;
	if (event->type == SLOT_EVENT_LOST) {
		w->lost += event->lost.count;
		block->next_seq += event->lost.count - 1;
	}
	if (end_ns < block->first_ns)
		block->first_ns = end_ns;
	if (end_ns > block->last_ns)
		block->last_ns = end_ns;
	return w->len - w->whole < BLOCK_BYTES ? 0 : recording_flush(w, err);
}

int recording_write_stack(struct recording_writer *w,
			  const struct slot_stack *stack,
			  struct slotscope_error *err)
{
	const struct recording_stack begin = { .id = stack->id };
	struct json_text text = {};
	struct json_writer json;
	uint8_t *at = NULL;
	size_t len;

	json_writer_init(&json, json_text_put, &text);
	slot_stack_write_json(&json, NULL, stack);
	json_writer_flush(&json);
	if (text.nomem)
		fail(w, ENOMEM, err);
	else
		at = begin_record(w, sizeof(begin) + text.len, err);
	if (at) {
		len = wire_put(at, recording_stack_fields,
			       RECORDING_STACK_FIELDS, &begin);
		memcpy(at + len, text.text, text.len);
		end_record(w, RECORDING_STACK, len + text.len);
	}
	free(text.text);
	return at ? 0 : -err->code;
}

int recording_flush(struct recording_writer *w, struct slotscope_error *err)
{
	size_t done = 0;
	int ret = 0;

	end_block(w);
	while (done < w->len && !ret) {
		ssize_t put = write(w->fd, w->bytes + done, w->len - done);

		if (put >= 0)
			done += put;
		else if (errno != EINTR)
			ret = fail(w, errno, err);
	}
	/* What is in the file already is not to come again */
	w->len -= done;
	w->whole = w->len;
	memmove(w->bytes, w->bytes + done, w->len);
	return ret;
}

int recording_finish(struct recording_writer *w, struct slotscope_error *err)
{
	const struct recording_end end = {
		.time_ns = clock_read(CLOCK_MONOTONIC),
		.events = w->nr,
		.lost = w->lost,
		.last_seq = w->block.next_seq - 1,
	};
	uint8_t *at = begin_record(w, sizeof(end), err);
	int ret = at ? 0 : -err->code;

	if (at) {
		end_record(w, RECORDING_END,
			   wire_put(at, recording_end_fields,
				    RECORDING_END_FIELDS, &end));
		ret = recording_flush(w, err);
	}
	recording_abandon(w);
	return ret;
}

void recording_abandon(struct recording_writer *w)
{
	if (!w)
		return;
	close(w->fd);
	free(w->bytes);
	free(w->path);
	free(w);
}
