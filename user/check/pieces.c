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
	struct comparison *comparison;
	struct compared_pair *pair;
	const struct compared_view *expected;
	const struct compared_view *actual;
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

/* Where one has nothing, the other's is only then too much if that is known */
static bool can_tell(const struct walk *walk, const struct span *expected,
		     const struct span *actual)
{
	return (expected || walk->expected->absence) &&
	       (actual || walk->actual->absence);
}

/* Is all that either says the word of one and the same reader? Of what is not there, too */
static bool is_one_word(const struct walk *walk, const struct span *expected,
			const struct span *actual)
{
	const struct comparison *c = walk->comparison;
	const struct compared_pair *pair = walk->pair;

	return comparison_state(c, pair->expected)->walked &&
	       comparison_state(c, pair->actual)->walked &&
	       !(expected && expected->slot->seq) &&
	       !(actual && actual->slot->seq);
}

static void judge(struct walk *walk, uint16_t as_id, gpa_t gpa, gpa_t last,
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

	if (!can_tell(walk, expected, actual))
		return;
	if (expected && actual)
		judge_both(walk, &piece);
	else if (expected || actual)
		piece.what = expected ? PIECE_LACK : PIECE_SURPLUS;
	if (!piece.what && is_one_word(walk, expected, actual)) {
		walk->pair->echo |= expected && actual;
		return;
	}
	walk->pair->compared = true;
	if (!expected && !actual)
		return;
	if (!piece.what) {
		comparison_agree(walk->comparison, walk->pair, as_id, gpa,
				 last);
		return;
	}
	if (prev && prev->as_id == as_id && prev->last + 1 == gpa &&
	    prev->expected == expected && prev->actual == actual &&
	    prev->what == piece.what)
		prev->last = last;
	else if (pieces_add(out, &piece))
		walk->comparison->nomem = true;
}

static size_t count_as(const struct comparison *c,
		       const struct compared_pair *pair)
{
	size_t e = comparison_state(c, pair->expected)->nr_as;
	size_t a = comparison_state(c, pair->actual)->nr_as;

	return e > a ? e : a;
}

void pieces_find(struct comparison *c, struct compared_pair *pair,
		 struct pieces *out)
{
	const struct compared_view *e = &c->views[pair->expected];
	const struct compared_view *a = &c->views[pair->actual];
	struct walk walk = {
		.comparison = c,
		.pair = pair,
		.expected = e,
		.actual = a,
		.fields = comparison_state(c, pair->expected)->coverage.fields &
			  comparison_state(c, pair->actual)->coverage.fields,
		.out = out,
	};
	struct span_cursor slots[2] = { { &e->slots, 0 }, { &a->slots, 0 } };
	struct span_cursor blind[3] = { { &e->blind, 0 },
					{ &a->blind, 0 },
					{ &pair->moving, 0 } };
	const struct span *there[2];
	size_t nr_as = count_as(c, pair);
	gpa_t last;
	gpa_t gpa;
	bool dark;

	for (size_t as_id = 0; as_id < nr_as; as_id++) {
		if (!comparison_covers(c, pair->expected, as_id) ||
		    !comparison_covers(c, pair->actual, as_id) ||
		    (as_id < pair->nr_torn && pair->torn[as_id]))
			continue;
		for (last = 0, gpa = 0; last != UINT64_MAX && !c->nomem;
		     gpa = last + 1) {
			last = UINT64_MAX;
			dark = false;
			for (size_t i = 0; i < 2; i++)
				there[i] = span_cursor_at(&slots[i], as_id, gpa,
							  &last);
			for (size_t i = 0; i < 3; i++)
				dark |= !!span_cursor_at(&blind[i], as_id, gpa,
							 &last);
			if (!dark)
				judge(&walk, as_id, gpa, last, there[0],
				      there[1]);
		}
	}
}
