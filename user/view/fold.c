// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A log becomes a state. Two passes: the first finds where the log's knowledge
 * begins (the VM's creation, or BASE slots), the second lets everything else
 * take effect. The base can stand anywhere in the log: hooks are attached
 * before the slots are read, so changes that came after the reading may be
 * logged before it. The generation tells which.
 */
#include <errno.h>
#include <stdlib.h>

#include "view/apply.h"
#include "view/fold.h"
#include "view/slot_index.h"

#define NONE SIZE_MAX

struct folding {
	const struct slot_log *log;
	uint64_t serial;
	struct slot_writer writer;
	size_t *base_ends; /* the last BASE_END by as_id, or NONE */
	size_t nr_bases;
	size_t created;	      /* VM_CREATE, or NONE */
	bool follow_requests; /* there are no changes in the log */
	/* generations beyond which nothing takes effect, by as_id */
	const uint64_t *until;
	size_t nr_until;
};

static bool is_ours(const struct folding *f, const struct slot_event *event)
{
	return event->serial == f->serial;
}

static int note_base_end(struct folding *f, uint16_t as_id, size_t at)
{
	size_t *ends;

	if (as_id >= f->nr_bases) {
		ends = reallocarray(f->base_ends, as_id + 1, sizeof(*ends));
		if (!ends)
			return -ENOMEM;
		for (size_t i = f->nr_bases; i <= as_id; i++)
			ends[i] = NONE;
		f->base_ends = ends;
		f->nr_bases = as_id + 1;
	}
	f->base_ends[as_id] = at;
	return 0;
}

/* Where the last whole base of an address space ends, or NONE */
static size_t base_end_of(const struct folding *f, uint16_t as_id)
{
	return as_id < f->nr_bases ? f->base_ends[as_id] : NONE;
}

static int survey(struct folding *f)
{
	struct slot_state *state = f->writer.state;
	const struct slot_event *event;
	bool first = true;
	int ret = 0;

	f->created = NONE;
	f->follow_requests = true;
	for (size_t i = 0; i < f->log->nr && !ret; i++) {
		event = &f->log->events[i];
		/* another VM's change tells what this tracer can see, too */
		if (event->type == SLOT_EVENT_CHANGE)
			f->follow_requests = false;
		if (!is_ours(f, event))
			continue;
		if (first)
			state->coverage.since_ns = event->time_ns;
		first = false;
		if (event->time_ns + event->duration_ns > state->coverage.at_ns)
			state->coverage.at_ns =
				event->time_ns + event->duration_ns;
		if (event->type == SLOT_EVENT_VM_CREATE && f->created == NONE)
			f->created = i;
		else if (event->type == SLOT_EVENT_BASE_END)
			ret = note_base_end(f, event->base_end.as_id, i);
	}
	return ret;
}

/*
 * Creation and base: what the rest builds on. A base begins its address space
 * anew, so of several the last one stands; BASE slots without an end do not
 * count.
 */
static int lay_ground(struct folding *f)
{
	const struct slot_event *events = f->log->events;
	uint16_t as_id;
	int ret = 0;

	if (f->created != NONE)
		ret = slot_writer_other(&f->writer, &events[f->created]);
	for (size_t i = 0; i < f->log->nr && f->nr_bases && !ret; i++) {
		if (!is_ours(f, &events[i]))
			continue;
		if (events[i].type == SLOT_EVENT_BASE)
			as_id = events[i].base.as_id;
		else if (events[i].type == SLOT_EVENT_BASE_END)
			as_id = events[i].base_end.as_id;
		else
			continue;
		if (base_end_of(f, as_id) != NONE && i <= base_end_of(f, as_id))
			ret = slot_writer_other(&f->writer, &events[i]);
	}
	return ret;
}

/*
 * A loss that was noticed before the VM was made, or before its slots were
 * read, took nothing from the state.
 */
static bool loss_matters(const struct folding *f,
			 const struct slot_event *event)
{
	const struct slot_event *events = f->log->events;
	/* what was dropped was before all that says how things stood */
	const uint64_t when =
		event->lost.reason == SLOT_LOST_DROPPED ? 0 : event->time_ns;

	/* what a recording lacks was later than all that is before it */
	if (event->lost.reason == SLOT_LOST_CUT ||
	    event->lost.reason == SLOT_LOST_GAP ||
	    event->lost.reason == SLOT_LOST_DAMAGED)
		return true;
	if (f->created != NONE && when < events[f->created].time_ns)
		return false;
	if (!f->nr_bases || f->writer.state->nr_as > f->nr_bases)
		return true;
	for (size_t i = 0; i < f->nr_bases; i++) {
		if (f->base_ends[i] == NONE ||
		    when >= events[f->base_ends[i]].time_ns)
			return true;
	}
	return false;
}

/* Without generations, time tells which requests the base includes */
static int follow_request(struct folding *f, const struct slot_event *event)
{
	uint16_t as_id = event->request.slot >> 16;
	bool told = false;
	uint64_t base_ns;

	if (!event->request.unread && base_end_of(f, as_id) != NONE) {
		base_ns = f->log->events[base_end_of(f, as_id)].time_ns;
		if (event->time_ns + event->duration_ns <= base_ns)
			return 0;
		told = event->time_ns <= base_ns;
	}
	return slot_writer_request(&f->writer, event, told);
}

static bool is_beyond(const struct folding *f, const struct slot_event *event)
{
	const struct slot_change *change = &event->change;
	uint16_t as_id = change->kind == SLOT_DELETE ? change->before.as_id :
						       change->after.as_id;

	return as_id < f->nr_until && change->generation > f->until[as_id];
}

static int take(struct folding *f, const struct slot_event *event)
{
	if (event->type == SLOT_EVENT_LOST) {
		if (event->serial && !is_ours(f, event))
			return 0;
		return loss_matters(f, event) ?
			       slot_writer_other(&f->writer, event) :
			       0;
	}
	if (!is_ours(f, event))
		return 0;
	switch (event->type) {
	case SLOT_EVENT_CHANGE:
		return is_beyond(f, event) ?
			       0 :
			       slot_writer_change(&f->writer, event);
	case SLOT_EVENT_REQUEST:
		return f->follow_requests ? follow_request(f, event) : 0;
	case SLOT_EVENT_VM_DESTROY:
	case SLOT_EVENT_GMEM_CLOSE:
		return slot_writer_other(&f->writer, event);
	default:
		return 0; /* the ground is laid already */
	}
}

/* Numbers that the log does not have, and no LOST event accounts for */
static uint64_t hole_before(const struct folding *f, size_t i)
{
	const struct slot_event *events = f->log->events;
	uint64_t next = 1;

	if (f->created != NONE && i <= f->created)
		return 0;
	if (i)
		next = events[i - 1].seq + 1;
	if (i && events[i - 1].type == SLOT_EVENT_LOST &&
	    events[i - 1].lost.count)
		next += events[i - 1].lost.count - 1;
	if (next <= f->log->folded)
		next = f->log->folded + 1;
	return events[i].seq > next ? events[i].seq - next : 0;
}

/* Before its base was read, what an address space held is not known */
static const struct slot_state *state_before(const struct folding *f,
					     const struct slot_event *event)
{
	uint16_t as_id = event->request.slot >> 16;
	size_t end = event->request.unread ? NONE : base_end_of(f, as_id);

	if (end != NONE && event->time_ns < f->log->events[end].time_ns)
		return NULL;
	return f->writer.state;
}

static int watch(const struct folding *f, const struct fold_watcher *watcher,
		 const struct slot_event *event)
{
	if (!watcher || event->type != SLOT_EVENT_REQUEST || !is_ours(f, event))
		return 0;
	return watcher->request(watcher->opaque, event, state_before(f, event),
				&f->writer.index);
}

static int fold_all(struct folding *f, const struct vm_id *vm,
		    const struct fold_watcher *watcher)
{
	const struct slot_log *log = f->log;
	struct slot_state *out = f->writer.state;
	uint64_t lost;
	int ret;

	f->serial = vm->serial;
	f->writer.indexed = true;
	slot_state_init(out, PARTY_TRACED);
	out->vm = *vm;
	ret = survey(f);
	if (!ret)
		ret = lay_ground(f);
	for (size_t i = 0; i < log->nr && !ret; i++) {
		out->coverage.lost += hole_before(f, i);
		ret = watch(f, watcher, &log->events[i]);
		lost = out->coverage.lost;
		if (!ret)
			ret = take(f, &log->events[i]);
		/* What does not fit there is what was left out on purpose */
		if (log->events[i].seq <= log->folded &&
		    log->events[i].type != SLOT_EVENT_LOST)
			out->coverage.lost = lost;
	}
	slot_writer_finish(&f->writer);
	slot_index_deinit(&f->writer.index);
	free(f->base_ends);
	return ret;
}

int fold_watched(const struct slot_log *log, const struct vm_id *vm,
		 struct slot_state *out, const struct fold_watcher *watcher)
{
	struct folding f = { .log = log, .writer.state = out };

	f.writer.index.ordered = watcher && watcher->ordered;
	return fold_all(&f, vm, watcher);
}

int fold(const struct slot_log *log, const struct vm_id *vm,
	 struct slot_state *out)
{
	return fold_watched(log, vm, out, NULL);
}

int fold_until(const struct slot_log *log, const struct vm_id *vm,
	       const struct slot_state *moment, struct slot_state *out)
{
	struct folding f = { .log = log, .writer.state = out };
	uint64_t *until;
	int ret;

	if (!moment || !(moment->coverage.fields & SLOT_FIELD_GENERATION))
		return fold(log, vm, out);
	slot_state_init(out, PARTY_TRACED);
	until = calloc(moment->nr_as + 1, sizeof(*until));
	if (!until)
		return -ENOMEM;
	for (size_t i = 0; i < moment->nr_as; i++)
		until[i] = moment->as[i].covered ?
				   slot_state_moment(moment, i) :
				   UINT64_MAX;
	f.until = until;
	f.nr_until = moment->nr_as;
	ret = fold_all(&f, vm, NULL);
	free(until);
	return ret;
}
