// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "check/pieces.h"

int pieces_add(struct pieces *pieces, const struct piece *piece)
{
	struct piece *items;

	items = grown(pieces->items, pieces->nr, &pieces->cap, sizeof(*items));
	if (!items)
		return -ENOMEM;
	pieces->items = items;
	items[pieces->nr++] = *piece;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct piece *x = a;
	const struct piece *y = b;

	if (x->as_id != y->as_id)
		return x->as_id < y->as_id ? -1 : 1;
	return (x->gpa > y->gpa) - (x->gpa < y->gpa);
}

void pieces_sort(struct pieces *pieces)
{
	if (pieces->nr > 1)
		qsort(pieces->items, pieces->nr, sizeof(*pieces->items),
		      compare);
}

void pieces_deinit(struct pieces *pieces)
{
	free(pieces->items);
	memset(pieces, 0, sizeof(*pieces));
}

/* Two views side by side, with what both cover */
struct walk {
	const struct side *expected;
	const struct side *actual;
	uint32_t fields;
	struct pieces *out;
};

static uint32_t differing_flags(uint32_t bits)
{
	return (bits & SLOT_READONLY ? SLOT_FIELD_READONLY : 0) |
	       (bits & SLOT_LOG_DIRTY ? SLOT_FIELD_LOG_DIRTY : 0) |
	       (bits & SLOT_GUEST_MEMFD ? SLOT_FIELD_GUEST_MEMFD : 0);
}

static void judge_both(const struct walk *walk, struct piece *piece)
{
	const struct slot *e = piece->expected->slot;
	const struct slot *a = piece->actual->slot;
	uint32_t fields = walk->fields & ~(e->unknown | a->unknown);

	/* other memory is another slot: its id and flags say nothing more */
	if (fields & SLOT_FIELD_HVA && e->hva - e->gpa != a->hva - a->gpa) {
		piece->what = PIECE_HVA;
		return;
	}
	if (fields & SLOT_FIELD_ID && e->id >= 0 && a->id >= 0 &&
	    e->id != a->id)
		piece->what |= PIECE_ID;
	piece->fields = differing_flags(e->flags ^ a->flags) & fields;
	if (piece->fields)
		piece->what |= PIECE_FLAGS;
}

/* Return: 0 or -ENOMEM */
static int judge(struct walk *walk, uint16_t as_id, gpa_t gpa, gpa_t last,
		 const struct span *expected, const struct span *actual)
{
	struct piece piece = { .as_id = as_id,
			       .gpa = gpa,
			       .last = last,
			       .expected = expected,
			       .actual = actual,
			       .move = FINDING_NO_CAUSE };
	struct pieces *out = walk->out;
	struct piece *prev = out->nr ? &out->items[out->nr - 1] : NULL;

	if (expected && actual)
		judge_both(walk, &piece);
	else if (expected && walk->actual->absence)
		piece.what = PIECE_LACK;
	else if (actual && walk->expected->absence)
		piece.what = PIECE_SURPLUS;
	if (!piece.what)
		return 0;
	if (prev && prev->as_id == as_id && prev->last + 1 == gpa &&
	    prev->expected == expected && prev->actual == actual &&
	    prev->what == piece.what) {
		prev->last = last;
		return 0;
	}
	return pieces_add(out, &piece);
}

void pieces_find(struct verdict *verdict, enum view_source expected,
		 enum view_source actual, struct pieces *out)
{
	const struct side *sides[2] = { &verdict->sides[expected],
					&verdict->sides[actual] };
	struct walk walk = {
		.expected = sides[0],
		.actual = sides[1],
		.fields = sides[0]->state->coverage.fields &
			  sides[1]->state->coverage.fields,
		.out = out,
	};
	struct span_cursor slots[2] = { { &sides[0]->slots, 0 },
					{ &sides[1]->slots, 0 } };
	struct span_cursor blind[2] = { { &sides[0]->blind, 0 },
					{ &sides[1]->blind, 0 } };
	const struct span *e, *a;
	size_t nr_as;
	bool dark;
	gpa_t last;
	gpa_t gpa;

	nr_as = sides[0]->state->nr_as;
	if (sides[1]->state->nr_as > nr_as)
		nr_as = sides[1]->state->nr_as;
	for (size_t as_id = 0; as_id < nr_as; as_id++) {
		if (!verdict_covers(verdict, expected, as_id) ||
		    !verdict_covers(verdict, actual, as_id))
			continue;
		if ((expected == VIEW_TRACED || actual == VIEW_TRACED) &&
		    as_id < verdict->nr_torn && verdict->torn[as_id])
			continue;
		for (last = 0, gpa = 0; last != UINT64_MAX; gpa = last + 1) {
			last = UINT64_MAX;
			e = span_cursor_at(&slots[0], as_id, gpa, &last);
			a = span_cursor_at(&slots[1], as_id, gpa, &last);
			dark = span_cursor_at(&blind[0], as_id, gpa, &last);
			dark |= !!span_cursor_at(&blind[1], as_id, gpa, &last);
			if (!dark && judge(&walk, as_id, gpa, last, e, a)) {
				verdict->nomem = true;
				return;
			}
		}
	}
}
