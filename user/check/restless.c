// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "base/grow.h"
#include "check/restless.h"

/**
 * struct finder - a search for what moved
 * @error: -ENOMEM, or 0
 */
struct finder {
	const struct slot_state *before;
	const struct slot_state *after;
	const struct slot_state *traced;
	const struct slot_log *log;
	struct restless *found;
	size_t nr;
	size_t cap;
	int error;
};

static bool has_generations(const struct slot_state *state)
{
	return state->coverage.fields & SLOT_FIELD_GENERATION;
}

bool same_generations(const struct slot_state *a, const struct slot_state *b)
{
	size_t nr = a->nr_as < b->nr_as ? a->nr_as : b->nr_as;

	for (size_t i = 0; i < nr; i++) {
		if (a->as[i].covered && b->as[i].covered &&
		    slot_state_moment(a, i) != slot_state_moment(b, i))
			return false;
	}
	return true;
}

/* The next slot that a VMM asked for, from *@at on; NULL at the end */
static const struct slot *next_own(const struct slot_state *state, size_t *at)
{
	while (*at < state->nr_slots) {
		if (!state->slots[(*at)++].hidden)
			return &state->slots[*at - 1];
	}
	return NULL;
}

static bool is_same(const struct slot *a, const struct slot *b)
{
	return a->as_id == b->as_id && a->id == b->id && a->gpa == b->gpa &&
	       a->size == b->size && a->hva == b->hva &&
	       !((a->flags ^ b->flags) & ~(uint32_t)SLOT_GMEM_ONLY);
}

bool same_slots(const struct slot_state *a, const struct slot_state *b)
{
	const struct slot *x;
	const struct slot *y;
	size_t i = 0;
	size_t j = 0;

	do {
		x = next_own(a, &i);
		y = next_own(b, &j);
		if (!x || !y)
			return x == y;
	} while (is_same(x, y));
	return false;
}

static void add(struct finder *f, uint16_t as_id, int32_t slot_id, gpa_t gpa,
		uint64_t size, uint64_t changes)
{
	struct restless *found;

	found = grown(f->found, f->nr, &f->cap, sizeof(*found));
	if (!found) {
		f->error = -ENOMEM;
		return;
	}
	f->found = found;
	found[f->nr++] =
		(struct restless){ as_id, slot_id, gpa, size, changes };
}

static bool ours(const struct finder *f, const struct slot_event *event,
		 uint16_t as_id)
{
	const struct slot_change *change = &event->change;

	return event->type == SLOT_EVENT_CHANGE &&
	       event->serial == f->traced->vm.serial &&
	       (change->kind == SLOT_DELETE ? change->before.as_id :
					      change->after.as_id) == as_id;
}

/*
 * Does a change fall between the looks? It has an effect before it has its
 * generation, if the second look found it under way.
 */
static bool is_between(const struct finder *f, const struct slot_change *change,
		       uint16_t as_id)
{
	uint64_t begin = f->before->as[as_id].generation;
	uint64_t end = f->after->as[as_id].generation;

	if (change->generation <= begin)
		return false;
	if (change->generation_before)
		return change->generation_before < end ||
		       (f->after->as[as_id].updating &&
			change->generation_before == end);
	/* at most two steps of as many as there are address spaces */
	return change->generation <= end + 2 * f->after->nr_as;
}

/* Has the log all that changed until the second look? */
static bool reaches(const struct finder *f, uint16_t as_id)
{
	const struct slot_as *as = &f->after->as[as_id];
	const struct slot_state *traced = f->traced;
	uint64_t known;

	if (!traced || !f->log || traced->coverage.lost || traced->gone ||
	    !has_generations(traced) || as_id >= traced->nr_as)
		return false;
	known = traced->as[as_id].generation;
	for (size_t i = f->log->nr; i--;) {
		if (!ours(f, &f->log->events[i], as_id))
			continue;
		if (f->log->events[i].change.generation > known)
			known = f->log->events[i].change.generation;
		break;
	}
	return as->updating ? known > as->generation : known >= as->generation;
}

static void add_changes(struct finder *f, uint16_t as_id)
{
	const struct slot_change *change;
	const struct slot *old, *new;

	for (size_t i = 0; i < f->log->nr && !f->error; i++) {
		change = &f->log->events[i].change;
		if (!ours(f, &f->log->events[i], as_id) ||
		    !is_between(f, change, as_id))
			continue;
		old = change->kind == SLOT_CREATE ? NULL : &change->before;
		new = change->kind == SLOT_DELETE ? NULL : &change->after;
		if (old && old->size)
			add(f, as_id, old->id, old->gpa, old->size, 1);
		if (new &&new->size &&
		    (!old || old->gpa != new->gpa || old->size != new->size))
			add(f, as_id, new->id, new->gpa, new->size, 1);
	}
}

static void compare_generations(struct finder *f)
{
	const struct slot_as *before;
	const struct slot_as *after;
	size_t found;
	size_t nr = f->before->nr_as < f->after->nr_as ? f->before->nr_as :
							 f->after->nr_as;

	for (size_t i = 0; i < nr && !f->error; i++) {
		before = &f->before->as[i];
		after = &f->after->as[i];
		if (!before->covered || !after->covered ||
		    (before->generation == after->generation &&
		     !before->updating && !after->updating))
			continue;
		found = f->nr;
		if (reaches(f, i))
			add_changes(f, i);
		if (found == f->nr)
			add(f, i, -1, 0, 0, 0);
	}
}

static int by_place(const struct slot *a, const struct slot *b)
{
	if (a->as_id != b->as_id)
		return a->as_id < b->as_id ? -1 : 1;
	return (a->gpa > b->gpa) - (a->gpa < b->gpa);
}

static void add_slot(struct finder *f, const struct slot *slot)
{
	add(f, slot->as_id, slot->id, slot->gpa, slot->size, 1);
}

static void compare_slots(struct finder *f)
{
	size_t i = 0;
	size_t j = 0;
	const struct slot *x = next_own(f->before, &i);
	const struct slot *y = next_own(f->after, &j);
	int order;

	while ((x || y) && !f->error) {
		order = !x ? 1 : !y ? -1 : by_place(x, y);
		if (order <= 0 && (order || !is_same(x, y)))
			add_slot(f, x);
		else if (order > 0)
			add_slot(f, y);
		if (!order && x->size != y->size)
			add_slot(f, y);
		if (order <= 0)
			x = next_own(f->before, &i);
		if (order >= 0)
			y = next_own(f->after, &j);
	}
}

static int by_range(const void *a, const void *b)
{
	const struct restless *x = a;
	const struct restless *y = b;

	if (x->as_id != y->as_id)
		return x->as_id < y->as_id ? -1 : 1;
	if (x->gpa != y->gpa)
		return x->gpa < y->gpa ? -1 : 1;
	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	return (x->slot_id > y->slot_id) - (x->slot_id < y->slot_id);
}

/* One of each range and slot, however often it changed */
static void count(struct finder *f)
{
	struct restless *prev;
	size_t kept = 0;

	if (f->nr > 1)
		qsort(f->found, f->nr, sizeof(*f->found), by_range);
	for (size_t i = 0; i < f->nr; i++) {
		prev = kept ? &f->found[kept - 1] : NULL;
		if (prev && !by_range(prev, &f->found[i]))
			prev->changes += f->found[i].changes;
		else
			f->found[kept++] = f->found[i];
	}
	f->nr = kept;
}

int restless_find(const struct slot_state *before,
		  const struct slot_state *after,
		  const struct slot_state *traced, const struct slot_log *log,
		  struct restless **out, size_t *nr)
{
	struct finder f = {
		.before = before, .after = after, .traced = traced, .log = log
	};

	if (has_generations(before) && has_generations(after))
		compare_generations(&f);
	else
		compare_slots(&f);
	count(&f);
	*out = f.found;
	*nr = f.nr;
	return f.error;
}
