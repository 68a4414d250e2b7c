// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How far each view can be trusted: what was lost, cut off or not readable is
 * said first, and then not compared. The one place where that is decided.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/plural.h"
#include "check/comparison.h"
#include "check/say.h"

static const struct finding nowhere = { .slot_id = -1,
					.cause = FINDING_NO_CAUSE };

static struct finding about(enum finding_id id, size_t view)
{
	struct finding finding = nowhere;

	finding.id = id;
	finding.views = 1ULL << view;
	return finding;
}

static void say_unread(struct comparison *c, size_t view)
{
	const struct finding finding = about(FINDING_UNREAD, view);

	comparison_add(c, &finding, "%s could not be had: %s",
		       comparison_party(c, view)->name,
		       c->input->views[view].unread);
}

static void judge_ground(struct comparison *c, size_t view)
{
	const struct finding finding = about(FINDING_UNREAD, view);

	c->views[view].usable = c->input->views[view].map->nr;
	if (!c->views[view].usable)
		comparison_add(c, &finding,
			       "%s is empty: the process has no memory any "
			       "more",
			       comparison_party(c, view)->name);
}

static bool follows(const struct comparison *c, size_t view)
{
	return comparison_party(c, view)->traits & PARTY_FOLLOWS;
}

/* Of what the log lacks, how much nobody asked for */
static uint64_t left_out(const struct comparison *c)
{
	const struct slot_log *log = c->input->log;
	uint64_t nr = 0;

	for (size_t i = 0; log && i < log->nr; i++) {
		const struct slot_event *event = &log->events[i];

		if (event->type == SLOT_EVENT_LOST &&
		    event->lost.reason == SLOT_LOST_FILTERED &&
		    (!event->serial || event->serial == c->input->serial))
			nr += event->lost.count;
	}
	return nr;
}

static void say_lost(struct comparison *c, size_t view)
{
	const struct coverage *coverage = &comparison_state(c, view)->coverage;
	const uint64_t filtered = coverage->lost ? left_out(c) : 0;
	const struct finding finding = about(FINDING_LOST, view);
	const char *name = comparison_party(c, view)->name;

	if (coverage->lost && follows(c, view) && filtered >= coverage->lost)
		comparison_add(c, &finding,
			       "%" PRIu64 " request%s or change%s filtered out "
			       "when it was traced: %s may be wrong anywhere, "
			       "and is not compared",
			       filtered, plural(filtered),
			       filtered == 1 ? " was" : "s were", name);
	else if (coverage->lost && follows(c, view))
		comparison_add(c, &finding,
			       "%" PRIu64 " event%s lost: %s may be wrong "
			       "anywhere, and is not compared",
			       coverage->lost,
			       coverage->lost == 1 ? " was" : "s were", name);
	else if (coverage->lost)
		comparison_add(c, &finding,
			       "%s lost %" PRIu64 " record%s: what it does not "
			       "have may be there all the same",
			       name, coverage->lost, plural(coverage->lost));
	if (coverage->truncated)
		comparison_add(c, &finding,
			       "%s is cut off: there is more than was read",
			       name);
}

/* KVM never has two slots over each other: then it is no state of a VM */
static const struct slot *overlapping(const struct slot_state *state)
{
	const struct slot *slot;

	for (size_t i = 1; i < state->nr_slots; i++) {
		slot = &state->slots[i];
		if (slot[-1].as_id == slot->as_id &&
		    slot_last(slot - 1) >= slot->gpa)
			return slot;
	}
	return NULL;
}

static bool is_torn(const struct slot_state *state, uint16_t as_id)
{
	return as_id < state->nr_as && state->as[as_id].torn;
}

static bool judge_slots(struct comparison *c, size_t view)
{
	const struct slot_state *state = comparison_state(c, view);
	const uint32_t needed = SLOT_FIELD_GPA | SLOT_FIELD_SIZE;
	struct finding finding = about(FINDING_UNREAD, view);
	const struct slot *bad;

	say_lost(c, view);
	if (follows(c, view) && state->coverage.lost)
		return false;
	if (state->gone) {
		comparison_add(c, &finding, "%s says that the VM was destroyed",
			       comparison_party(c, view)->name);
		return false;
	}
	bad = overlapping(state);
	if (bad) {
		finding.as_id = bad->as_id;
		finding.gpa = bad->gpa;
		finding.size = bad->size;
		finding.slot_id = bad->id;
		comparison_add(c, &finding,
			       "%s has two slots over each other at 0x%" PRIx64
			       ", %s: it is not compared",
			       comparison_party(c, view)->name, bad->gpa,
			       is_torn(state, bad->as_id) ?
				       "as they changed while it was read" :
				       "which KVM never has");
		return false;
	}
	return (state->coverage.fields & needed) == needed;
}

static void say_unplaced(struct comparison *c, size_t view, size_t nr)
{
	const struct finding finding = about(FINDING_UNREAD, view);

	comparison_add(c, &finding,
		       "%s does not tell where %zu of its slots %s: what it "
		       "does not have may be there all the same",
		       comparison_party(c, view)->name, nr,
		       nr == 1 ? "is" : "are");
}

/* Ready the ranges; what is in transition becomes blind */
static void fill(struct comparison *c, size_t view)
{
	const struct slot_state *state = comparison_state(c, view);
	struct compared_view *v = &c->views[view];
	const struct slot *slot;
	struct span span;
	size_t unplaced = 0;
	int ret = 0;

	v->absence = !state->coverage.lost && !state->coverage.truncated;
	for (size_t i = 0; i < state->nr_slots && !ret; i++) {
		slot = &state->slots[i];
		if (slot->unknown & (SLOT_FIELD_GPA | SLOT_FIELD_SIZE)) {
			unplaced++;
			continue;
		}
		span = (struct span){ slot->as_id, slot->gpa, slot_last(slot),
				      slot };
		if (slot->flags & SLOT_INVALID) {
			span.slot = NULL;
			ret = spans_add(&v->blind, &span);
		} else if (!slot->hidden) {
			ret = spans_add(&v->slots, &span);
		}
	}
	if (unplaced) {
		v->absence = false;
		say_unplaced(c, view, unplaced);
	}
	if (!ret)
		ret = spans_add_blind(&v->blind, &state->coverage);
	if (ret)
		c->nomem = true;
}

static void say_transition(struct comparison *c, size_t view)
{
	const struct slot_state *state = comparison_state(c, view);
	struct finding finding = about(FINDING_UNREAD, view);
	const char *name = comparison_party(c, view)->name;
	const struct slot *slot;

	for (size_t i = 0; i < state->nr_as; i++) {
		finding.as_id = i;
		if (state->as[i].torn)
			comparison_add(c, &finding,
				       "slots of address space %zu changed "
				       "faster than %s could be read: what it "
				       "has did not all stand at once",
				       i, name);
		else if (state->as[i].updating && !comparison_is_restless(c, i))
			comparison_add(c, &finding,
				       "an update of address space %zu was "
				       "under way when %s was read",
				       i, name);
	}
	for (size_t i = 0; i < state->nr_slots; i++) {
		slot = &state->slots[i];
		if (!(slot->flags & SLOT_INVALID) ||
		    is_torn(state, slot->as_id) ||
		    (slot->as_id < state->nr_as &&
		     state->as[slot->as_id].updating))
			continue;
		finding.as_id = slot->as_id;
		finding.gpa = slot->gpa;
		finding.size = slot->size;
		finding.slot_id = slot->id;
		comparison_add(c, &finding,
			       "slot %d at %s was under update when %s was "
			       "read",
			       slot->id, SAY_RANGE(slot->gpa, slot->size),
			       name);
	}
}

static void say_restless(struct comparison *c, const struct restless *restless)
{
	struct finding finding = nowhere;
	char slot[32] = "slots";
	char times[32] = "";

	finding.id = FINDING_UNREAD;
	finding.as_id = restless->as_id;
	finding.gpa = restless->gpa;
	finding.size = restless->size;
	finding.slot_id = restless->slot_id;
	if (!restless->size) {
		comparison_add(c, &finding,
			       "slots of address space %u changed while the "
			       "views were read, and nothing tells which",
			       restless->as_id);
		return;
	}
	if (restless->slot_id >= 0)
		snprintf(slot, sizeof(slot), "slot %d", restless->slot_id);
	if (restless->changes > 1)
		snprintf(times, sizeof(times), " %" PRIu64 " times",
			 restless->changes);
	comparison_add(c, &finding,
		       "%s at %s changed%s while the views were read", slot,
		       SAY_RANGE(restless->gpa, restless->size), times);
}

static void say_unsettled(struct comparison *c)
{
	struct finding finding = nowhere;

	finding.id = FINDING_UNREAD;
	if (c->input->unsettled)
		comparison_add(c, &finding,
			       "the views are not of one moment: %s",
			       c->input->unsettled);
	for (size_t i = 0; i < c->input->nr_restless; i++)
		say_restless(c, &c->input->restless[i]);
}

void check_trust(struct comparison *c)
{
	const struct view *view;

	for (size_t i = 0; i < c->input->nr_views; i++) {
		view = &c->input->views[i];
		if (view->unread) {
			say_unread(c, i);
		} else if (view->map) {
			judge_ground(c, i);
		} else if (view->slots) {
			c->views[i].usable = judge_slots(c, i);
			if (!c->views[i].usable)
				continue;
			say_transition(c, i);
			fill(c, i);
		}
	}
	say_unsettled(c);
}
