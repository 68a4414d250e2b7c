// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One page of the host, or of a file, behind two guest addresses; or two slots, one
 * right behind the other, whose places in one file are not. A MODEL in which it is
 * the same means it so (firmware that is shown below 1 MiB, too): then it is no
 * news. Address spaces show the same memory by their nature; each is looked at for
 * itself.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/plural.h"
#include "check/near.h"
#include "check/say.h"

/**
 * struct piece - a part of a slot that is one piece of memory, and of the MODEL
 * @range: the mapping; NULL: none, or not known
 * @file:  the memory is known by its place in the file of @range: two mappings of
 *	   it are the same pages. Else by its host address
 * @first, @last: that place
 * @meant: what the MODEL has there, or NULL
 */
struct piece {
	const struct slot *slot;
	const struct host_range *range;
	const struct slot *meant;
	gpa_t gpa;
	bool file;
	uint64_t first;
	uint64_t last;
};

struct aliased {
	struct comparison *comparison;
	const struct slot_state *state;
	const struct slot_state *model;
	const struct host_map *map;
	struct near near;
	size_t view;
	uint64_t views;
	struct span_cursor means;
	struct piece *pieces;
	size_t nr;
	size_t cap;
};

static gpa_t piece_last(const struct piece *piece)
{
	return piece->gpa + (piece->last - piece->first);
}

/* Two places of the MODEL: are they the same memory there? */
static bool is_same_in_model(const struct aliased *a, const struct slot *x,
			     gpa_t at_x, const struct slot *y, gpa_t at_y)
{
	const uint32_t fields = a->model->coverage.fields & ~x->unknown &
				~y->unknown;

	if (fields & SLOT_FIELD_HVA)
		return x->hva + (at_x - x->gpa) == y->hva + (at_y - y->gpa);
	return x->name && y->name && !strcmp(x->name, y->name) &&
	       x->offset + (at_x - x->gpa) == y->offset + (at_y - y->gpa);
}

static bool is_one_file(const struct piece *a, const struct piece *b)
{
	return a->range && b->range && a->range->inode &&
	       a->range->inode == b->range->inode &&
	       a->range->dev_major == b->range->dev_major &&
	       a->range->dev_minor == b->range->dev_minor;
}

/* Does @next only go on with what @piece is? */
static bool goes_on(const struct aliased *a, const struct piece *piece,
		    const struct piece *next)
{
	if (piece->slot != next->slot || piece->file != next->file ||
	    (piece->file && !is_one_file(piece, next)) ||
	    piece->last + 1 != next->first || !piece->meant != !next->meant)
		return false;
	/* one range of the MODEL, or one behind the other in the same memory */
	return !piece->meant || piece->meant == next->meant ||
	       is_same_in_model(a, piece->meant, next->gpa, next->meant,
				next->gpa);
}

static void add(struct aliased *a, const struct piece *piece)
{
	struct piece *items;

	if (a->nr && goes_on(a, &a->pieces[a->nr - 1], piece)) {
		a->pieces[a->nr - 1].last = piece->last;
		return;
	}
	items = grown(a->pieces, a->nr, &a->cap, sizeof(*items));
	if (!items) {
		a->comparison->nomem = true;
		return;
	}
	a->pieces = items;
	items[a->nr++] = *piece;
}

/* What lies at @hva, up to @until; false if nothing does */
static bool look_under(const struct aliased *a, hva_t hva, struct piece *piece,
		       hva_t *until)
{
	const struct host_range *range;
	size_t i;

	if (!a->map)
		return true;
	i = host_map_from(a->map, hva);
	if (i == a->map->nr)
		return false;
	range = &a->map->ranges[i];
	if (range->start > hva) {
		if (range->start - 1 < *until)
			*until = range->start - 1;
		return false;
	}
	if (range->end - 1 < *until)
		*until = range->end - 1;
	piece->range = range;
	/* a private mapping has pages of its own, or may get them */
	piece->file = range->shared && range->inode;
	return true;
}

static void cut_slot(struct aliased *a, const struct slot *slot)
{
	const gpa_t last = slot_last(slot);
	const struct span *span;
	struct piece piece;
	bool mapped;
	gpa_t until;
	hva_t end;
	hva_t hva;

	for (gpa_t gpa = slot->gpa;; gpa = until + 1) {
		hva = slot->hva + (gpa - slot->gpa);
		until = last;
		piece = (struct piece){ .slot = slot, .gpa = gpa };
		span = a->model ? span_cursor_at(&a->means, slot->as_id, gpa,
						 &until) :
				  NULL;
		piece.meant = span ? span->slot : NULL;
		end = hva + (until - gpa);
		mapped = look_under(a, hva, &piece, &end);
		until = gpa + (end - hva);
		piece.first = piece.file ? piece.range->offset +
						   (hva - piece.range->start) :
					   hva;
		piece.last = piece.first + (end - hva);
		if (mapped && piece.last >= piece.first)
			add(a, &piece);
		if (until >= last || a->comparison->nomem)
			return;
	}
}

static int by_memory(const void *a, const void *b)
{
	const struct piece *x = a;
	const struct piece *y = b;
	const struct host_range *m = x->file ? x->range : NULL;
	const struct host_range *n = y->file ? y->range : NULL;

	if (x->slot->as_id != y->slot->as_id)
		return x->slot->as_id < y->slot->as_id ? -1 : 1;
	if (!m != !n)
		return m ? 1 : -1;
	if (m && m->inode != n->inode)
		return m->inode < n->inode ? -1 : 1;
	if (m && m->dev_major != n->dev_major)
		return m->dev_major < n->dev_major ? -1 : 1;
	if (m && m->dev_minor != n->dev_minor)
		return m->dev_minor < n->dev_minor ? -1 : 1;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return (x->gpa > y->gpa) - (x->gpa < y->gpa);
}

/* One of the two that share: @upper begins within @lower, in memory */
struct shared {
	const struct piece *lower;
	const struct piece *upper;
	size_t more;
};

static void say_memory(char buf[SAY_MAX], const struct piece *piece)
{
	if (piece->file)
		snprintf(buf, SAY_MAX, "byte 0x%" PRIx64 " of %.120s",
			 piece->first, range_name_of(piece->range));
	else
		snprintf(buf, SAY_MAX, "host address 0x%" PRIx64, piece->first);
}

/* What is wrong in this place already, or FINDING_NO_CAUSE */
static size_t cause_of(const struct aliased *a, uint16_t as_id, gpa_t gpa,
		       uint64_t size)
{
	bool overlaps;
	size_t at =
		near_find(&a->near, as_id, gpa, gpa + (size - 1), &overlaps);

	return overlaps ? near_cause(&a->near, at) : FINDING_NO_CAUSE;
}

static struct finding note_of(const struct aliased *a, const struct slot *slot,
			      gpa_t gpa, uint64_t size)
{
	return (struct finding){
		.id = FINDING_ALIASED,
		.as_id = slot->as_id,
		.gpa = gpa,
		.size = size,
		.slot_id = slot->id,
		.hva = slot->hva + (gpa - slot->gpa),
		.seq = slot->seq,
		.views = a->views,
		.cause = cause_of(a, slot->as_id, gpa, size),
	};
}

static void say_shared(struct aliased *a, const struct shared *shared)
{
	const struct piece *lower = shared->lower;
	const struct piece *upper = shared->upper;
	const uint64_t last = lower->last < upper->last ? lower->last :
							  upper->last;
	const gpa_t other = lower->gpa + (upper->first - lower->first);
	struct finding note =
		note_of(a, upper->slot, upper->gpa, last - upper->first + 1);
	char memory[SAY_MAX];
	char more[64] = "";

	note.elsewhere = true;
	note.other_as_id = lower->slot->as_id;
	note.other_gpa = other;
	if (note.cause == FINDING_NO_CAUSE)
		note.cause = cause_of(a, note.as_id, other, note.size);
	if (shared->more)
		snprintf(more, sizeof(more), ", and so %s %zu more place%s",
			 shared->more == 1 ? "is" : "are", shared->more,
			 plural(shared->more));
	say_memory(memory, upper);
	comparison_add(a->comparison, &note,
		       "%s at %s is the same memory as %s at %s: %s%s",
		       SAY_WHAT(upper->slot), SAY_RANGE(note.gpa, note.size),
		       SAY_WHAT(lower->slot), SAY_RANGE(other, note.size),
		       memory, more);
}

static bool is_one_memory(const struct piece *a, const struct piece *b)
{
	return a->slot->as_id == b->slot->as_id && a->file == b->file &&
	       (!a->file || is_one_file(a, b));
}

static bool is_meant(const struct aliased *a, const struct piece *lower,
		     const struct piece *upper)
{
	return lower->meant && upper->meant &&
	       is_same_in_model(a, lower->meant,
				lower->gpa + (upper->first - lower->first),
				upper->meant, upper->gpa);
}

/* One note for all that hang together */
static void find_shared(struct aliased *a)
{
	const struct piece *reach = NULL;
	const struct piece *piece;
	struct shared shared = { 0 };

	if (a->nr > 1)
		qsort(a->pieces, a->nr, sizeof(*a->pieces), by_memory);
	for (size_t i = 0; i < a->nr; i++) {
		piece = &a->pieces[i];
		if (!reach || !is_one_memory(reach, piece) ||
		    piece->first > reach->last) {
			if (shared.upper)
				say_shared(a, &shared);
			shared = (struct shared){ 0 };
			reach = piece;
			continue;
		}
		if (!is_meant(a, reach, piece)) {
			if (shared.upper)
				shared.more++;
			else
				shared = (struct shared){ reach, piece, 0 };
		}
		if (piece->last > reach->last)
			reach = piece;
	}
	if (shared.upper)
		say_shared(a, &shared);
}

/* Pieces are by (as_id, gpa) still */
static void find_jumps(struct aliased *a)
{
	const struct piece *piece, *next;
	struct finding note;

	for (size_t i = 1; i < a->nr; i++) {
		piece = &a->pieces[i - 1];
		next = &a->pieces[i];
		if (piece->slot->as_id != next->slot->as_id ||
		    piece->slot == next->slot ||
		    piece_last(piece) + 1 != next->gpa || !piece->file ||
		    !next->file || !is_one_file(piece, next) ||
		    piece->last + 1 == next->first || piece->meant ||
		    next->meant)
			continue;
		note = note_of(a, next->slot, next->gpa,
			       next->last - next->first + 1);
		comparison_add(a->comparison, &note,
			       "%s at %s goes on where %s ends, and in %.120s "
			       "it does not: there it begins at byte 0x%" PRIx64
			       ", and what is before it ends at 0x%" PRIx64,
			       SAY_WHAT(next->slot),
			       SAY_RANGE(note.gpa, note.size),
			       SAY_WHAT(piece->slot),
			       range_name_of(next->range), next->first,
			       piece->last);
	}
}

void check_aliased(struct comparison *c)
{
	struct aliased a = { .comparison = c, .map = comparison_ground(c) };
	const struct slot *slot;
	size_t model;

	a.state = comparison_holder(c, &a.view);
	if (!a.state || c->nomem)
		return;
	a.views = 1ULL << a.view;
	a.model = comparison_model(c, &model);
	if (a.model)
		a.means.spans = &c->views[model].slots;
	if (near_init(&a.near, c, 1U << FINDING_MISMATCH))
		c->nomem = true;
	for (size_t i = 0; i < a.state->nr_slots && !c->nomem; i++) {
		slot = &a.state->slots[i];
		if (!slot->hidden && comparison_is_at_rest(c, a.view, slot))
			cut_slot(&a, slot);
	}
	if (!c->nomem) {
		find_jumps(&a);
		find_shared(&a);
	}
	near_deinit(&a.near);
	free(a.pieces);
}
