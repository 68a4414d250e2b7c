// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading a recording: nothing in the file is trusted */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/recording.h"
#include "trace/recording_blocks.h"
#include "trace/recording_parts.h"
#include "view/json.h"

/**
 * struct recording_reader - private
 * @next:      seq that the next event is to have
 * @last_ns:   the latest time that was read
 * @stacks:    that events name
 * @unknown:   records of kinds that we do not know
 * @held:      an event that waits behind a LOST that was put before it
 * @holding:   there is one
 * @ended:     the end was read
 * @starting:  the next block is the first that is read: what was before was dropped
 * @in_state:  the blocks that are read say how things stood
 * @not_whole: something was wrong with them
 * @segments:  of a ring, of @segment_bytes each
 */
struct recording_reader {
	struct recording_blocks blocks;
	struct recording_info info;
	enum recording_state state;
	uint64_t next, last_ns;
	struct stack_table stacks;
	uint64_t unknown;
	struct slot_event held;
	bool holding, ended, starting, in_state, not_whole;
	uint32_t segment_bytes, segments;
};

static int fail(const struct recording_reader *r, int code,
		struct slotscope_error *err)
{
	return error_set(err, code, "read recording %s, byte %llu",
			 r->blocks.source.path,
			 (unsigned long long)r->blocks.source.at);
}

static int cannot_follow(const struct recording_reader *r, const char *what,
			 uint64_t number, struct slotscope_error *err)
{
	fail(r, EINVAL, err);
	return error_why(err, "%s %llu cannot follow here", what,
			 (unsigned long long)number);
}

static struct slot_event lost(const struct recording_reader *r, uint64_t seq,
			      enum slot_lost_reason reason, uint64_t count)
{
	/* What is missing here is no older than what was read before it */
	return (struct slot_event){
		.seq = seq,
		.time_ns = r->last_ns,
		.type = SLOT_EVENT_LOST,
		.lost = { reason, count },
	};
}

static struct slot_event missing(struct recording_reader *r, uint64_t count)
{
	const struct slot_event event = lost(
		r, r->next,
		r->blocks.passed ? SLOT_LOST_DAMAGED : SLOT_LOST_GAP, count);

	r->next += count;
	r->blocks.passed = false;
	return event;
}

/* We begin with this block: what was before it is not there */
static int start_here(struct recording_reader *r, struct slot_event *event)
{
	const struct recording_block *block = &r->blocks.block;

	r->starting = false;
	r->in_state = block->flags & RECORDING_BLOCK_BEGIN;
	r->not_whole = false;
	r->blocks.passed = false;
	r->next = block->first_seq;
	r->last_ns = block->first_ns;
	if (r->next <= 1)
		return STEP_ON;
	*event = lost(r, 1, SLOT_LOST_DROPPED, r->next - 1);
	return STEP_EVENT;
}

/* A state that we began with has ended; is there all of it? */
static int end_state(struct recording_reader *r, bool whole,
		     struct slot_event *event)
{
	r->in_state = false;
	/* Before the first event there was nothing */
	if ((whole && !r->not_whole) || r->next == 1)
		return STEP_ON;
	*event = lost(r, r->next - 1, SLOT_LOST_DAMAGED, 1);
	return STEP_EVENT;
}

/* Find the header of a block, and go behind it */
static int find_block(struct recording_reader *r, struct slot_event *event,
		      struct slotscope_error *err)
{
	const struct recording_block *block = &r->blocks.block;
	const bool was_whole = block->flags & RECORDING_BLOCK_WHOLE;
	int ret;

	if (r->ended) {
		if (source_need(&r->blocks.source, 1, err) <= 0 ||
		    r->blocks.ring)
			return STEP_SHORT;
		fail(r, EINVAL, err);
		return error_why(err, "something follows the end");
	}
	ret = blocks_next(&r->blocks, err);
	if (ret != STEP_ON)
		return ret;
	if (r->starting)
		return start_here(r, event);
	if (block->first_seq < r->next)
		return cannot_follow(r, "event", block->first_seq, err);
	if (r->in_state && (!(block->flags & RECORDING_BLOCK_STATE) ||
			    block->flags & RECORDING_BLOCK_BEGIN)) {
		ret = end_state(r, was_whole, event);
		if (ret == STEP_EVENT && block->first_seq > r->next) {
			r->held = missing(r, block->first_seq - r->next);
			r->holding = true;
		}
		if (ret == STEP_EVENT)
			return ret;
	}
	if (block->first_seq > r->next) {
		*event = missing(r, block->first_seq - r->next);
		return STEP_EVENT;
	}
	r->blocks.passed =
		false; /* there was no event in what was passed over */
	return STEP_ON;
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

static int read_event(struct recording_reader *r, const uint8_t *payload,
		      const struct recording_record *record,
		      struct slot_event *event, struct slotscope_error *err)
{
	const char *why;
	uint64_t end_ns;

	if (wire_event_get(payload, record->length, record->kind, event,
			   &why)) {
		fail(r, EINVAL, err);
		return error_why(err, "%s", why);
	}
	if (!event->seq || event->seq < r->next || !takes(event))
		return cannot_follow(r, "event", event->seq, err);
	r->unknown += event->type == SLOT_EVENT_UNKNOWN;
	/* In a file that someone has made it may wrap */
	end_ns = event->time_ns + event->duration_ns;
	if (event->seq > r->next) {
		r->held = *event;
		r->holding = true;
		*event = missing(r, event->seq - r->next);
	} else {
		r->next += takes(event);
	}
	note_time(r, end_ns < event->time_ns ? event->time_ns : end_ns);
	return STEP_EVENT;
}

static int read_end(struct recording_reader *r, const uint8_t *payload,
		    const struct recording_record *record,
		    struct slot_event *event, struct slotscope_error *err)
{
	struct recording_end end;

	if (wire_get(payload, record->length, recording_end_fields,
		     RECORDING_END_FIELDS, &end) < 0) {
		fail(r, EINVAL, err);
		return error_why(err, "it is no end of a recording");
	}
	if (end.last_seq + 1 < r->next) {
		fail(r, EINVAL, err);
		return error_why(err, "it says that event %llu is the last",
				 (unsigned long long)end.last_seq);
	}
	note_time(r, end.time_ns);
	r->ended = true;
	if (end.last_seq + 1 == r->next)
		return STEP_ON;
	*event = missing(r, end.last_seq + 1 - r->next);
	return STEP_EVENT;
}

/* A stack that an event behind it names */
static int read_stack(struct recording_reader *r, const uint8_t *payload,
		      const struct recording_record *record,
		      struct slotscope_error *err)
{
	struct slotscope_error inner = {};
	struct recording_stack begin;
	struct slot_stack stack;
	struct json_object *json;
	int at = wire_get(payload, record->length, recording_stack_fields,
			  RECORDING_STACK_FIELDS, &begin);
	int ret;

	if (at < 0) {
		fail(r, EINVAL, err);
		return error_why(err, "it is no stack");
	}
	ret = json_from_text((const char *)payload + at, record->length - at,
			     &json, &inner);
	if (!ret) {
		ret = slot_stack_from_json(json, &stack, &inner);
		json_object_put(json);
	}
	if (ret) {
		fail(r, ret, err);
		return error_why(err, "its stack: %s", inner.why);
	}
	if (stack.id == begin.id && stack_table_add(&r->stacks, &stack))
		return 0;
	return cannot_follow(r, "stack", begin.id, err);
}

/* Pass over what is left of a block that is damaged */
static int skip_block(struct recording_reader *r, struct slotscope_error *err)
{
	r->not_whole = true;
	blocks_note_damage(&r->blocks);
	return blocks_skip(&r->blocks, err);
}

/* How a slot stood where we began to read */
static int read_state(struct recording_reader *r, const uint8_t *payload,
		      const struct recording_record *record,
		      struct slot_event *event, struct slotscope_error *err)
{
	struct recording_told told;
	const char *why = "it is no state";
	int at = wire_get(payload, record->length, recording_told_fields,
			  RECORDING_TOLD_FIELDS, &told);

	if (!r->in_state)
		return STEP_ON;
	if (at < 0 || wire_event_get(payload + at, record->length - at,
				     told.kind, event, &why)) {
		fail(r, EINVAL, err);
		return error_why(err, "%s", why);
	}
	/* A newer one may tell of more */
	r->unknown += event->type == SLOT_EVENT_UNKNOWN;
	if (event->type == SLOT_EVENT_UNKNOWN)
		return STEP_ON;
	if (!event->seq || event->seq + 1 != r->next || !takes(event) ||
	    (event->type != SLOT_EVENT_BASE &&
	     event->type != SLOT_EVENT_BASE_END &&
	     event->type != SLOT_EVENT_LOST))
		return cannot_follow(r, "state of event", event->seq, err);
	return STEP_EVENT;
}

static int read_record(struct recording_reader *r,
		       const struct recording_record *record,
		       struct slot_event *event, struct slotscope_error *err)
{
	const size_t size = RECORDING_RECORD_BYTES + record->length;
	const uint8_t *payload =
		source_bytes(&r->blocks.source) + RECORDING_RECORD_BYTES;
	int ret = STEP_ON;

	if (r->ended) {
		fail(r, EINVAL, err);
		return error_why(err, "something follows the end");
	}
	if (record->kind >= RECORDING_EVENTS)
		ret = read_event(r, payload, record, event, err);
	else if (record->kind == RECORDING_END)
		ret = read_end(r, payload, record, event, err);
	else if (record->kind == RECORDING_STATE)
		ret = read_state(r, payload, record, event, err);
	else if (record->kind == RECORDING_STACK)
		ret = read_stack(r, payload, record, err) ?: STEP_ON;
	else if (record->kind != RECORDING_INFO)
		r->unknown++;
	if (ret < 0)
		return ret;
	source_take(&r->blocks.source, size);
	r->blocks.left -= size;
	return ret;
}

/* The next record of the block we are in */
static int next_record(struct recording_reader *r, struct slot_event *event,
		       struct slotscope_error *err)
{
	struct recording_record record;
	ssize_t got;

	if (r->blocks.passed || r->blocks.left < RECORDING_RECORD_BYTES)
		return skip_block(r, err);
	got = source_need(&r->blocks.source, RECORDING_RECORD_BYTES, err);
	if (got < RECORDING_RECORD_BYTES)
		return got < 0 ? got : STEP_SHORT;
	recording_record_get(source_bytes(&r->blocks.source), &record);
	if (record.length > r->blocks.left - RECORDING_RECORD_BYTES ||
	    record.length > RECORDING_MAX_RECORD)
		return skip_block(r, err);
	got = source_need(&r->blocks.source,
			  RECORDING_RECORD_BYTES + record.length, err);
	if (got < RECORDING_RECORD_BYTES + (ssize_t)record.length)
		return got < 0 ? got : STEP_SHORT;
	if (!recording_record_whole(source_bytes(&r->blocks.source), &record))
		return skip_block(r, err);
	return read_record(r, &record, event, err);
}

/* There is no more, for now or for ever: what does that say? */
static int at_end(struct recording_reader *r, struct slot_event *event)
{
	/* A ring's file has one size: who cut it has cut something away */
	if (r->ended && !blocks_are_short(&r->blocks)) {
		r->state = RECORDING_FINISHED;
		return 0;
	}
	if (r->state == RECORDING_CUT)
		return 0;
	r->state = RECORDING_CUT;
	/* How many are missing nobody knows: at least one */
	*event = missing(r, 1);
	if (event->lost.reason == SLOT_LOST_GAP)
		event->lost.reason = SLOT_LOST_CUT;
	return 1;
}

int recording_read(struct recording_reader *r, struct slot_event *event,
		   struct slotscope_error *err)
{
	bool growing = true;
	int ret;

	if (r->holding) {
		r->holding = false;
		*event = r->held;
		r->next = event->seq + takes(event);
		return 1;
	}
	for (;;) {
		ret = r->blocks.left ? next_record(r, event, err) :
				       find_block(r, event, err);
		if (ret < 0)
			return ret;
		if (ret == STEP_EVENT)
			return 1;
		if (ret == STEP_ON)
			continue;
		/*
		 * The writer may have ended it between our reading and our
		 * asking: only what is read after it let go is all.
		 */
		if (!growing || r->ended)
			return at_end(r, event);
		growing = source_growing(&r->blocks.source);
		if (growing) {
			r->state = RECORDING_GROWING;
			return 0;
		}
	}
}

static int no_recording(const struct recording_reader *r, const char *why,
			struct slotscope_error *err)
{
	error_set(err, EINVAL, "open recording %s", r->blocks.source.path);
	error_why(err, "%s", why);
	return error_next(err, "name a file that slotscope record, or check "
			       "--record, has written");
}

/* The beginning is not what it is to be: why? */
static int not_begun(const struct recording_reader *r, size_t nr,
		     struct slotscope_error *err)
{
	const uint8_t *bytes = source_bytes(&r->blocks.source);

	if (nr >= 1 && bytes[0] == '{') {
		no_recording(r,
			     "it is JSON, as recordings were before version 2",
			     err);
		return error_next(err, "read it with the slotscope that wrote "
				       "it, or record anew");
	}
	if (source_growing(&r->blocks.source)) {
		error_set(err, EAGAIN, "open recording %s",
			  r->blocks.source.path);
		return error_why(err, "it is just being created");
	}
	if (!nr)
		return no_recording(r, "it is empty", err);
	if (memcmp(bytes, RECORDING_MAGIC,
		   nr < RECORDING_MAGIC_BYTES ? nr : RECORDING_MAGIC_BYTES))
		return no_recording(r, "it is not a recording of slotscope",
				    err);
	return no_recording(r, "its beginning is damaged, or cut off", err);
}

static int read_head(struct recording_reader *r, const uint8_t *payload,
		     const struct recording_record *record,
		     struct slotscope_error *err)
{
	struct recording_head head = {};

	if (record->kind != RECORDING_HEAD ||
	    wire_get(payload, record->length, recording_head_fields,
		     RECORDING_HEAD_FIELDS, &head) < 0)
		return no_recording(r, "it has no head", err);
	if (head.version != RECORDING_VERSION) {
		error_set(err, ENOTSUP, "open recording %s",
			  r->blocks.source.path);
		error_why(err, "it is of version %u; we know %u", head.version,
			  RECORDING_VERSION);
		return error_next(err, "read it with a newer slotscope");
	}
	if (head.segments > RECORDING_MAX_SEGMENTS ||
	    (head.segments && head.segment_bytes < RECORDING_BLOCK_BYTES))
		return no_recording(r, "its head has a ring that cannot be",
				    err);
	r->segment_bytes = head.segment_bytes;
	r->segments = head.segments;
	r->info.tgid = head.tgid;
	r->info.time_ns = head.time_ns;
	r->info.real_ns = head.real_ns;
	r->last_ns = head.time_ns;
	return 0;
}

/* Add a line of NAME=VALUE, or what of it is text */
static int keep_note(struct recording_reader *r, const char *note, size_t len,
		     struct slotscope_error *err)
{
	static const char boot_id[] = "boot_id=";
	const size_t name = sizeof(boot_id) - 1;
	size_t had = r->info.notes ? strlen(r->info.notes) : 0;
	char *notes;

	len = strnlen(note, len);
	if (len >= name && !memcmp(note, boot_id, name)) {
		snprintf(r->info.boot_id, sizeof(r->info.boot_id), "%.*s",
			 (int)(len - name), note + name);
		return 0;
	}
	notes = realloc(r->info.notes, had + len + 2);
	if (!notes)
		return error_set(err, ENOMEM, "open recording %s",
				 r->blocks.source.path);
	memcpy(notes + had, note, len);
	strcpy(notes + had + len, "\n");
	r->info.notes = notes;
	return 0;
}

/* Block 0, which has to be whole */
static int read_beginning(struct recording_reader *r,
			  struct slotscope_error *err)
{
	struct recording_record record;
	struct recording_block block;
	const uint8_t *at, *end;
	ssize_t got =
		source_need(&r->blocks.source, RECORDING_BLOCK_BYTES, err);
	bool first = true;
	int ret = 0;

	if (got < 0)
		return got;
	if (got < RECORDING_BLOCK_BYTES ||
	    !recording_block_get(source_bytes(&r->blocks.source), &block) ||
	    block.number || block.length > RECORDING_MAX_RECORD)
		return not_begun(r, got, err);
	got = source_need(&r->blocks.source,
			  RECORDING_BLOCK_BYTES + block.length, err);
	if (got < 0)
		return got;
	if (got < RECORDING_BLOCK_BYTES + (ssize_t)block.length)
		return not_begun(r, got, err);
	at = source_bytes(&r->blocks.source);
	end = at + got;
	for (at += RECORDING_BLOCK_BYTES; !ret && at < end;
	     at += RECORDING_RECORD_BYTES + record.length) {
		const uint8_t *payload = at + RECORDING_RECORD_BYTES;

		if (end - at < RECORDING_RECORD_BYTES)
			return not_begun(r, got, err);
		recording_record_get(at, &record);
		if (record.length > end - payload ||
		    !recording_record_whole(at, &record))
			return not_begun(r, got, err);
		if (first)
			ret = read_head(r, payload, &record, err);
		else if (record.kind == RECORDING_INFO)
			ret = keep_note(r, (const char *)payload, record.length,
					err);
		else
			r->unknown++;
		first = false;
	}
	if (!ret && first)
		return no_recording(r, "it has no head", err);
	if (ret)
		return ret;
	r->next = block.next_seq;
	ret = blocks_begin(&r->blocks, got, r->segment_bytes, r->segments, err);
	r->starting = r->blocks.first > 1;
	return ret;
}

bool recording_is(const void *bytes, size_t len)
{
	return len >= RECORDING_MAGIC_BYTES &&
	       !memcmp(bytes, RECORDING_MAGIC, RECORDING_MAGIC_BYTES);
}

int recording_open_source(struct recording_source *source,
			  struct recording_reader **reader,
			  struct slotscope_error *err)
{
	struct recording_reader *r = calloc(1, sizeof(*r));
	int ret;

	*reader = NULL;
	if (!r) {
		ret = error_set(err, ENOMEM, "open recording %s", source->path);
		source_close(source);
		return ret;
	}
	r->blocks.source = *source;
	ret = read_beginning(r, err);
	if (ret)
		recording_close(r);
	else
		*reader = r;
	return ret;
}

int recording_open(const char *path, struct recording_reader **reader,
		   struct slotscope_error *err)
{
	struct recording_source source;
	int ret = source_open(&source, path, err);

	if (!ret)
		return recording_open_source(&source, reader, err);
	*reader = NULL;
	source_close(&source);
	error_next(err, "name a file that slotscope record, or check --record, "
			"has written");
	return ret;
}

int recording_open_bytes(const char *name, const void *bytes, size_t len,
			 struct recording_reader **reader,
			 struct slotscope_error *err)
{
	struct recording_source source;
	int ret = source_of(&source, name, bytes, len, err);

	if (!ret)
		return recording_open_source(&source, reader, err);
	*reader = NULL;
	source_close(&source);
	return ret;
}

void recording_close(struct recording_reader *r)
{
	if (!r)
		return;
	source_close(&r->blocks.source);
	stack_table_deinit(&r->stacks);
	free(r->info.notes);
	free(r);
}

enum recording_state recording_state(const struct recording_reader *r)
{
	return r->state;
}

uint64_t recording_last_ns(const struct recording_reader *r)
{
	return r->last_ns;
}

struct recording_odd recording_odd(const struct recording_reader *r)
{
	return (struct recording_odd){ r->unknown, r->blocks.damaged };
}

int recording_seek(struct recording_reader *r, uint64_t ns,
		   struct slotscope_error *err)
{
	int ret;

	if (r->blocks.source.fd >= 0 && !r->blocks.source.regular)
		return 0;
	ret = blocks_seek(&r->blocks, ns, err);
	r->starting = ret > 0 || r->blocks.first > 1;
	r->holding = false;
	r->ended = false;
	r->in_state = false;
	r->state = RECORDING_FINISHED;
	r->next = 1;
	r->last_ns = r->info.time_ns;
	return ret < 0 ? ret : 1;
}

const struct recording_info *recording_info(const struct recording_reader *r)
{
	return &r->info;
}

struct stack_table *recording_stacks(struct recording_reader *r)
{
	return &r->stacks;
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
