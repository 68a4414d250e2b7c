// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "view/apply.h"
#include "view/slot_index.h"

#define NONE	   SIZE_MAX
#define USER_FLAGS (SLOT_LOG_DIRTY | SLOT_READONLY | SLOT_GUEST_MEMFD)

static const char why_untouched[] =
	"tracing began after the VM did, and nothing happened here since";

static size_t find(const struct slot_writer *writer, uint16_t as_id, int32_t id)
{
	const struct slot_state *state = writer->state;

	if (writer->indexed)
		return slot_index_find(&writer->index, as_id, id);
	for (size_t i = 0; i < state->nr_slots; i++) {
		if (state->slots[i].as_id == as_id && state->slots[i].id == id)
			return i;
	}
	return NONE;
}

/* The last slot takes the place of the one that goes: finish() sorts */
static void remove_at(struct slot_writer *writer, size_t at)
{
	struct slot_state *state = writer->state;
	struct slot *slot = &state->slots[at];

	if (writer->indexed)
		slot_index_remove(&writer->index, slot->as_id, slot->id);
	free(slot->name);
	state->nr_slots--;
	if (at == state->nr_slots)
		return;
	*slot = state->slots[state->nr_slots];
	if (writer->indexed)
		slot_index_set(&writer->index, slot, at);
}

/* @at: where a slot of this id stands, or NONE */
static int put_at(struct slot_writer *writer, size_t at,
		  const struct slot *slot)
{
	struct slot_state *state = writer->state;
	int ret;

	if (at != NONE) {
		free(state->slots[at].name);
		state->slots[at] = *slot;
		state->slots[at].name = NULL;
		if (writer->indexed)
			slot_index_set(&writer->index, &state->slots[at], at);
		return 0;
	}
	ret = slot_state_add(state, slot);
	/* -EINVAL: no range that KVM could have made; checked by the caller */
	if (ret || !writer->indexed)
		return ret;
	return slot_index_add(&writer->index,
			      &state->slots[state->nr_slots - 1],
			      state->nr_slots - 1);
}

/* Make sure that the state has this address space */
static int grow(struct slot_state *state, uint16_t as_id)
{
	size_t old = state->nr_as;
	int ret;

	if (as_id < old)
		return 0;
	ret = slot_state_set_nr_as(state, (size_t)as_id + 1);
	if (ret || !state->whole_life)
		return ret;
	for (size_t i = old; i < state->nr_as; i++) {
		state->as[i].covered = true;
		/* KVM starts address space i at generation i */
		state->as[i].generation = i;
	}
	return 0;
}

/* Address space @as_id is known from end to end */
static int cover_all(struct slot_state *state, uint16_t as_id)
{
	const uint64_t half = 1ULL << 63;
	int ret;

	state->as[as_id].covered = true;
	ret = coverage_remove_blind(&state->coverage, as_id, 0, half);
	if (ret)
		return ret;
	return coverage_remove_blind(&state->coverage, as_id, half, half);
}

/* This range is known from now on */
static int cover(struct slot_state *state, const struct slot *slot)
{
	struct slot_as *as = &state->as[slot->as_id];
	int ret;

	if (as->covered)
		return coverage_remove_blind(&state->coverage, slot->as_id,
					     slot->gpa, slot->size);
	as->covered = true;
	if (slot->gpa) {
		ret = coverage_add_blind(&state->coverage, slot->as_id, 0,
					 slot->gpa, why_untouched);
		if (ret)
			return ret;
	}
	if (slot_last(slot) == UINT64_MAX)
		return 0;
	return coverage_add_blind(&state->coverage, slot->as_id,
				  slot_last(slot) + 1,
				  UINT64_MAX - slot_last(slot), why_untouched);
}

/* Would the state have known of a slot that begins here? */
static bool known(const struct slot_state *state, uint16_t as_id, gpa_t gpa)
{
	return state->as[as_id].covered &&
	       !coverage_is_blind(&state->coverage, as_id, gpa);
}

static bool same_slot(const struct slot *a, const struct slot *b)
{
	uint32_t unknown = a->unknown | b->unknown;
	uint32_t flags = USER_FLAGS;

	if (unknown & SLOT_FIELD_READONLY)
		flags &= ~SLOT_READONLY;
	if (unknown & SLOT_FIELD_LOG_DIRTY)
		flags &= ~SLOT_LOG_DIRTY;
	if (unknown & SLOT_FIELD_GUEST_MEMFD)
		flags &= ~SLOT_GUEST_MEMFD;
	return a->gpa == b->gpa && a->size == b->size &&
	       (unknown & SLOT_FIELD_HVA || a->hva == b->hva) &&
	       !((a->flags ^ b->flags) & flags);
}

static bool is_range(const struct slot *slot)
{
	return slot->size && slot_last(slot) >= slot->gpa;
}

/* The end of each event that changed slots */
static int done(struct slot_writer *writer)
{
	if (!writer->indexed)
		slot_writer_finish(writer);
	return 0;
}

/* Changes that nobody saw lie between this one and the last one known */
static bool jumps(const struct slot_state *state, const struct slot_as *as,
		  const struct slot_change *change)
{
	return change->generation_before &&
	       (as->generation || state->whole_life) &&
	       change->generation_before > as->generation;
}

/*
 * The generation only grows. One that does not was logged in the wrong order,
 * so neither order nor completeness can be trusted.
 */
static void take_generation(struct slot_state *state, uint16_t as_id,
			    const struct slot_change *change)
{
	struct slot_as *as = &state->as[as_id];

	if (jumps(state, as, change))
		state->coverage.lost++;
	if (!change->generation)
		state->coverage.fields &= ~SLOT_FIELD_GENERATION;
	else if (change->generation > as->generation)
		as->generation = change->generation;
	else if (!change->result)
		state->coverage.lost++;
}

int slot_writer_change(struct slot_writer *writer,
		       const struct slot_event *event)
{
	const struct slot_change *change = &event->change;
	const struct slot *old = change->kind == SLOT_CREATE ? NULL :
							       &change->before;
	const struct slot *new = change->kind == SLOT_DELETE ? NULL :
							       &change->after;
	struct slot_state *state = writer->state;
	const struct slot *any = old ? old : new;
	struct slot put;
	size_t at;
	bool fits;
	int ret;

	if (state->gone)
		return 0;
	if ((old && !is_range(old)) || (new && !is_range(new))) {
		state->coverage.lost++;
		return 0;
	}
	ret = grow(state, any->as_id);
	if (ret)
		return ret;
	if (!state->coverage.fields)
		state->coverage.fields = SLOT_FIELDS_ALL;
	if (change->generation &&
	    change->generation <= state->as[any->as_id].base_generation)
		return 0;
	take_generation(state, any->as_id, change);
	if (change->result)
		return 0;

	at = find(writer, any->as_id, any->id);
	if (old && at != NONE)
		fits = same_slot(old, &state->slots[at]);
	else if (old)
		fits = !known(state, old->as_id, old->gpa);
	else
		fits = at == NONE;
	if (!fits)
		state->coverage.lost++;

	ret = old ? cover(state, old) : 0;
	if (!ret && new)
		ret = cover(state, new);
	if (!ret && new) {
		put = *new;
		put.name = NULL;
		put.flags &= ~SLOT_INVALID;
		put.seq = event->seq;
		ret = put_at(writer, at, &put);
	} else if (!ret && at != NONE) {
		remove_at(writer, at);
	}
	return ret ? ret : done(writer);
}

/* KVM changes a slot in place only if no more than gpa and dirty log differ */
static bool may_become(const struct slot *cur, const struct slot *want)
{
	if (same_slot(cur, want))
		return true;
	return cur->size == want->size && cur->hva == want->hva &&
	       !((cur->flags ^ want->flags) & SLOT_READONLY) &&
	       !((cur->flags | want->flags) & SLOT_GUEST_MEMFD);
}

int slot_writer_request(struct slot_writer *writer,
			const struct slot_event *event, bool told)
{
	const struct slot_request *request = &event->request;
	struct slot_state *state = writer->state;
	struct slot want = {
		.as_id = request->slot >> 16,
		.id = request->slot & 0xffff,
		.gpa = request->gpa,
		.size = request->size,
		.hva = request->hva,
		.flags = request->flags & USER_FLAGS,
		.gmem_fd = request->gmem_fd,
		.gmem_offset = request->gmem_offset,
		.seq = event->seq,
	};
	struct slot *cur = NULL;
	bool fits;
	size_t at;
	int ret;

	if (state->gone || request->result)
		return 0;
	if (!state->coverage.fields)
		state->coverage.fields = SLOT_FIELDS_ALL;
	if (request->unread || (want.size && !is_range(&want))) {
		state->coverage.lost++;
		return 0;
	}
	ret = grow(state, want.as_id);
	if (ret)
		return ret;
	at = find(writer, want.as_id, want.id);
	if (at != NONE)
		cur = &state->slots[at];
	if (want.size)
		fits = !cur || may_become(cur, &want);
	else
		/* which range it deleted is not known if the slot was not */
		fits = cur || state->coverage.nr_blind ||
		       !state->as[want.as_id].covered;
	if (!fits && !told)
		state->coverage.lost++;

	if (cur) {
		ret = cover(state, cur);
		if (ret)
			return ret;
	}
	if (want.size ? cur && same_slot(cur, &want) : !cur)
		return 0;
	/* the kernel's own slots and its count of changes are out of sight */
	state->coverage.fields &= ~(SLOT_FIELD_HIDDEN | SLOT_FIELD_GENERATION);
	if (!want.size) {
		remove_at(writer, at);
	} else {
		ret = cover(state, &want);
		if (!ret)
			ret = put_at(writer, at, &want);
	}
	return ret ? ret : done(writer);
}

static void drop_as(struct slot_writer *writer, uint16_t as_id)
{
	struct slot_state *state = writer->state;

	for (size_t i = state->nr_slots; i--;) {
		if (state->slots[i].as_id == as_id)
			remove_at(writer, i);
	}
}

/* The first BASE of an address space, or its BASE_END, begins it anew */
static int begin_base(struct slot_writer *writer, uint16_t as_id)
{
	struct slot_as *as;
	int ret;

	ret = grow(writer->state, as_id);
	if (ret)
		return ret;
	as = &writer->state->as[as_id];
	if (as->in_base)
		return 0;
	as->in_base = true;
	writer->state->walked = true;
	drop_as(writer, as_id);
	return 0;
}

static int add_base(struct slot_writer *writer, const struct slot *base)
{
	struct slot put = *base;
	int ret;

	if (!is_range(base)) {
		writer->state->coverage.lost++;
		return 0;
	}
	ret = begin_base(writer, base->as_id);
	if (ret)
		return ret;
	put.name = NULL;
	put.flags &= ~SLOT_INVALID;
	put.seq = 0; /* nobody saw what made it */
	ret = put_at(writer, find(writer, put.as_id, put.id), &put);
	return ret ? ret : done(writer);
}

static int end_base(struct slot_writer *writer, const struct slot_event *event)
{
	uint16_t as_id = event->base_end.as_id;
	struct slot_state *state = writer->state;
	struct slot_as *as;
	int ret;

	ret = begin_base(writer, as_id);
	if (ret)
		return ret;
	as = &state->as[as_id];
	as->in_base = false;
	as->base_generation = event->base_end.generation;
	/* changes that came before it in the log are gone now */
	if (as->generation > as->base_generation)
		state->coverage.lost++;
	else
		as->generation = as->base_generation;
	if (!state->coverage.fields)
		state->coverage.fields = SLOT_FIELDS_ALL;
	ret = cover_all(state, as_id);
	return ret ? ret : done(writer);
}

/* The slots that a guest_memfd was bound to stay, and have no memory any more */
static void close_gmem(struct slot_state *state,
		       const struct slot_gmem_close *close)
{
	for (size_t i = 0; i < state->nr_slots; i++) {
		struct slot *slot = &state->slots[i];

		if (slot->gmem != SLOT_GMEM_OPEN ||
		    slot->gmem_dev != close->dev ||
		    slot->gmem_ino != close->ino)
			continue;
		slot->gmem = SLOT_GMEM_CLOSED;
		slot->gmem_offset = 0;
		slot->gmem_dev = 0;
		slot->gmem_ino = 0;
	}
}

static int begin_life(struct slot_state *state)
{
	int ret;

	state->whole_life = true;
	state->coverage.since_ns = 0;
	if (!state->coverage.fields)
		state->coverage.fields = SLOT_FIELDS_ALL;
	ret = grow(state, 0);
	for (size_t i = 0; i < state->nr_as && !ret; i++) {
		ret = cover_all(state, i);
		if (state->as[i].generation < i)
			state->as[i].generation = i;
	}
	return ret;
}

static void end_life(struct slot_writer *writer)
{
	struct slot_state *state = writer->state;

	for (size_t i = 0; i < state->nr_slots; i++)
		free(state->slots[i].name);
	state->nr_slots = 0;
	state->gone = true;
	slot_index_deinit(&writer->index);
}

int slot_writer_other(struct slot_writer *writer,
		      const struct slot_event *event)
{
	if (writer->state->gone)
		return 0;
	switch (event->type) {
	case SLOT_EVENT_VM_CREATE:
		return begin_life(writer->state);
	case SLOT_EVENT_VM_DESTROY:
		end_life(writer);
		return 0;
	case SLOT_EVENT_BASE:
		return add_base(writer, &event->base);
	case SLOT_EVENT_BASE_END:
		return end_base(writer, event);
	case SLOT_EVENT_GMEM_CLOSE:
		close_gmem(writer->state, &event->gmem_close);
		return 0;
	case SLOT_EVENT_LOST:
		writer->state->coverage.lost += event->lost.count;
		return 0;
	default:
		return 0;
	}
}

void slot_writer_finish(struct slot_writer *writer)
{
	struct slot_state *state = writer->state;
	struct slot *slots = state->slots;
	size_t kept = 0;
	struct slot *prev;

	slot_state_sort(state);
	for (size_t i = 0; i < state->nr_slots; i++) {
		prev = kept ? &slots[kept - 1] : NULL;
		if (!prev || prev->as_id != slots[i].as_id ||
		    slot_last(prev) < slots[i].gpa) {
			slots[kept++] = slots[i];
			continue;
		}
		state->coverage.lost++;
		if (slots[i].seq < prev->seq) {
			free(slots[i].name);
		} else {
			free(prev->name);
			*prev = slots[i];
		}
	}
	state->nr_slots = kept;
}

int slot_state_apply(struct slot_state *state, const struct slot_event *event)
{
	struct slot_writer writer = { .state = state };

	if (event->serial != state->vm.serial &&
	    !(event->type == SLOT_EVENT_LOST && !event->serial))
		return 0;
	if (event->time_ns + event->duration_ns > state->coverage.at_ns)
		state->coverage.at_ns = event->time_ns + event->duration_ns;
	if (!state->coverage.since_ns && !state->whole_life)
		state->coverage.since_ns = event->time_ns;
	if (event->type == SLOT_EVENT_CHANGE)
		return slot_writer_change(&writer, event);
	if (event->type == SLOT_EVENT_REQUEST)
		return 0;
	return slot_writer_other(&writer, event);
}
