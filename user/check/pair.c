// SPDX-License-Identifier: GPL-2.0-or-later
/* Two views against each other: differences become findings */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "check/pieces.h"
#include "check/say.h"

struct pair {
	struct verdict *verdict;
	enum view_source expected;
	enum view_source actual;
};

static const char *name_of(enum view_source view)
{
	return check_view_name((enum check_view)view);
}

static hva_t hva_at(const struct slot *slot, gpa_t gpa)
{
	return slot->hva ? slot->hva + (gpa - slot->gpa) : 0;
}

static struct finding finding_of(const struct pair *pair,
				 const struct piece *piece, enum finding_id id)
{
	const struct slot *slot = piece->actual ? piece->actual->slot :
						  piece->expected->slot;
	struct finding finding = {
		.id = id,
		.as_id = piece->as_id,
		.gpa = piece->gpa,
		.size = piece->last - piece->gpa + 1,
		.slot_id = slot->id,
		.hva = hva_at(slot, piece->gpa),
		.seq = slot->seq,
		.views = 1U << pair->expected | 1U << pair->actual,
		.cause = piece->move,
	};

	return finding;
}

static bool is_whole(const struct piece *piece, const struct span *span)
{
	return piece->gpa == span->gpa && piece->last == span->last;
}

static const char *absence(enum view_source view)
{
	return view == VIEW_MODEL ? "no RAM" : "no slot";
}

static void say_lack(struct pair *pair, const struct piece *piece, bool whole)
{
	struct finding finding = finding_of(
		pair, piece, whole ? FINDING_MISSING : FINDING_EXTENT);
	const struct span *span = piece->expected;
	const struct slot *slot = span->slot;

	if (whole)
		verdict_add(pair->verdict, &finding,
			    "%s has %s at %s; %s has %s there",
			    name_of(pair->expected), SAY_WHAT(slot),
			    SAY_RANGE(finding.gpa, finding.size),
			    name_of(pair->actual), absence(pair->actual));
	else
		verdict_add(pair->verdict, &finding,
			    "%s has %s at %s; %s has %s for %s of it",
			    name_of(pair->expected), SAY_WHAT(slot),
			    SAY_RANGE(span->gpa, span->last - span->gpa + 1),
			    name_of(pair->actual), absence(pair->actual),
			    SAY_RANGE(finding.gpa, finding.size));
}

static void say_surplus(struct pair *pair, const struct piece *piece)
{
	const struct span *span = piece->actual;
	bool whole = is_whole(piece, span);
	struct finding finding =
		finding_of(pair, piece, whole ? FINDING_EXTRA : FINDING_EXTENT);

	if (whole)
		verdict_add(pair->verdict, &finding,
			    "%s has %s at %s; %s has %s there",
			    name_of(pair->actual), SAY_WHAT(span->slot),
			    SAY_RANGE(finding.gpa, finding.size),
			    name_of(pair->expected), absence(pair->expected));
	else
		verdict_add(pair->verdict, &finding,
			    "%s has %s at %s; %s has %s for %s of it",
			    name_of(pair->actual), SAY_WHAT(span->slot),
			    SAY_RANGE(span->gpa, span->last - span->gpa + 1),
			    name_of(pair->expected), absence(pair->expected),
			    SAY_RANGE(finding.gpa, finding.size));
}

static void say_wrong_hva(struct pair *pair, const struct piece *piece)
{
	struct finding finding = finding_of(pair, piece, FINDING_WRONG_HVA);
	const struct slot *e = piece->expected->slot;
	const struct slot *a = piece->actual->slot;

	verdict_add(pair->verdict, &finding,
		    "%s: %s has %s, host address 0x%" PRIx64
		    "; %s has %s, host address 0x%" PRIx64,
		    SAY_RANGE(finding.gpa, finding.size),
		    name_of(pair->expected), SAY_WHAT(e), hva_at(e, piece->gpa),
		    name_of(pair->actual), SAY_WHAT(a), hva_at(a, piece->gpa));
}

static void say_flags_differ(struct pair *pair, const struct piece *piece)
{
	struct finding finding = finding_of(pair, piece, FINDING_FLAGS);
	const struct slot *e = piece->expected->slot;
	const struct slot *a = piece->actual->slot;

	verdict_add(pair->verdict, &finding, "%s: %s has %s, %s; %s has %s, %s",
		    SAY_RANGE(finding.gpa, finding.size),
		    name_of(pair->expected), SAY_WHAT(e),
		    SAY_FLAGS(e->flags, piece->fields), name_of(pair->actual),
		    SAY_WHAT(a), SAY_FLAGS(a->flags, piece->fields));
}

static void say_other_id(struct pair *pair, const struct piece *piece)
{
	struct finding finding = finding_of(pair, piece, FINDING_SLOT_ID);

	verdict_add(pair->verdict, &finding,
		    "%s is slot %d in %s, slot %d in %s",
		    SAY_RANGE(finding.gpa, finding.size),
		    piece->expected->slot->id, name_of(pair->expected),
		    piece->actual->slot->id, name_of(pair->actual));
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

static size_t say_lacks(struct pair *pair, const struct pieces *left, size_t i)
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
	say_lack(pair, &joined, whole);
	return i;
}

/* Both views may have left a part of the same piece: their union is wrong */
static size_t say_wrongs(struct pair *pair, const struct pieces *left, size_t i)
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
	say_wrong_hva(pair, &joined);
	return i;
}

void check_pair(struct verdict *verdict, enum view_source expected,
		enum view_source actual)
{
	struct pair pair = { verdict, expected, actual };
	struct pieces pieces = { 0 };
	struct pieces left = { 0 };
	const struct piece *piece;

	pieces_find(verdict, expected, actual, &pieces);
	pieces_match_moved(verdict, expected, actual, &pieces, &left);
	for (size_t i = 0; i < left.nr && !verdict->nomem; i++) {
		if (left.items[i].what == PIECE_LACK)
			i = say_lacks(&pair, &left, i);
		else if (left.items[i].what == PIECE_SURPLUS)
			say_surplus(&pair, &left.items[i]);
		else
			i = say_wrongs(&pair, &left, i);
	}
	for (size_t i = 0; i < pieces.nr; i++) {
		piece = &pieces.items[i];
		if (piece->what & PIECE_ID)
			say_other_id(&pair, piece);
		if (piece->what & PIECE_FLAGS)
			say_flags_differ(&pair, piece);
	}
	pieces_deinit(&pieces);
	pieces_deinit(&left);
}
