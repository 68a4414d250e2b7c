// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <string.h>

#include "logs/summary.h"
#include "render/document.h"
#include "render/flags.h"
#include "render/perfetto.h"
#include "view/json.h"
#include "view/names.h"

#define NAME 160

/* PID_MAX_LIMIT of a 64-bit Linux: no process and no thread has such a number */
#define FIRST_FREE_PID (1 << 22)

/**
 * struct ids - numbers for tracks, given in their order
 * @pid: of the track's process, and
 * @tid: ... of its first lane
 * @next: the next that is free: that of its further lanes, if it is a thread's
 * @process_of: the track whose process was named last
 */
struct ids {
	const struct timeline_track *track;
	const struct timeline_track *process_of;
	uint64_t pid;
	uint64_t tid;
	uint64_t lanes;
	uint64_t next;
};

static bool same_process(const struct timeline_track *a,
			 const struct timeline_track *b)
{
	bool vms = a->kind < TIMELINE_THREAD, other = b->kind < TIMELINE_THREAD;

	if (vms || other)
		return vms && other && a->serial == b->serial;
	return a->kind == b->kind && a->tgid == b->tgid;
}

/* For the next track; true: its process is another than the last one's */
static bool next_ids(struct ids *ids, const struct timeline_track *track)
{
	bool other = !ids->process_of || !same_process(ids->process_of, track);
	bool thread = track->kind == TIMELINE_THREAD && track->tgid > 0;

	ids->track = track;
	if (other) {
		ids->process_of = track;
		ids->pid = thread ? (uint64_t)track->tgid : ids->next++;
	}
	ids->lanes = ids->next;
	ids->next += track->lanes;
	ids->tid = thread ? (uint64_t)track->id : ids->lanes;
	return other;
}

static uint64_t tid_of(const struct ids *ids, unsigned int lane)
{
	return lane ? ids->lanes + lane : ids->tid;
}

static void comm_text(char text[17], const char comm[16])
{
	memcpy(text, comm, 16);
	text[16] = '\0';
}

static void process_name(char text[NAME], const struct timeline_track *track)
{
	char comm[17];

	switch (track->kind) {
	case TIMELINE_THREAD:
		comm_text(comm, track->comm);
		snprintf(text, NAME, "process %d%s%s", track->tgid,
			 comm[0] ? " " : "", comm);
		break;
	case TIMELINE_LOST:
		snprintf(text, NAME, "lost events");
		break;
	default:
		snprintf(text, NAME, "VM %" PRIu64, track->serial);
	}
}

static void thread_name(char text[NAME], const struct timeline_track *track)
{
	char comm[17];

	switch (track->kind) {
	case TIMELINE_VM:
		snprintf(text, NAME, "VM");
		break;
	case TIMELINE_SLOT:
		snprintf(text, NAME, "slot %u/%d", track->as_id, track->id);
		break;
	case TIMELINE_VCPU:
		snprintf(text, NAME, "vCPU %d", track->id);
		break;
	case TIMELINE_THREAD:
		comm_text(comm, track->comm);
		snprintf(text, NAME, "%s", comm[0] ? comm : "thread");
		break;
	case TIMELINE_LOST:
		snprintf(text, NAME, "lost");
		break;
	}
}

/* A metadata event, up to its argument */
static void begin_metadata(struct json_writer *w, const struct ids *ids,
			   uint64_t tid, const char *name)
{
	json_begin_object(w, NULL);
	json_write_str(w, "ph", "M");
	json_write_str(w, "name", name);
	json_write_u64(w, "pid", ids->pid);
	json_write_u64(w, "tid", tid);
	json_begin_object(w, "args");
}

static void end_metadata(struct json_writer *w)
{
	json_end_object(w);
	json_end_object(w);
}

static void write_track(struct json_writer *w, const struct ids *ids,
			bool process, uint64_t order)
{
	char name[NAME];

	if (process) {
		process_name(name, ids->track);
		begin_metadata(w, ids, ids->tid, "process_name");
		json_write_str(w, "name", name);
		end_metadata(w);
		begin_metadata(w, ids, ids->tid, "process_sort_index");
		json_write_u64(w, "sort_index", order);
		end_metadata(w);
	}
	thread_name(name, ids->track);
	for (unsigned int lane = 0; lane < ids->track->lanes; lane++) {
		begin_metadata(w, ids, tid_of(ids, lane), "thread_name");
		json_write_str(w, "name", name);
		end_metadata(w);
		begin_metadata(w, ids, tid_of(ids, lane), "thread_sort_index");
		json_write_u64(w, "sort_index", order);
		end_metadata(w);
	}
}

/* The slot that a state is of */
static struct slot slot_of_state(const struct slot_event *event)
{
	const struct slot_request *r = &event->request;

	if (event->type == SLOT_EVENT_BASE)
		return event->base;
	if (event->type == SLOT_EVENT_CHANGE)
		return event->change.after;
	return (struct slot){ .gpa = r->gpa,
			      .size = r->size,
			      .flags = r->flags };
}

static void event_name(char text[NAME], const struct slot_event *event)
{
	const struct summary_key key = summary_key_of(event);
	const char *kind = summary_kind_name(&key);
	const char *failed = key.error ? strerrorname_np(-key.error) : NULL;
	const struct slot_change *c = &event->change;
	const struct slot *slot = c->after.size ? &c->after : &c->before;
	char about[64] = "";

	if (event->type == SLOT_EVENT_REQUEST && !event->request.unread)
		snprintf(about, sizeof(about), " %u/%u",
			 event->request.slot >> 16,
			 event->request.slot & 0xffff);
	else if (event->type == SLOT_EVENT_CHANGE)
		snprintf(about, sizeof(about), " %u/%d", slot->as_id, slot->id);
	snprintf(text, NAME, "%s%s%s%s", kind, about, failed ? " -" : "",
		 failed ? failed : "");
}

static void slice_name(char text[NAME], const struct timeline_slice *slice)
{
	const struct slot_event *event = slice->event;
	char flags[FLAGS_TEXT];
	struct slot slot;

	switch (slice->what) {
	case TIMELINE_EVENT:
		event_name(text, event);
		break;
	case TIMELINE_LIFE:
		snprintf(text, NAME, "VM %" PRIu64, event->serial);
		break;
	case TIMELINE_STATE:
		slot = slot_of_state(event);
		flags_rights_text(flags, slot.flags, slot.hidden);
		snprintf(text, NAME, "0x%" PRIx64 "+0x%" PRIx64 " %s", slot.gpa,
			 slot.size, flags);
		break;
	case TIMELINE_HOLE:
		snprintf(text, NAME, "invalid");
		break;
	case TIMELINE_GAP:
		snprintf(text, NAME, "LOST %s%" PRIu64 ": %s",
			 event->lost.reason == SLOT_LOST_CUT ? "at least " : "",
			 event->lost.count,
			 slot_lost_reason_names[event->lost.reason]);
		break;
	}
}

static void frame_text(char text[NAME], const struct stack_frame *frame)
{
	if (frame->name)
		snprintf(text, NAME, "%.120s+0x%" PRIx64, frame->name,
			 frame->name_offset);
	else
		snprintf(text, NAME, "0x%" PRIx64, frame->offset);
}

static void frame_id(char text[NAME], uint64_t stack, size_t frame)
{
	snprintf(text, NAME, "%" PRIu64 ".%zu", stack, frame);
}

static void write_slice_args(struct json_writer *w,
			     const struct timeline_slice *slice,
			     const struct slot_stack *stack)
{
	char text[NAME];

	json_begin_object(w, "args");
	slot_event_write_json(w, "event", slice->event);
	if (slice->stood)
		json_write_bool(w, "stood", true);
	if (slice->open)
		json_write_bool(w, "open", true);
	if (stack) {
		json_begin_array(w, "stack");
		for (size_t i = 0; i < stack->nr; i++) {
			frame_text(text, &stack->frames[i]);
			json_write_str(w, NULL, text);
		}
		json_end_array(w);
	}
	json_end_object(w);
}

static const char *const categories[] = {
	[TIMELINE_LIFE] = "vm",
	[TIMELINE_STATE] = "slot",
	[TIMELINE_HOLE] = "hole",
	[TIMELINE_GAP] = "lost",
};

static void write_slice(struct json_writer *w, const struct ids *ids,
			const struct timeline_slice *slice,
			const struct stack_table *stacks)
{
	bool lasts = slice->end_ns > slice->begin_ns;
	const struct slot_stack *stack =
		slice->what == TIMELINE_EVENT && stacks && slice->event->stack ?
			stack_table_find(stacks, slice->event->stack) :
			NULL;
	char text[NAME];

	slice_name(text, slice);
	json_begin_object(w, NULL);
	json_write_str(w, "name", text);
	json_write_str(w, "cat",
		       slice->what == TIMELINE_EVENT ?
			       slot_event_type_names[slice->event->type] :
			       categories[slice->what]);
	json_write_str(w, "ph", lasts ? "X" : "i");
	json_write_thousandths(w, "ts", slice->begin_ns);
	if (lasts)
		json_write_thousandths(w, "dur",
				       slice->end_ns - slice->begin_ns);
	else
		json_write_str(w, "s", slice->what == TIMELINE_GAP ? "g" : "t");
	json_write_u64(w, "pid", ids->pid);
	json_write_u64(w, "tid", tid_of(ids, slice->lane));
	if (stack && stack->nr) {
		frame_id(text, stack->id, 0);
		json_write_str(w, "sf", text);
	}
	write_slice_args(w, slice, stack);
	json_end_object(w);
}

/* Leaf by leaf: a frame's parent is the one that called it */
static void write_frames(struct json_writer *w,
			 const struct stack_table *stacks)
{
	char text[NAME], id[NAME];

	json_begin_object(w, "stackFrames");
	for (size_t i = 0; stacks && i < stacks->nr; i++) {
		const struct slot_stack *stack = &stacks->stacks[i];

		for (size_t j = 0; j < stack->nr; j++) {
			const struct stack_frame *frame = &stack->frames[j];

			frame_id(id, stack->id, j);
			json_begin_object(w, id);
			json_write_str(w, "category",
				       frame->file ? frame->file : "none");
			frame_text(text, frame);
			json_write_str(w, "name", text);
			if (j + 1 < stack->nr) {
				frame_id(text, stack->id, j + 1);
				json_write_str(w, "parent", text);
			}
			json_end_object(w);
		}
	}
	json_end_object(w);
}

static void write_about(struct json_writer *w, const struct slot_lost *lost)
{
	json_begin_object(w, "otherData");
	json_write_str(w, "producer", "slotscope export --perfetto");
	json_write_str(w, "clock", "CLOCK_MONOTONIC");
	json_begin_object(w, "lost");
	for (int i = 0; i < SLOT_LOST_REASONS; i++) {
		if (lost->count[i])
			json_write_u64(w, slot_lost_reason_names[i],
				       lost->count[i]);
	}
	json_end_object(w);
	json_end_object(w);
}

void render_perfetto(FILE *out, const struct timeline *timeline,
		     const struct stack_table *stacks,
		     const struct slot_lost *lost)
{
	struct ids ids = { .next = FIRST_FREE_PID };
	struct json_writer w;
	size_t at = 0;

	render_json_begin(&w, out);
	json_begin_object(&w, NULL);
	json_write_str(&w, "displayTimeUnit", "ns");
	write_about(&w, lost);
	json_begin_array(&w, "traceEvents");
	for (size_t i = 0; i < timeline->nr_tracks; i++) {
		const struct timeline_track *track = timeline->tracks[i];
		bool process = next_ids(&ids, track);

		write_track(&w, &ids, process, i);
		for (; at < timeline->nr_slices &&
		       timeline->slices[at].track == track;
		     at++)
			write_slice(&w, &ids, &timeline->slices[at], stacks);
	}
	json_end_array(&w);
	write_frames(&w, stacks);
	json_end_object(&w);
	render_json_end(&w);
}
