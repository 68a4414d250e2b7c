// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How far each view can be trusted: what was lost, cut off, not readable, or
 * not of the same moment is said first, and then not compared.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "check/say.h"
#include "check/verdict.h"

static const struct finding nowhere = { .slot_id = -1,
					.cause = FINDING_NO_CAUSE };

static struct finding about(enum finding_id id, enum check_view view)
{
	struct finding finding = nowhere;

	finding.id = id;
	finding.views = 1U << view;
	return finding;
}

static void say_unread(struct verdict *verdict)
{
	const struct check_input *input = verdict->input;
	struct finding finding;

	for (int view = 0; view < CHECK_VIEWS; view++) {
		if (!input->unread[view])
			continue;
		finding = about(FINDING_UNREAD, view);
		verdict_add(verdict, &finding, "%s could not be had: %s",
			    check_view_name(view), input->unread[view]);
	}
	if (input->backing && !input->backing->nr) {
		finding = about(FINDING_UNREAD, CHECK_BACKING);
		verdict_add(
			verdict, &finding,
			"BACKING is empty: the process has no memory any more");
	}
	if (input->unsettled) {
		finding = nowhere;
		finding.id = FINDING_UNREAD;
		verdict_add(verdict, &finding,
			    "the views are not of one moment: %s",
			    input->unsettled);
	}
}

static void say_lost(struct verdict *verdict, enum view_source view)
{
	const struct slot_state *state = verdict->sides[view].state;
	struct finding finding = about(FINDING_LOST, (enum check_view)view);
	const struct coverage *coverage = &state->coverage;

	if (coverage->lost && view == VIEW_TRACED)
		verdict_add(verdict, &finding,
			    "%" PRIu64 " events were lost: TRACED may be wrong "
			    "anywhere, and is not compared",
			    coverage->lost);
	else if (coverage->lost)
		verdict_add(verdict, &finding,
			    "%s lost %" PRIu64 " records: what it does not "
			    "have may be there all the same",
			    check_view_name((enum check_view)view),
			    coverage->lost);
	if (coverage->truncated)
		verdict_add(verdict, &finding,
			    "%s is cut off: there was more than could be read",
			    check_view_name((enum check_view)view));
}

/* KVM never has two slots over each other: then it is no state of a VM */
static bool is_disjoint(const struct slot_state *state, const struct slot **bad)
{
	const struct slot *prev = NULL;
	const struct slot *slot;

	for (size_t i = 0; i < state->nr_slots; i++) {
		slot = &state->slots[i];
		if (prev && prev->as_id == slot->as_id &&
		    slot_last(prev) >= slot->gpa) {
			*bad = slot;
			return false;
		}
		prev = slot;
	}
	return true;
}

static bool fields_missing(const struct slot_state *state, uint32_t fields)
{
	return (state->coverage.fields & fields) != fields;
}

static void judge_view(struct verdict *verdict, enum view_source view)
{
	struct side *side = &verdict->sides[view];
	const struct slot_state *state = side->state;
	struct finding finding = about(FINDING_UNREAD, (enum check_view)view);
	const struct slot *bad;

	say_lost(verdict, view);
	side->absence = !state->coverage.lost && !state->coverage.truncated;
	if (view == VIEW_TRACED && state->coverage.lost)
		return;
	if (state->gone) {
		verdict_add(verdict, &finding,
			    "%s says that the VM was destroyed",
			    check_view_name((enum check_view)view));
		return;
	}
	if (!is_disjoint(state, &bad)) {
		finding.as_id = bad->as_id;
		finding.gpa = bad->gpa;
		finding.size = bad->size;
		finding.slot_id = bad->id;
		verdict_add(verdict, &finding,
			    "%s has two slots over each other at 0x%" PRIx64
			    ", which KVM never has: it is not compared",
			    check_view_name((enum check_view)view), bad->gpa);
		return;
	}
	side->usable =
		!fields_missing(state, SLOT_FIELD_GPA | SLOT_FIELD_SIZE) &&
		!verdict->input->unsettled;
}

/* Ready the ranges; what is in transition becomes blind, and is told once */
static void fill_side(struct verdict *verdict, enum view_source view)
{
	struct side *side = &verdict->sides[view];
	const struct slot_state *state = side->state;
	const struct slot *slot;
	struct span span;
	int ret = 0;

	for (size_t i = 0; i < state->nr_slots && !ret; i++) {
		slot = &state->slots[i];
		if (slot->unknown & (SLOT_FIELD_GPA | SLOT_FIELD_SIZE)) {
			side->absence = false;
			continue;
		}
		span = (struct span){ slot->as_id, slot->gpa, slot_last(slot),
				      slot };
		if (slot->flags & SLOT_INVALID) {
			span.slot = NULL;
			ret = spans_add(&side->blind, &span);
		} else if (!slot->hidden) {
			ret = spans_add(&side->slots, &span);
		}
	}
	if (!ret)
		ret = spans_add_blind(&side->blind, &state->coverage);
	for (size_t as_id = 0; as_id < state->nr_as && !ret; as_id++) {
		if (!state->as[as_id].updating)
			continue;
		span = (struct span){ as_id, 0, UINT64_MAX, NULL };
		ret = spans_add(&side->blind, &span);
	}
	if (ret)
		verdict->nomem = true;
}

static void say_transition(struct verdict *verdict, enum view_source view)
{
	const struct slot_state *state = verdict->sides[view].state;
	struct finding finding = about(FINDING_UNREAD, (enum check_view)view);
	const struct slot *slot;

	for (size_t i = 0; i < state->nr_as; i++) {
		finding.as_id = i;
		if (state->as[i].updating)
			verdict_add(verdict, &finding,
				    "an update of address space %zu was under "
				    "way when %s was read",
				    i, check_view_name((enum check_view)view));
	}
	for (size_t i = 0; i < state->nr_slots; i++) {
		slot = &state->slots[i];
		if (!(slot->flags & SLOT_INVALID) ||
		    (slot->as_id < state->nr_as &&
		     state->as[slot->as_id].updating))
			continue;
		finding.as_id = slot->as_id;
		finding.gpa = slot->gpa;
		finding.size = slot->size;
		finding.slot_id = slot->id;
		verdict_add(verdict, &finding,
			    "slot %d at %s was under update when %s was read",
			    slot->id, SAY_RANGE(slot->gpa, slot->size),
			    check_view_name((enum check_view)view));
	}
}

/* (as_id, generation) is what makes TRACED and KERNEL one moment */
static void join_generations(struct verdict *verdict)
{
	const struct side *traced = &verdict->sides[VIEW_TRACED];
	const struct side *kernel = &verdict->sides[VIEW_KERNEL];
	struct finding finding = about(FINDING_LOST, CHECK_TRACED);
	uint64_t ours;
	uint64_t theirs;
	size_t nr;

	if (!traced->usable || !kernel->usable ||
	    fields_missing(traced->state, SLOT_FIELD_GENERATION) ||
	    fields_missing(kernel->state, SLOT_FIELD_GENERATION))
		return;
	nr = kernel->state->nr_as;
	verdict->torn = calloc(nr ? nr : 1, sizeof(*verdict->torn));
	if (!verdict->torn) {
		verdict->nomem = true;
		return;
	}
	verdict->nr_torn = nr;
	for (size_t i = 0; i < nr; i++) {
		if (!verdict_covers(verdict, VIEW_TRACED, i) ||
		    !verdict_covers(verdict, VIEW_KERNEL, i))
			continue;
		/* KVM starts address space i at generation i */
		ours = i < traced->state->nr_as ?
			       traced->state->as[i].generation :
			       i;
		theirs = kernel->state->as[i].generation;
		verdict->torn[i] = ours != theirs;
		if (!verdict->torn[i])
			continue;
		finding.as_id = i;
		finding.views = 1U << CHECK_TRACED | 1U << CHECK_KERNEL;
		verdict_add(verdict, &finding,
			    "TRACED knows address space %zu up to generation "
			    "%" PRIu64 ", KERNEL is at %" PRIu64
			    ": not the same moment, or changes went unseen",
			    i, ours, theirs);
	}
}

void check_trust(struct verdict *verdict)
{
	struct side *side;

	say_unread(verdict);
	for (int view = 0; view < VIEW_SOURCES; view++) {
		side = &verdict->sides[view];
		side->state = verdict->input->views[view];
		if (!side->state)
			continue;
		judge_view(verdict, view);
		if (!side->usable)
			continue;
		say_transition(verdict, view);
		fill_side(verdict, view);
	}
	join_generations(verdict);
}
