// SPDX-License-Identifier: GPL-2.0-or-later
/* Two views against each other: differences become findings */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "check/pairs.h"
#include "check/pieces.h"
#include "check/say.h"

struct sides {
	struct comparison *comparison;
	const struct compared_pair *pair;
	const struct party *expected;
	const struct party *actual;
};

static hva_t hva_at(const struct slot *slot, gpa_t gpa)
{
	return slot->hva ? slot->hva + (gpa - slot->gpa) : 0;
}

static struct finding finding_of(const struct sides *sides,
				 const struct piece *piece,
				 enum difference difference)
{
	const struct slot *slot = piece->actual ? piece->actual->slot :
						  piece->expected->slot;
	struct finding finding = {
		.id = sides->pair->rule->called[difference],
		.as_id = piece->as_id,
		.gpa = piece->gpa,
		.size = piece->last - piece->gpa + 1,
		.slot_id = slot->id,
		.hva = hva_at(slot, piece->gpa),
		.seq = slot->seq,
		.views = 1ULL << sides->pair->expected |
			 1ULL << sides->pair->actual,
		.cause = piece->move,
	};

	return finding;
}

static bool is_whole(const struct piece *piece, const struct span *span)
{
	return piece->gpa == span->gpa && piece->last == span->last;
}

static void say_lack(const struct sides *sides, const struct piece *piece,
		     bool whole)
{
	struct finding finding =
		finding_of(sides, piece, whole ? DIFFERS_LACK : DIFFERS_PART);
	const struct span *span = piece->expected;
	const struct slot *slot = span->slot;

	if (whole)
		comparison_add(sides->comparison, &finding,
			       "%s has %s at %s; %s has %s there",
			       sides->expected->name, SAY_WHAT(slot),
			       SAY_RANGE(finding.gpa, finding.size),
			       sides->actual->name, sides->actual->nothing);
	else
		comparison_add(sides->comparison, &finding,
			       "%s has %s at %s; %s has %s for %s of it",
			       sides->expected->name, SAY_WHAT(slot),
			       SAY_RANGE(span->gpa, span->last - span->gpa + 1),
			       sides->actual->name, sides->actual->nothing,
			       SAY_RANGE(finding.gpa, finding.size));
}

static void say_surplus(const struct sides *sides, const struct piece *piece)
{
	const struct span *span = piece->actual;
	bool whole = is_whole(piece, span);
	struct finding finding = finding_of(
		sides, piece, whole ? DIFFERS_SURPLUS : DIFFERS_PART);

	if (whole)
		comparison_add(sides->comparison, &finding,
			       "%s has %s at %s; %s has %s there",
			       sides->actual->name, SAY_WHAT(span->slot),
			       SAY_RANGE(finding.gpa, finding.size),
			       sides->expected->name, sides->expected->nothing);
	else
		comparison_add(sides->comparison, &finding,
			       "%s has %s at %s; %s has %s for %s of it",
			       sides->actual->name, SAY_WHAT(span->slot),
			       SAY_RANGE(span->gpa, span->last - span->gpa + 1),
			       sides->expected->name, sides->expected->nothing,
			       SAY_RANGE(finding.gpa, finding.size));
}

static void say_wrong_hva(const struct sides *sides, const struct piece *piece)
{
	struct finding finding = finding_of(sides, piece, DIFFERS_MEMORY);
	const struct slot *e = piece->expected->slot;
	const struct slot *a = piece->actual->slot;

	comparison_add(sides->comparison, &finding,
		       "%s: %s has %s, host address 0x%" PRIx64
		       "; %s has %s, host address 0x%" PRIx64,
		       SAY_RANGE(finding.gpa, finding.size),
		       sides->expected->name, SAY_WHAT(e),
		       hva_at(e, piece->gpa), sides->actual->name, SAY_WHAT(a),
		       hva_at(a, piece->gpa));
}

static void say_flags_differ(const struct sides *sides,
			     const struct piece *piece)
{
	struct finding finding = finding_of(sides, piece, DIFFERS_FLAGS);
	const struct slot *e = piece->expected->slot;
	const struct slot *a = piece->actual->slot;

	comparison_add(sides->comparison, &finding,
		       "%s: %s has %s, %s; %s has %s, %s",
		       SAY_RANGE(finding.gpa, finding.size),
		       sides->expected->name, SAY_WHAT(e),
		       SAY_FLAGS(e->flags, piece->fields), sides->actual->name,
		       SAY_WHAT(a), SAY_FLAGS(a->flags, piece->fields));
}

static void say_other_id(const struct sides *sides, const struct piece *piece)
{
	struct finding finding = finding_of(sides, piece, DIFFERS_NUMBER);

	comparison_add(sides->comparison, &finding,
		       "%s is slot %d in %s, slot %d in %s",
		       SAY_RANGE(finding.gpa, finding.size),
		       piece->expected->slot->id, sides->expected->name,
		       piece->actual->slot->id, sides->actual->name);
}

/*
 * A MODEL has one slot a flat range: what it calls by one name and lacks whole,
 * side by side, is one thing to people.
 */
static bool is_one_lack(const struct piece *a, const struct piece *b)
{
	const struct slot *x = a->expected->slot;
	const struct slot *y = b->expected->slot;

	return a->as_id == b->as_id && a->last + 1 == b->gpa && x->name &&
	       y->name && !strcmp(x->name, y->name) && a->move == b->move &&
	       is_whole(b, b->expected);
}

static size_t say_lacks(const struct sides *sides, const struct pieces *left,
			size_t i)
{
	struct piece joined = left->items[i];
	bool whole = is_whole(&joined, joined.expected);

	while (whole && i + 1 < left->nr &&
	       left->items[i + 1].what == PIECE_LACK) {
		/* against the last one that was joined */
		if (!is_one_lack(&left->items[i], &left->items[i + 1]))
			break;
		joined.last = left->items[++i].last;
	}
	say_lack(sides, &joined, whole);
	return i;
}

/* Both views may have left a part of the same piece: their union is wrong */
static size_t say_wrongs(const struct sides *sides, const struct pieces *left,
			 size_t i)
{
	struct piece joined = left->items[i];
	const struct piece *next;

	for (; i + 1 < left->nr; i++) {
		next = &left->items[i + 1];
		if (next->what != PIECE_HVA || next->as_id != joined.as_id ||
		    next->expected != joined.expected ||
		    next->actual != joined.actual ||
		    (next->gpa > joined.last && next->gpa - joined.last > 1))
			break;
		if (next->last > joined.last)
			joined.last = next->last;
	}
	say_wrong_hva(sides, &joined);
	return i;
}

void check_slots(struct comparison *comparison, struct compared_pair *pair)
{
	const struct sides sides = {
		comparison,
		pair,
		comparison_party(comparison, pair->expected),
		comparison_party(comparison, pair->actual),
	};
	struct pieces pieces = { 0 };
	struct pieces left = { 0 };
	const struct piece *piece;

	pieces_find(comparison, pair, &pieces);
	pieces_match_moved(comparison, pair, &pieces, &left);
	for (size_t i = 0; i < left.nr && !comparison->nomem; i++) {
		if (left.items[i].what == PIECE_LACK)
			i = say_lacks(&sides, &left, i);
		else if (left.items[i].what == PIECE_SURPLUS)
			say_surplus(&sides, &left.items[i]);
		else
			i = say_wrongs(&sides, &left, i);
	}
	for (size_t i = 0; i < pieces.nr; i++) {
		piece = &pieces.items[i];
		if (piece->what & PIECE_ID)
			say_other_id(&sides, piece);
		if (piece->what & PIECE_FLAGS)
			say_flags_differ(&sides, piece);
	}
	pieces_deinit(&pieces);
	pieces_deinit(&left);
}
