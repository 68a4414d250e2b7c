// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "trace/recording.h"
#include "trace/recording_parts.h"
#include "trace/recording_sink.h"
#include "view/slot_world.h"

/* A block is not made larger than this */
#define BLOCK_BYTES (64U << 10)

/* A state each so many bytes of events, and so many times what the last one took */
#define STATE_EVERY_BYTES (1U << 20)
#define STATE_EVERY_TIMES 4

/* The longest stack that is written whole, as JSON */
#define STACK_BYTES (64U << 10)

/* What the next block may take: it is full once it has so many bytes, not before */
#define BLOCK_ROOM (BLOCK_BYTES + STACK_BYTES + (4U << 10))

#define SEGMENT_BYTES (1U << 20)
#define SEGMENTS_MAX  64

/**
 * struct recording_writer - private
 * @begun: what the file had is gone, and the head is in it
 * @notes, @head: for that
 * @bytes: the block that is begun: room for its header, and records
 * @put:   bytes of it that are in the file, where it could not be written whole
 * @ended: nothing more comes into it
 * @block: what it will say
 * @nr:	   events written
 * @lost:  events that they say are missing
 * @world: how things stand
 * @state_bytes: that the last state took
 * @since_bytes: that came since
 * @told:  numbers of stacks that were written since the last state, by their hash
 */
struct recording_writer {
	struct recording_sink sink;
	bool begun;
	char *notes;
	struct recording_head head;
	uint8_t *bytes;
	size_t len, cap, put;
	bool ended;
	struct recording_block block;
	uint64_t nr, lost;
	struct slot_world world;
	uint64_t state_bytes, since_bytes;
	uint64_t *told;
	size_t nr_told, cap_told;
};

static int fail(const struct recording_writer *w, int code,
		struct slotscope_error *err)
{
	return error_set(err, code, "write recording %s", w->sink.path);
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

/* Write what is ended; what is in the file already is not to come again */
static int write_block(struct recording_writer *w, struct slotscope_error *err)
{
	size_t done;
	int ret;

	if (!w->ended)
		return 0;
	ret = sink_put(&w->sink, w->bytes + w->put, w->len - w->put, &done,
		       err);
	w->put += done;
	if (ret)
		return ret;
	w->since_bytes += w->len;
	w->len = 0;
	w->put = 0;
	w->ended = false;
	return 0;
}

static int begin(struct recording_writer *w, struct slotscope_error *err);

static int begin_block(struct recording_writer *w, struct slotscope_error *err)
{
	int ret = begin(w, err);

	if (!ret)
		ret = write_block(w, err);
	if (ret || w->len)
		return ret;
	ret = make_room(w, RECORDING_BLOCK_BYTES, err);
	if (ret)
		return ret;
	w->block.first_ns = UINT64_MAX;
	w->block.last_ns = 0;
	w->len = RECORDING_BLOCK_BYTES;
	return 0;
}

/* Where the payload of a record goes; NULL with @err set */
static uint8_t *begin_record(struct recording_writer *w, size_t room,
			     struct slotscope_error *err)
{
	if (begin_block(w, err) ||
	    make_room(w, RECORDING_RECORD_BYTES + room, err))
		return NULL;
	return w->bytes + w->len + RECORDING_RECORD_BYTES;
}

static void end_record(struct recording_writer *w, uint16_t kind, size_t length)
{
	recording_record_put(w->bytes + w->len, kind, length);
	w->len += RECORDING_RECORD_BYTES + length;
}

/* Write the block that is begun, if one is */
static int end_block(struct recording_writer *w, struct slotscope_error *err)
{
	struct recording_block *block = &w->block;

	if (w->len && !w->ended) {
		if (block->first_ns > block->last_ns) {
			block->first_ns = clock_now();
			block->last_ns = block->first_ns;
		}
		block->length = w->len - RECORDING_BLOCK_BYTES;
		recording_block_put(w->bytes, block);
		block->number++;
		block->first_seq = block->next_seq;
		block->flags = 0;
		w->ended = true;
	}
	return write_block(w, err);
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

static int put_head(struct recording_writer *w, struct slotscope_error *err)
{
	uint8_t *at = begin_record(w, sizeof(w->head), err);

	if (!at)
		return -err->code;
	end_record(w, RECORDING_HEAD,
		   wire_put(at, recording_head_fields, RECORDING_HEAD_FIELDS,
			    &w->head));
	return 0;
}

static int put_beginning(struct recording_writer *w,
			 struct slotscope_error *err)
{
	int ret = put_head(w, err);
	const char *note = w->notes;
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
	return ret ? ret : end_block(w, err);
}

/* So many segments of so many bytes are @keep */
static void lay_out(uint64_t keep, uint32_t *segment_bytes, uint32_t *segments)
{
	uint64_t bytes = keep / SEGMENTS_MAX / RECORDING_RING_ALIGN *
			 RECORDING_RING_ALIGN;

	if (bytes < SEGMENT_BYTES)
		bytes = SEGMENT_BYTES;
	*segment_bytes = bytes;
	*segments = keep / bytes;
}

/* The first that is to be written: what the file had goes now, not before */
static int begin(struct recording_writer *w, struct slotscope_error *err)
{
	const struct recording_head *head = &w->head;
	int ret;

	if (w->begun)
		return 0;
	ret = sink_begin(&w->sink, err);
	if (ret)
		return ret;
	w->begun = true;
	ret = put_beginning(w, err);
	if (!ret && head->segments)
		ret = sink_begin_ring(&w->sink, w->since_bytes,
				      head->segment_bytes, head->segments, err);
	w->since_bytes = 0;
	return ret;
}

int recording_create(const char *path, const struct recording_info *info,
		     struct recording_writer **writer,
		     struct slotscope_error *err)
{
	struct recording_writer *w = calloc(1, sizeof(*w));
	int ret;

	*writer = NULL;
	if (!w)
		return error_set(err, ENOMEM, "create recording %s", path);
	w->block.first_seq = 1;
	w->block.next_seq = 1;
	w->head = (struct recording_head){
		.version = RECORDING_VERSION,
		.tgid = info->tgid,
		.time_ns = clock_read(CLOCK_MONOTONIC),
		.real_ns = clock_read(CLOCK_REALTIME),
	};
	ret = sink_open(&w->sink, path, err);
	if (!ret && info->notes) {
		w->notes = strdup(info->notes);
		if (!w->notes)
			ret = fail(w, ENOMEM, err);
	}
	if (!ret && info->keep) {
		lay_out(info->keep, &w->head.segment_bytes, &w->head.segments);
		ret = sink_can_ring(&w->sink, err);
	}
	if (ret)
		recording_abandon(w);
	else
		*writer = w;
	return ret;
}

bool recording_begun(const struct recording_writer *w)
{
	return w->begun;
}

static void note_time(struct recording_writer *w, uint64_t first_ns,
		      uint64_t last_ns)
{
	if (first_ns < w->block.first_ns)
		w->block.first_ns = first_ns;
	if (last_ns > w->block.last_ns)
		w->block.last_ns = last_ns;
}

/* There is always room for the next block */
static int go_round(struct recording_writer *w, struct slotscope_error *err)
{
	return sink_room(&w->sink) < BLOCK_ROOM ?
		       sink_next_segment(&w->sink, err) :
		       0;
}

/**
 * struct telling - a state on its way into the file
 * @flags: of its next block: RECORDING_BLOCK_BEGIN or 0
 */
struct telling {
	struct recording_writer *w;
	struct slotscope_error *err;
	uint32_t flags;
};

static int begin_telling(struct telling *t)
{
	struct recording_writer *w = t->w;
	int ret = begin_block(w, t->err);

	w->block.flags = RECORDING_BLOCK_STATE | t->flags;
	note_time(w, w->world.now_ns, w->world.now_ns);
	return ret;
}

static int tell(const struct slot_event *told, void *arg)
{
	struct telling *t = arg;
	struct recording_writer *w = t->w;
	struct slot_event event = *told;
	struct recording_told told_as = {};
	uint8_t *at;
	size_t head, len;
	int ret;

	event.seq = w->block.next_seq - 1;
	at = begin_record(w, sizeof(told_as) + WIRE_EVENT_MAX, t->err);
	if (!at)
		return -t->err->code;
	head = wire_put(at, recording_told_fields, RECORDING_TOLD_FIELDS,
			&told_as);
	len = wire_event_put(at + head, &event, &told_as.kind);
	wire_put(at, recording_told_fields, RECORDING_TOLD_FIELDS, &told_as);
	end_record(w, RECORDING_STATE, head + len);
	if (w->len < BLOCK_BYTES)
		return 0;
	ret = end_block(w, t->err);
	if (!ret)
		ret = go_round(w, t->err);
	t->flags = 0;
	return ret ? ret : begin_telling(t);
}

/* How things stand, for whoever begins to read here */
static int write_state(struct recording_writer *w, struct slotscope_error *err)
{
	struct telling t = { w, err, RECORDING_BLOCK_BEGIN };
	int ret;

	w->since_bytes = 0;
	/* As many as since the last: however long it is left on, it does not grow */
	free(w->told);
	w->told = NULL;
	w->nr_told = 0;
	w->cap_told = 0;
	ret = begin_telling(&t);
	if (!ret)
		ret = slot_world_tell(&w->world, tell, &t);
	if (ret)
		return ret == -ENOMEM ? fail(w, ret, err) : ret;
	w->block.flags |= RECORDING_BLOCK_WHOLE;
	ret = end_block(w, err);
	w->state_bytes = w->since_bytes;
	w->since_bytes = 0;
	return ret ? ret : go_round(w, err);
}

int recording_flush(struct recording_writer *w, struct slotscope_error *err)
{
	int ret = begin(w, err) ?: end_block(w, err);
	bool due = w->since_bytes >= STATE_EVERY_TIMES * w->state_bytes;

	if (ret)
		return ret;
	if (!w->sink.segments)
		due &= w->since_bytes >= STATE_EVERY_BYTES;
	else if (sink_room(&w->sink) >= BLOCK_ROOM)
		return 0;
	else
		ret = sink_next_segment(&w->sink, err);
	return ret || !due ? ret : write_state(w, err);
}

int recording_write(struct recording_writer *w, const struct slot_event *event,
		    struct slotscope_error *err)
{
	const uint64_t end_ns = event->time_ns + event->duration_ns;
	struct recording_block *block = &w->block;
	uint8_t *at = begin_record(w, WIRE_EVENT_MAX, err);
	uint16_t kind;
	size_t length;
	int ret;

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
	note_time(w, end_ns, end_ns);
	ret = slot_world_take(&w->world, event);
	if (ret)
		return fail(w, ret, err);
	return w->len < BLOCK_BYTES ? 0 : recording_flush(w, err);
}

/* Where a number is among those that were told, or would be: there is room */
static uint64_t *place_of(uint64_t *told, size_t cap, uint64_t id)
{
	size_t at = id * 0x9e3779b97f4a7c15ULL & (cap - 1);

	while (told[at] && told[at] != id)
		at = (at + 1) & (cap - 1);
	return &told[at];
}

/* Never more than half full */
static int grow_told(struct recording_writer *w)
{
	const size_t cap = w->cap_told ? 2 * w->cap_told : 64;
	uint64_t *more = calloc(cap, sizeof(*more));

	if (!more)
		return -ENOMEM;
	for (size_t i = 0; i < w->cap_told; i++)
		if (w->told[i])
			*place_of(more, cap, w->told[i]) = w->told[i];
	free(w->told);
	w->told = more;
	w->cap_told = cap;
	return 0;
}

/* Was it written where a reader who begins at the last state finds it? */
static int note_told(struct recording_writer *w, uint64_t id, bool *was)
{
	uint64_t *place;

	*was = false;
	if (2 * (w->nr_told + 1) > w->cap_told && grow_told(w))
		return -ENOMEM;
	place = place_of(w->told, w->cap_told, id);
	*was = *place == id;
	w->nr_told += !*was;
	*place = id;
	return 0;
}

static int stack_text(const struct slot_stack *stack, struct json_text *text)
{
	struct json_writer json;

	json_writer_init(&json, json_text_put, text);
	slot_stack_write_json(&json, NULL, stack);
	json_writer_flush(&json);
	return text->nomem ? -ENOMEM : 0;
}

int recording_write_stack(struct recording_writer *w,
			  const struct slot_stack *stack,
			  struct slotscope_error *err)
{
	const struct recording_stack begin = { .id = stack->id };
	struct slot_stack shorter = *stack;
	struct json_text text = {};
	uint8_t *at = NULL;
	size_t len;
	bool was;
	int ret = note_told(w, stack->id, &was);

	if (was)
		return 0;
	if (!ret)
		ret = stack_text(stack, &text);
	/* Names of C++ have no bounds */
	while (!ret && text.len > STACK_BYTES) {
		free(text.text);
		text = (struct json_text){};
		shorter.nr /= 2;
		shorter.end = STACK_DEEP;
		ret = stack_text(&shorter, &text);
	}
	if (ret)
		fail(w, ret, err);
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
		ret = end_block(w, err);
	}
	recording_abandon(w);
	return ret;
}

void recording_abandon(struct recording_writer *w)
{
	if (!w)
		return;
	sink_close(&w->sink);
	slot_world_deinit(&w->world);
	free(w->told);
	free(w->notes);
	free(w->bytes);
	free(w);
}
