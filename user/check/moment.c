// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Are two views of one moment? Where both know KVM's generations, these tell,
 * whatever changed meanwhile. Where they do not, the views stood between two looks
 * at the generations (check/sample.h), and what moved between these is left out. So
 * is it where a view is torn, and of no moment at all.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "check/comparison.h"

static bool has_generations(const struct slot_state *state)
{
	return state && state->coverage.fields & SLOT_FIELD_GENERATION;
}

/* KVM starts address space i at generation i */
static uint64_t moment_of(const struct slot_state *state, uint16_t as_id)
{
	return as_id < state->nr_as ? slot_state_moment(state, as_id) : as_id;
}

/* What is of no moment has no generation, whatever number it bears */
static bool is_torn(const struct slot_state *state, uint16_t as_id)
{
	return as_id < state->nr_as && state->as[as_id].torn;
}

static void say_torn(struct comparison *c, const struct compared_pair *pair,
		     uint16_t as_id, uint64_t ours, uint64_t theirs)
{
	const struct finding finding = {
		.id = FINDING_LOST,
		.as_id = as_id,
		.slot_id = -1,
		.views = 1ULL << pair->expected | 1ULL << pair->actual,
		.cause = FINDING_NO_CAUSE,
	};

	comparison_add(c, &finding,
		       "%s knows address space %u up to generation %" PRIu64
		       ", %s is at %" PRIu64
		       ": not the same moment, or changes went unseen",
		       comparison_party(c, pair->expected)->name, as_id, ours,
		       comparison_party(c, pair->actual)->name, theirs);
}

static void add_moving(struct comparison *c, struct compared_pair *pair,
		       uint16_t as_id, gpa_t gpa, uint64_t size)
{
	const struct span all = { as_id, 0, UINT64_MAX, NULL };
	const struct span some = { as_id, gpa, gpa + (size - 1), NULL };

	if (spans_add(&pair->moving, size ? &some : &all))
		c->nomem = true;
}

/* In transition anything may have moved, unless somebody knows what */
static void add_moved(struct comparison *c, struct compared_pair *pair,
		      uint16_t as_id)
{
	const struct restless *restless;

	if (!comparison_is_restless(c, as_id))
		add_moving(c, pair, as_id, 0, 0);
	for (size_t i = 0; i < c->input->nr_restless; i++) {
		restless = &c->input->restless[i];
		if (restless->as_id == as_id)
			add_moving(c, pair, as_id, restless->gpa,
				   restless->size);
	}
}

static void join_by_generation(struct comparison *c, struct compared_pair *pair)
{
	const struct slot_state *e = comparison_state(c, pair->expected);
	const struct slot_state *a = comparison_state(c, pair->actual);
	uint64_t ours, theirs;

	pair->joined = true;
	pair->torn = calloc(a->nr_as + 1, sizeof(*pair->torn));
	if (!pair->torn) {
		c->nomem = true;
		return;
	}
	pair->nr_torn = a->nr_as;
	for (size_t i = 0; i < a->nr_as; i++) {
		if (!comparison_covers(c, pair->expected, i) ||
		    !comparison_covers(c, pair->actual, i))
			continue;
		if (is_torn(e, i) || is_torn(a, i)) {
			add_moved(c, pair, i);
			continue;
		}
		ours = moment_of(e, i);
		theirs = moment_of(a, i);
		pair->torn[i] = ours != theirs;
		/* one that is under way is told already, and not yet logged */
		if (pair->torn[i] &&
		    !(a->as[i].updating && theirs - ours <= a->nr_as))
			say_torn(c, pair, i, ours, theirs);
	}
	spans_join(&pair->moving);
}

static size_t most_as(const struct comparison *c,
		      const struct compared_pair *pair)
{
	const size_t places[] = { pair->expected, pair->actual };
	const struct slot_state *state;
	size_t nr = 0;

	for (size_t i = 0; i < 2; i++) {
		state = comparison_state(c, places[i]);
		if (state && state->nr_as > nr)
			nr = state->nr_as;
	}
	return nr;
}

static bool is_in_transition(const struct slot_state *state, uint16_t as_id)
{
	return state && as_id < state->nr_as &&
	       (state->as[as_id].updating || state->as[as_id].torn);
}

void check_moment(struct comparison *c, struct compared_pair *pair)
{
	const struct slot_state *e = comparison_state(c, pair->expected);
	const struct slot_state *a = comparison_state(c, pair->actual);

	if (has_generations(e) && has_generations(a)) {
		join_by_generation(c, pair);
		return;
	}
	for (size_t as_id = 0; as_id < most_as(c, pair); as_id++) {
		if (c->input->unsettled)
			add_moving(c, pair, as_id, 0, 0);
		else if (comparison_is_restless(c, as_id) ||
			 is_in_transition(e, as_id) ||
			 is_in_transition(a, as_id))
			add_moved(c, pair, as_id);
	}
	spans_join(&pair->moving);
}
