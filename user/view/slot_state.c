// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <slotscope/view.h>

#include "base/grow.h"

void slot_state_init(struct slot_state *state, enum party_id party)
{
	memset(state, 0, sizeof(*state));
	state->party = party;
	state->vm.fd = -1;
}

void slot_state_deinit(struct slot_state *state)
{
	for (size_t i = 0; i < state->nr_slots; i++)
		free(state->slots[i].name);
	free(state->slots);
	for (size_t i = 0; i < state->coverage.nr_blind; i++)
		free(state->coverage.blind[i].why);
	free(state->coverage.blind);
	free(state->as);
	memset(state, 0, sizeof(*state));
}

int slot_state_set_nr_as(struct slot_state *state, size_t nr_as)
{
	struct slot_as *as;

	if (nr_as <= state->nr_as) {
		state->nr_as = nr_as;
		return 0;
	}
	as = reallocarray(state->as, nr_as, sizeof(*as));
	if (!as)
		return -ENOMEM;
	memset(as + state->nr_as, 0, (nr_as - state->nr_as) * sizeof(*as));
	state->as = as;
	state->nr_as = nr_as;
	return 0;
}

int slot_state_add(struct slot_state *state, const struct slot *slot)
{
	struct slot *slots;
	char *name = NULL;

	if (!slot->size || slot_last(slot) < slot->gpa ||
	    slot->as_id >= state->nr_as)
		return -EINVAL;
	slots = grown(state->slots, state->nr_slots, &state->cap_slots,
		      sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	state->slots = slots;
	if (slot->name) {
		name = strdup(slot->name);
		if (!name)
			return -ENOMEM;
	}
	slots[state->nr_slots] = *slot;
	slots[state->nr_slots++].name = name;
	return 0;
}

int slot_state_copy(const struct slot_state *state, struct slot_state *out)
{
	const struct coverage *coverage = &state->coverage;
	int ret;

	slot_state_init(out, state->party);
	ret = slot_state_set_nr_as(out, state->nr_as);
	if (ret)
		return ret;
	if (state->nr_as)
		memcpy(out->as, state->as, state->nr_as * sizeof(*out->as));
	out->vm = state->vm;
	out->whole_life = state->whole_life;
	out->gone = state->gone;
	out->walked = state->walked;
	for (size_t i = 0; i < state->nr_slots && !ret; i++)
		ret = slot_state_add(out, &state->slots[i]);
	out->coverage = *coverage;
	out->coverage.blind = NULL;
	out->coverage.nr_blind = 0;
	for (size_t i = 0; i < coverage->nr_blind && !ret; i++)
		ret = coverage_add_blind(&out->coverage,
					 coverage->blind[i].as_id,
					 coverage->blind[i].gpa,
					 coverage->blind[i].size,
					 coverage->blind[i].why);
	return ret;
}

static int compare(const void *a, const void *b)
{
	const struct slot *x = a;
	const struct slot *y = b;

	if (x->as_id != y->as_id)
		return x->as_id < y->as_id ? -1 : 1;
	if (x->gpa != y->gpa)
		return x->gpa < y->gpa ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

void slot_state_sort(struct slot_state *state)
{
	if (state->nr_slots > 1)
		qsort(state->slots, state->nr_slots, sizeof(*state->slots),
		      compare);
}

const char *slot_state_doubt(const struct slot_state *state)
{
	if (state->coverage.lost)
		return "events were lost: it may be wrong anywhere";
	if (state->coverage.truncated)
		return "it is cut off: there may be more";
	return NULL;
}

const char *slot_state_beginning(const struct slot_state *state)
{
	bool whole = state->nr_as && !state->coverage.nr_blind;

	if (!(party_of(state->party)->traits & PARTY_FOLLOWS))
		return NULL;
	for (size_t i = 0; i < state->nr_as; i++)
		whole &= state->as[i].covered;
	return whole || state->whole_life ?
		       NULL :
		       "nothing tells how it began: slots may be missing";
}

static bool has_invalid(const struct slot_state *state, uint16_t as_id)
{
	for (size_t i = 0; i < state->nr_slots; i++) {
		if (state->slots[i].as_id == as_id &&
		    state->slots[i].flags & SLOT_INVALID)
			return true;
	}
	return false;
}

uint64_t slot_state_moment(const struct slot_state *state, uint16_t as_id)
{
	const struct slot_as *as = &state->as[as_id];
	bool half = has_invalid(state, as_id);

	/* KVM's generation goes up by the number of address spaces */
	if (as->updating)
		return half ? as->generation : as->generation + state->nr_as;
	return half && as->generation >= state->nr_as ?
		       as->generation - state->nr_as :
		       as->generation;
}

const struct slot *slot_state_find(const struct slot_state *state,
				   uint16_t as_id, gpa_t gpa)
{
	size_t low = 0;
	size_t high = state->nr_slots;
	const struct slot *slot;
	size_t mid;

	/* the last slot that begins at or before gpa */
	while (low < high) {
		mid = low + (high - low) / 2;
		slot = &state->slots[mid];
		if (slot->as_id < as_id ||
		    (slot->as_id == as_id && slot->gpa <= gpa))
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return NULL;
	slot = &state->slots[low - 1];
	return slot->as_id == as_id && gpa <= slot_last(slot) ? slot : NULL;
}
