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
#include "view/slot_index.h"

#define NONE SIZE_MAX

/* The last complete run of BASE slots of one address space */
struct base_run {
	size_t open;  /* first event of a run that has no end yet, or NONE */
	size_t begin; /* or NONE: no complete run */
	size_t end;
};

struct folding {
	const struct slot_log *log;
	uint64_t serial;
	struct slot_writer writer;
	struct base_run *runs;
	size_t nr_runs;
	size_t created;	      /* VM_CREATE, or NONE */
	bool follow_requests; /* there are no changes in the log */
};

static bool is_ours(const struct folding *f, const struct slot_event *event)
{
	return event->serial == f->serial;
}

static struct base_run *run_of(struct folding *f, uint16_t as_id)
{
	struct base_run *runs;

	if (as_id >= f->nr_runs) {
		runs = reallocarray(f->runs, as_id + 1, sizeof(*runs));
		if (!runs)
			return NULL;
		for (size_t i = f->nr_runs; i <= as_id; i++)
			runs[i] = (struct base_run){ NONE, NONE, NONE };
		f->runs = runs;
		f->nr_runs = as_id + 1;
	}
	return &f->runs[as_id];
}

static int note_base(struct folding *f, uint16_t as_id, size_t i, bool end)
{
	struct base_run *run = run_of(f, as_id);

	if (!run)
		return -ENOMEM;
	if (run->open == NONE)
		run->open = i;
	if (end) {
		run->begin = run->open;
		run->end = i;
		run->open = NONE;
	}
	return 0;
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
		else if (event->type == SLOT_EVENT_BASE)
			ret = note_base(f, event->base.as_id, i, false);
		else if (event->type == SLOT_EVENT_BASE_END)
			ret = note_base(f, event->base_end.as_id, i, true);
	}
	return ret;
}

/* Creation and base: what the rest builds on */
static int lay_ground(struct folding *f)
{
	const struct slot_event *events = f->log->events;
	const struct base_run *run;
	uint16_t as_id;
	int ret = 0;

	if (f->created != NONE)
		ret = slot_writer_other(&f->writer, &events[f->created]);
	for (size_t i = 0; i < f->log->nr && f->nr_runs && !ret; i++) {
		if (!is_ours(f, &events[i]))
			continue;
		if (events[i].type == SLOT_EVENT_BASE)
			as_id = events[i].base.as_id;
		else if (events[i].type == SLOT_EVENT_BASE_END)
			as_id = events[i].base_end.as_id;
		else
			continue;
		run = &f->runs[as_id];
		if (run->begin != NONE && i >= run->begin && i <= run->end)
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

	if (f->created != NONE && event->time_ns < events[f->created].time_ns)
		return false;
	if (!f->nr_runs || f->writer.state->nr_as > f->nr_runs)
		return true;
	for (size_t i = 0; i < f->nr_runs; i++) {
		if (f->runs[i].begin == NONE ||
		    event->time_ns >= events[f->runs[i].end].time_ns)
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

	if (!event->request.unread && as_id < f->nr_runs &&
	    f->runs[as_id].begin != NONE) {
		base_ns = f->log->events[f->runs[as_id].end].time_ns;
		if (event->time_ns + event->duration_ns <= base_ns)
			return 0;
		told = event->time_ns <= base_ns;
	}
	return slot_writer_request(&f->writer, event, told);
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
		return slot_writer_change(&f->writer, event);
	case SLOT_EVENT_REQUEST:
		return f->follow_requests ? follow_request(f, event) : 0;
	case SLOT_EVENT_VM_DESTROY:
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
	return events[i].seq > next ? events[i].seq - next : 0;
}

int fold(const struct slot_log *log, const struct vm_id *vm,
	 struct slot_state *out)
{
	struct folding f = {
		.log = log,
		.serial = vm->serial,
		.writer = { .state = out, .indexed = true },
	};
	int ret;

	slot_state_init(out, VIEW_TRACED);
	out->vm = *vm;
	ret = survey(&f);
	if (!ret)
		ret = lay_ground(&f);
	for (size_t i = 0; i < log->nr && !ret; i++) {
		out->coverage.lost += hole_before(&f, i);
		ret = take(&f, &log->events[i]);
	}
	slot_writer_finish(&f.writer);
	slot_index_deinit(&f.writer.index);
	free(f.runs);
	return ret;
}
