// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "logs/timeline.h"

#define SLOT_ID_BITS 16 /* the address space stands above them */

/*
 * A log while it is laid out
 * @now:     the latest moment that was told of so far
 * @changed: serials of VMs of which there are changes, in order
 */
struct layout {
	struct timeline *out;
	uint64_t now;
	uint64_t *changed;
	size_t nr_changed;
	size_t cap_changed;
};

#define COMPARE(a, b)                              \
	do {                                       \
		if ((a) != (b))                    \
			return (a) < (b) ? -1 : 1; \
	} while (0)

/* Those of a VM stand together; threads have no serial, and stand behind */
static int track_compare(const struct timeline_track *a,
			 const struct timeline_track *b)
{
	COMPARE(a->kind >= TIMELINE_THREAD ? a->kind : 0,
		b->kind >= TIMELINE_THREAD ? b->kind : 0);
	COMPARE(a->serial, b->serial);
	COMPARE(a->kind, b->kind);
	if (a->kind == TIMELINE_VM)
		return 0;
	COMPARE(a->tgid, b->tgid);
	COMPARE(a->as_id, b->as_id);
	COMPARE(a->id, b->id);
	return 0;
}

static struct timeline_track *track_of(struct layout *l,
				       const struct timeline_track *key)
{
	struct timeline *out = l->out;
	struct timeline_track **grew, *track;
	size_t low = 0, high = out->nr_tracks;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (track_compare(out->tracks[mid], key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < out->nr_tracks && !track_compare(out->tracks[low], key))
		return out->tracks[low];
	grew = grown(out->tracks, out->nr_tracks, &out->cap_tracks,
		     sizeof(*grew));
	if (!grew)
		return NULL;
	out->tracks = grew;
	track = malloc(sizeof(*track));
	if (!track)
		return NULL;
	*track = *key;
	track->lanes = 1;
	memmove(&grew[low + 1], &grew[low],
		(out->nr_tracks++ - low) * sizeof(*grew));
	grew[low] = track;
	return track;
}

static struct timeline_track *vm_track(struct layout *l,
				       const struct slot_event *event)
{
	return track_of(l, &(struct timeline_track){ .kind = TIMELINE_VM,
						     .serial = event->serial,
						     .tgid = event->tgid });
}

static struct timeline_track *slot_track(struct layout *l, uint64_t serial,
					 uint16_t as_id, int32_t id)
{
	return track_of(l, &(struct timeline_track){ .kind = TIMELINE_SLOT,
						     .serial = serial,
						     .as_id = as_id,
						     .id = id });
}

static struct timeline_track *vcpu_track(struct layout *l, uint64_t serial,
					 int32_t id)
{
	return track_of(l, &(struct timeline_track){ .kind = TIMELINE_VCPU,
						     .serial = serial,
						     .id = id });
}

static struct timeline_track *thread_track(struct layout *l,
					   const struct slot_event *event)
{
	struct timeline_track *track =
		track_of(l, &(struct timeline_track){ .kind = TIMELINE_THREAD,
						      .tgid = event->tgid,
						      .id = event->tid });

	if (track && event->comm[0])
		memcpy(track->comm, event->comm, sizeof(track->comm));
	return track;
}

static int add(struct layout *l, const struct timeline_slice *slice)
{
	struct timeline *out = l->out;
	struct timeline_slice *grew;

	if (!slice->track)
		return -ENOMEM;
	grew = grown(out->slices, out->nr_slices, &out->cap_slices,
		     sizeof(*grew));
	if (!grew)
		return -ENOMEM;
	out->slices = grew;
	grew[out->nr_slices] = *slice;
	if (slice->end_ns < slice->begin_ns)
		grew[out->nr_slices].end_ns = slice->begin_ns;
	out->nr_slices++;
	return 0;
}

static uint64_t end_of(const struct slot_event *event)
{
	return event->time_ns > UINT64_MAX - event->duration_ns ?
		       UINT64_MAX :
		       event->time_ns + event->duration_ns;
}

static int add_event(struct layout *l, const struct timeline_track *track,
		     const struct slot_event *event)
{
	return add(l, &(struct timeline_slice){ .track = track,
						.event = event,
						.begin_ns = event->time_ns,
						.end_ns = end_of(event) });
}

/* What lasted on a track is over */
static int finish(struct layout *l, struct timeline_track *track, uint64_t ns,
		  bool open)
{
	const struct slot_event *maker = track->maker;

	if (!maker)
		return 0;
	track->maker = NULL;
	return add(l,
		   &(struct timeline_slice){
			   .track = track,
			   .what = track->kind == TIMELINE_VM ? TIMELINE_LIFE :
								TIMELINE_STATE,
			   .event = maker,
			   .begin_ns = track->since_ns,
			   .end_ns = ns,
			   .stood = track->stood,
			   .open = open });
}

static int start(struct timeline_track *track, const struct slot_event *event,
		 uint64_t ns, bool stood)
{
	if (!track)
		return -ENOMEM;
	track->maker = event;
	track->since_ns = ns;
	track->stood = stood;
	return 0;
}

/* One state of a slot is over, and the next begins, if there is one */
static int turn(struct layout *l, struct timeline_track *track,
		const struct slot_event *event, uint64_t until, uint64_t from,
		bool lasts)
{
	int ret = track ? finish(l, track, until, false) : -ENOMEM;

	return !ret && lasts ? start(track, event, from, false) : ret;
}

static int lay_change(struct layout *l, const struct slot_event *event)
{
	const struct slot_change *c = &event->change;
	const struct slot *slot = c->after.size ? &c->after : &c->before;
	struct timeline_track *track =
		slot_track(l, event->serial, slot->as_id, slot->id);
	uint64_t from = c->active_ns ? c->active_ns : end_of(event);
	uint64_t until = c->invalid_ns ? c->invalid_ns : from;
	int ret = add_event(l, thread_track(l, event), event);

	if (!ret && c->invalid_ns)
		ret = add(l, &(struct timeline_slice){ .track = track,
						       .what = TIMELINE_HOLE,
						       .event = event,
						       .begin_ns = until,
						       .end_ns = from });
	if (ret)
		return ret;
	if (!c->result)
		return turn(l, track, event, until, from, c->after.size);
	/* The slot is what it was; only for its hole it was not there */
	return track ? 0 : -ENOMEM;
}

static bool follows_changes(const struct layout *l, uint64_t serial)
{
	size_t low = 0, high = l->nr_changed;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (l->changed[mid] < serial)
			low = mid + 1;
		else
			high = mid;
	}
	return low < l->nr_changed && l->changed[low] == serial;
}

static int lay_request(struct layout *l, const struct slot_event *event)
{
	const struct slot_request *r = &event->request;
	int ret = add_event(l, thread_track(l, event), event);

	if (ret || r->unread || r->result || follows_changes(l, event->serial))
		return ret;
	return turn(l,
		    slot_track(l, event->serial, r->slot >> SLOT_ID_BITS,
			       r->slot & ((1U << SLOT_ID_BITS) - 1)),
		    event, end_of(event), end_of(event), r->size);
}

static int lay_lost(struct layout *l, const struct slot_event *event)
{
	const struct timeline_track key = { .kind = TIMELINE_LOST };
	uint64_t end = event->time_ns > l->now ? event->time_ns : l->now;

	return add(l, &(struct timeline_slice){ .track = track_of(l, &key),
						.what = TIMELINE_GAP,
						.event = event,
						.begin_ns = l->now,
						.end_ns = end });
}

/* Its slots go with a VM */
static int lay_end(struct layout *l, const struct slot_event *event)
{
	int ret = 0;

	for (size_t i = 0; i < l->out->nr_tracks && !ret; i++) {
		struct timeline_track *track = l->out->tracks[i];

		if (track->kind < TIMELINE_THREAD &&
		    track->serial == event->serial)
			ret = finish(l, track, event->time_ns, false);
	}
	return ret;
}

static int lay(struct layout *l, const struct slot_event *event)
{
	struct timeline_track *track;
	int ret = 0;

	switch (event->type) {
	case SLOT_EVENT_VM_CREATE:
		return start(vm_track(l, event), event, event->time_ns, false);
	case SLOT_EVENT_VM_DESTROY:
		return lay_end(l, event);
	case SLOT_EVENT_BASE:
		return start(slot_track(l, event->serial, event->base.as_id,
					event->base.id),
			     event, event->time_ns, true);
	case SLOT_EVENT_BASE_END:
		return 0;
	case SLOT_EVENT_REQUEST:
		return lay_request(l, event);
	case SLOT_EVENT_CHANGE:
		return lay_change(l, event);
	case SLOT_EVENT_LOST:
		/* What was not kept lies before all that there is */
		return event->lost.reason == SLOT_LOST_DROPPED ?
			       0 :
			       lay_lost(l, event);
	case SLOT_EVENT_EXIT:
		return add_event(l,
				 vcpu_track(l, event->serial, event->exit.vcpu),
				 event);
	case SLOT_EVENT_FAULT:
		track = event->fault.vcpu < 0 ?
				thread_track(l, event) :
				vcpu_track(l, event->serial, event->fault.vcpu);
		return add_event(l, track, event);
	case SLOT_EVENT_VCPU:
		return add_event(
			l, vcpu_track(l, event->serial, event->vcpu.id), event);
	case SLOT_EVENT_MAPPING:
		track = thread_track(l, event);
		ret = add_event(l, track, event);
		if (!ret && event->mapping.slot >= 0)
			ret = add_event(l,
					slot_track(l, event->serial,
						   event->mapping.as_id,
						   event->mapping.slot),
					event);
		return ret;
	default:
		return add_event(l, thread_track(l, event), event);
	}
}

/* A VM that is not made in the log is there from its first event on */
static int find_vm(struct layout *l, const struct slot_event *event)
{
	struct timeline_track *track;

	if (!event->serial || event->type == SLOT_EVENT_LOST)
		return 0;
	track = vm_track(l, event);
	if (!track)
		return -ENOMEM;
	if (!track->maker && event->type != SLOT_EVENT_VM_DESTROY &&
	    event->type != SLOT_EVENT_VM_CREATE)
		return start(track, event, event->time_ns, true);
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	COMPARE(*x, *y);
	return 0;
}

/* Which VMs have changes, and is there any time at all? */
static int look_ahead(struct layout *l, const struct slot_log *log)
{
	uint64_t *grew, last = 0;
	bool times = !log->nr;

	for (size_t i = 0; i < log->nr; i++) {
		const struct slot_event *event = &log->events[i];

		times |= event->time_ns;
		if (event->type != SLOT_EVENT_CHANGE || event->serial == last)
			continue;
		grew = grown(l->changed, l->nr_changed, &l->cap_changed,
			     sizeof(*grew));
		if (!grew)
			return -ENOMEM;
		l->changed = grew;
		grew[l->nr_changed++] = last = event->serial;
	}
	if (l->nr_changed)
		qsort(l->changed, l->nr_changed, sizeof(*l->changed),
		      by_number);
	return times ? 0 : -ENODATA;
}

static int by_place(const void *a, const void *b)
{
	const struct timeline_slice *x = a, *y = b;

	if (x->track != y->track)
		return track_compare(x->track, y->track);
	COMPARE(x->begin_ns, y->begin_ns);
	COMPARE(y->end_ns, x->end_ns);
	/* A request is logged behind the changes that it made */
	COMPARE(y->event->seq, x->event->seq);
	return 0;
}

#define LANES 8

/* The ends of those that are not over, one within the other */
struct lane {
	uint64_t *ends;
	size_t nr;
	size_t cap;
};

/* 1: the slice is in it now; 0: it would overlap another one's end */
static int put_in_lane(struct lane *lane, const struct timeline_slice *slice)
{
	uint64_t *ends;

	while (lane->nr && lane->ends[lane->nr - 1] <= slice->begin_ns)
		lane->nr--;
	if (lane->nr && lane->ends[lane->nr - 1] < slice->end_ns)
		return 0;
	ends = grown(lane->ends, lane->nr, &lane->cap, sizeof(*ends));
	if (!ends)
		return -ENOMEM;
	lane->ends = ends;
	ends[lane->nr++] = slice->end_ns;
	return 1;
}

/* A track for each of the slices that do not nest; the last is a moment at most */
static int choose_lane(struct lane lanes[LANES], struct timeline_slice *slice)
{
	struct timeline_track *track = (struct timeline_track *)slice->track;
	int ret;

	for (unsigned int i = 0; i < LANES; i++) {
		ret = put_in_lane(&lanes[i], slice);
		if (ret < 0)
			return ret;
		if (!ret)
			continue;
		slice->lane = i;
		if (track->lanes <= i)
			track->lanes = i + 1;
		return 0;
	}
	slice->end_ns = slice->begin_ns;
	return 0;
}

static int choose_lanes(struct timeline *out)
{
	struct lane lanes[LANES] = {};
	int ret = 0;

	if (out->nr_slices)
		qsort(out->slices, out->nr_slices, sizeof(*out->slices),
		      by_place);
	for (size_t i = 0; i < out->nr_slices && !ret; i++) {
		struct timeline_slice *slice = &out->slices[i];

		if (i && slice->track != slice[-1].track) {
			for (int j = 0; j < LANES; j++)
				lanes[j].nr = 0;
		}
		if (slice->end_ns > slice->begin_ns)
			ret = choose_lane(lanes, slice);
	}
	for (int j = 0; j < LANES; j++)
		free(lanes[j].ends);
	return ret;
}

int timeline_make(const struct slot_log *log, struct timeline *out)
{
	struct layout l = { .out = out };
	int ret;

	*out = (struct timeline){ 0 };
	ret = look_ahead(&l, log);
	for (size_t i = 0; i < log->nr && !ret; i++) {
		const struct slot_event *event = &log->events[i];

		if (!l.now)
			l.now = event->time_ns;
		ret = find_vm(&l, event);
		if (!ret)
			ret = lay(&l, event);
		if (end_of(event) > l.now)
			l.now = end_of(event);
	}
	for (size_t i = 0; i < out->nr_tracks && !ret; i++)
		ret = finish(&l, out->tracks[i], l.now, true);
	if (!ret)
		ret = choose_lanes(out);
	free(l.changed);
	return ret;
}

void timeline_deinit(struct timeline *timeline)
{
	for (size_t i = 0; i < timeline->nr_tracks; i++)
		free(timeline->tracks[i]);
	free(timeline->tracks);
	free(timeline->slices);
	*timeline = (struct timeline){ 0 };
}
