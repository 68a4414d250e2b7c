// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading a recording: nothing in the file is trusted */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json.h>

#include "base/json_value.h"
#include "trace/recording.h"
#include "trace/recording_format.h"
#include "view/json.h"

/* Our own lines are below 1 KiB and four objects deep */
#define LINE_MAX_BYTES 65536
#define DEPTH_MAX      16

/**
 * struct recording_reader - private
 * @buf:     bytes read and not used yet, from @pos on
 * @line:    number of the line last taken, from 1
 * @next:    seq that the next event is to have
 * @last_ns: the latest time that was read
 * @held:    an event that waits behind a LOST that was put before it
 * @holding: there is one
 * @ended:   the end line was read
 * @eof:     all that was in the file was read
 */
struct recording_reader {
	int fd;
	char *path;
	struct json_tokener *tokener;
	struct recording_info info;
	enum recording_state state;
	char buf[LINE_MAX_BYTES];
	size_t pos, len;
	uint64_t line;
	uint64_t next, last_ns;
	struct slot_event held;
	bool holding, ended, eof;
};

static int fail(const struct recording_reader *r, int code,
		struct slotscope_error *err)
{
	return error_set(err, code, "read recording %s, line %llu", r->path,
			 (unsigned long long)r->line);
}

/* The same, for an error that a reader of JSON has explained */
static int fail_json(const struct recording_reader *r,
		     struct slotscope_error *err)
{
	char why[sizeof(err->why)];

	strcpy(why, err->why);
	fail(r, err->code, err);
	return error_why(err, "%s", why);
}

static bool is_locked(const struct recording_reader *r)
{
	struct flock lock = { .l_type = F_RDLCK };

	return !fcntl(r->fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK;
}

/* Get more into the buffer; 0 at the end of the file */
static ssize_t fill(struct recording_reader *r, struct slotscope_error *err)
{
	ssize_t got;

	memmove(r->buf, r->buf + r->pos, r->len - r->pos);
	r->len -= r->pos;
	r->pos = 0;
	if (r->len == sizeof(r->buf)) {
		r->line++;
		fail(r, EINVAL, err);
		return error_why(err, "it is longer than %d bytes",
				 LINE_MAX_BYTES);
	}
	do
		got = read(r->fd, r->buf + r->len, sizeof(r->buf) - r->len);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_set(err, errno, "read recording %s", r->path);
	r->len += got;
	return got;
}

/*
 * Take the next line, without its newline. 0: there is none, or it is not
 * whole (yet).
 */
static int take_line(struct recording_reader *r, const char **line, size_t *len,
		     struct slotscope_error *err)
{
	for (;;) {
		char *start = r->buf + r->pos;
		char *end = memchr(start, '\n', r->len - r->pos);
		ssize_t got;

		if (end) {
			*line = start;
			*len = end - start;
			r->pos += *len + 1;
			r->line++;
			return 1;
		}
		got = fill(r, err);
		if (got <= 0)
			return got;
	}
}

static int no_recording(struct slotscope_error *err, const char *why)
{
	error_why(err, "%s", why);
	return error_next(err, "name a file that slotscope trace -o, or check "
			       "-o, has written");
}

/* Parse a line; NULL with @err set if it is no JSON object and nothing else */
static struct json_object *parse(struct recording_reader *r, const char *line,
				 size_t len, struct slotscope_error *err)
{
	struct json_object *obj;
	enum json_tokener_error code;

	json_tokener_reset(r->tokener);
	obj = json_tokener_parse_ex(r->tokener, line, len);
	code = json_tokener_get_error(r->tokener);
	if (obj && code == json_tokener_success &&
	    json_tokener_get_parse_end(r->tokener) == len &&
	    json_object_is_type(obj, json_type_object))
		return obj;
	json_object_put(obj);
	fail(r, EINVAL, err);
	if (code == json_tokener_success || code == json_tokener_continue)
		error_why(err, "it is not one JSON object");
	else
		error_why(err, "it is not JSON: %s",
			  json_tokener_error_desc(code));
	return NULL;
}

static int read_header(struct recording_reader *r, struct json_object *obj,
		       struct slotscope_error *err)
{
	struct json_object *format;
	struct json_in in;
	int ret;

	if (!json_object_object_get_ex(obj, "format", &format) ||
	    !json_object_is_type(format, json_type_string) ||
	    strcmp(json_object_get_string(format), RECORDING_FORMAT)) {
		fail(r, EINVAL, err);
		return no_recording(err, "it is not a recording of slotscope");
	}
	in = json_in_top(obj, "header", &ret, err);
	json_in_version(&in);
	snprintf(r->info.boot_id, sizeof(r->info.boot_id), "%s",
		 json_in_str_or(&in, "boot_id", ""));
	r->info.tgid = json_in_s64_or(&in, "tgid", 0, INT32_MAX, 0);
	r->info.time_ns = json_in_u64(&in, "time_ns", UINT64_MAX);
	r->info.real_ns = json_in_u64_or(&in, "real_ns", UINT64_MAX, 0);
	r->last_ns = r->info.time_ns;
	return ret ? fail_json(r, err) : 0;
}

int recording_open(const char *path, struct recording_reader **reader,
		   struct slotscope_error *err)
{
	struct recording_reader *r = calloc(1, sizeof(*r));
	struct json_object *obj;
	const char *line;
	struct stat st;
	size_t len;
	int ret;

	*reader = NULL;
	if (!r)
		return error_set(err, ENOMEM, "open recording %s", path);
	/* A FIFO without a writer would make us wait */
	r->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (r->fd < 0) {
		error_set(err, errno, "open recording %s", path);
		ret = no_recording(err, strerror(err->code));
		goto free;
	}
	r->path = strdup(path);
	r->tokener = json_tokener_new_ex(DEPTH_MAX);
	r->next = 1;
	if (!r->path || !r->tokener) {
		ret = error_set(err, ENOMEM, "open recording %s", path);
		goto free;
	}
	json_tokener_set_flags(r->tokener, JSON_TOKENER_STRICT |
						   JSON_TOKENER_VALIDATE_UTF8);
	if (fstat(r->fd, &st) || !S_ISREG(st.st_mode)) {
		error_set(err, EINVAL, "open recording %s", path);
		ret = no_recording(err, "it is not a regular file");
		goto free;
	}
	ret = take_line(r, &line, &len, err);
	if (!ret && is_locked(r)) {
		error_set(err, EAGAIN, "open recording %s", path);
		ret = error_why(err, "it is just being created");
	} else if (!ret) {
		error_set(err, EINVAL, "open recording %s", path);
		ret = no_recording(err, r->len ? "it is not a recording of "
						 "slotscope" :
						 "it is empty");
	}
	if (ret < 0)
		goto free;
	obj = parse(r, line, len, err);
	if (obj)
		ret = read_header(r, obj, err);
	else
		ret = no_recording(err, "it is not a recording of slotscope");
	json_object_put(obj);
	if (ret)
		goto free;
	*reader = r;
	return 0;

free:
	recording_close(r);
	return ret;
}

void recording_close(struct recording_reader *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	if (r->tokener)
		json_tokener_free(r->tokener);
	free(r->path);
	free(r);
}

/* What is missing here is no older than what was read before it */
static struct slot_event missing(const struct recording_reader *r,
				 enum slot_lost_reason reason, uint64_t count)
{
	return (struct slot_event){
		.seq = r->next,
		.time_ns = r->last_ns,
		.type = SLOT_EVENT_LOST,
		.lost = { .reason = reason, .count = count },
	};
}

/* Numbers that @event takes; 0 if that cannot be */
static uint64_t takes(const struct slot_event *event)
{
	uint64_t count = event->type == SLOT_EVENT_LOST ? event->lost.count : 1;

	return event->seq + count < event->seq ? 0 : count;
}

static void note_time(struct recording_reader *r, uint64_t time_ns)
{
	if (time_ns > r->last_ns)
		r->last_ns = time_ns;
}

/* Hand over @event, or what is missing before it and then @event */
static int give(struct recording_reader *r, struct slot_event *event,
		struct slotscope_error *err)
{
	uint64_t begin_ns = event->time_ns;
	uint64_t end_ns = begin_ns + event->duration_ns;

	if (event->seq < r->next || !takes(event)) {
		fail(r, EINVAL, err);
		return error_why(err, "event %llu cannot follow here",
				 (unsigned long long)event->seq);
	}
	if (event->seq > r->next) {
		r->held = *event;
		r->holding = true;
		*event = missing(r, SLOT_LOST_GAP, event->seq - r->next);
	}
	r->next = event->seq + takes(event);
	/* In a file that someone has made it may wrap */
	note_time(r, end_ns < begin_ns ? begin_ns : end_ns);
	return 1;
}

static int read_end(struct recording_reader *r, struct json_object *obj,
		    struct slot_event *event, struct slotscope_error *err)
{
	uint64_t last_seq;
	struct json_in in, end;
	int ret;

	in = json_in_top(obj, "end", &ret, err);
	end = json_in_object(&in, "end");
	last_seq = json_in_u64(&end, "last_seq", UINT64_MAX - 1);
	note_time(r, json_in_u64(&end, "time_ns", UINT64_MAX));
	if (ret)
		return fail_json(r, err);
	if (last_seq + 1 < r->next) {
		fail(r, EINVAL, err);
		return error_why(err, "it says that event %llu is the last",
				 (unsigned long long)last_seq);
	}
	r->ended = true;
	if (last_seq + 1 == r->next)
		return 0;
	*event = missing(r, SLOT_LOST_GAP, last_seq + 1 - r->next);
	r->next = last_seq + 1;
	return 1;
}

static int read_line(struct recording_reader *r, const char *line, size_t len,
		     struct slot_event *event, struct slotscope_error *err)
{
	struct json_object *obj;
	int ret;

	if (r->ended) {
		fail(r, EINVAL, err);
		return error_why(err, "something follows the end");
	}
	obj = parse(r, line, len, err);
	if (!obj)
		return -err->code;
	if (json_object_object_get_ex(obj, "end", NULL)) {
		ret = read_end(r, obj, event, err);
	} else {
		ret = slot_event_from_json(obj, event, err);
		ret = ret ? fail_json(r, err) : give(r, event, err);
	}
	json_object_put(obj);
	return ret;
}

/* No more lines for now: why, and what does that say? */
static int at_end(struct recording_reader *r, struct slot_event *event)
{
	if (r->ended && r->pos == r->len) {
		r->state = RECORDING_FINISHED;
		return 0;
	}
	if (r->state == RECORDING_CUT)
		return 0;
	/* How many are missing nobody knows: at least one */
	r->state = RECORDING_CUT;
	*event = missing(r, SLOT_LOST_CUT, 1);
	r->next++;
	return 1;
}

int recording_read(struct recording_reader *r, struct slot_event *event,
		   struct slotscope_error *err)
{
	bool growing = true;

	if (r->holding) {
		r->holding = false;
		*event = r->held;
		r->next = event->seq + takes(event);
		return 1;
	}
	for (;;) {
		const char *line;
		size_t len;
		int ret = take_line(r, &line, &len, err);

		if (ret > 0) {
			ret = read_line(r, line, len, event, err);
			if (ret || !r->ended)
				return ret;
			continue;
		}
		if (ret < 0)
			return ret;
		/*
		 * The writer may have ended it between our reading and our
		 * asking: only what is read after it let go is all.
		 */
		if (!growing || r->ended)
			return at_end(r, event);
		growing = is_locked(r);
		if (growing) {
			r->state = RECORDING_GROWING;
			return 0;
		}
	}
}

enum recording_state recording_state(const struct recording_reader *r)
{
	return r->state;
}

const struct recording_info *recording_info(const struct recording_reader *r)
{
	return &r->info;
}

int recording_read_all(struct recording_reader *reader, const char *path,
		       struct slot_log *log, struct slotscope_error *err)
{
	struct slot_event event;
	int ret;

	while ((ret = recording_read(reader, &event, err)) > 0) {
		ret = slot_log_add(log, &event);
		if (ret)
			return error_set(err, ret, "keep the events of %.160s",
					 path);
	}
	return ret;
}

int recording_load(const char *path, struct slot_log *log,
		   enum recording_state *state, struct slotscope_error *err)
{
	struct recording_reader *reader;
	int ret = recording_open(path, &reader, err);

	if (ret)
		return ret;
	ret = recording_read_all(reader, path, log, err);
	if (state)
		*state = recording_state(reader);
	recording_close(reader);
	return ret;
}
