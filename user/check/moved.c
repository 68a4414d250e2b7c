// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The same backing at another guest address: a piece that one view lacks is
 * looked for, by host address, among the pieces that the other should not have.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/grow.h"
#include "check/pairs.h"
#include "check/pieces.h"
#include "check/say.h"

/* A piece by the host memory it is about; shrinks as parts are explained */
struct claim {
	hva_t hva;
	hva_t last;
	gpa_t gpa;
	struct piece *piece;
};

struct claims {
	struct claim *items;
	size_t nr;
};

/* What is left is a part of the piece in one of these roles */
#define ROLE_EXPECTED (PIECE_LACK | PIECE_HVA)
#define ROLE_ACTUAL   (PIECE_SURPLUS | PIECE_HVA)

/* A slot of either view, and the finding that says that it moved */
struct mover {
	const struct span *span;
	size_t finding;
};

struct match {
	struct comparison *comparison;
	const struct compared_pair *pair;
	struct pieces *left;
	/* the move being put together from claims that go on */
	struct claim from;
	struct claim to;
	bool open;
	struct mover *movers;
	size_t nr_movers;
	size_t cap_movers;
};

static int compare(const void *a, const void *b)
{
	const struct claim *x = a;
	const struct claim *y = b;

	if (x->hva != y->hva)
		return x->hva < y->hva ? -1 : 1;
	return (x->gpa > y->gpa) - (x->gpa < y->gpa);
}

static const struct span *span_of(const struct piece *piece, uint32_t role)
{
	return role == ROLE_EXPECTED ? piece->expected : piece->actual;
}

static void leave(struct match *match, const struct claim *claim, hva_t last)
{
	struct piece part = *claim->piece;

	part.gpa = claim->gpa;
	part.last = claim->gpa + (last - claim->hva);
	if (pieces_add(match->left, &part))
		match->comparison->nomem = true;
}

/* Pieces of @role as claims, by host address; the rest is left over */
static bool make_claims(struct match *match, struct pieces *pieces,
			uint32_t role, size_t view, struct claims *claims)
{
	uint32_t fields =
		comparison_state(match->comparison, view)->coverage.fields;
	const struct span *span;
	struct claim claim;

	claims->nr = 0;
	claims->items = calloc(pieces->nr + 1, sizeof(*claims->items));
	if (!claims->items) {
		match->comparison->nomem = true;
		return false;
	}
	for (size_t i = 0; i < pieces->nr; i++) {
		claim.piece = &pieces->items[i];
		if (!(claim.piece->what & role))
			continue;
		span = span_of(claim.piece, role);
		claim.gpa = claim.piece->gpa;
		claim.hva = span->slot->hva + (claim.gpa - span->slot->gpa);
		claim.last = claim.hva + (claim.piece->last - claim.gpa);
		if (fields & ~span->slot->unknown & SLOT_FIELD_HVA &&
		    claim.hva <= claim.last)
			claims->items[claims->nr++] = claim;
		else
			leave(match, &claim, claim.last);
	}
	if (claims->nr > 1)
		qsort(claims->items, claims->nr, sizeof(*claims->items),
		      compare);
	return true;
}

static void add_mover(struct match *match, const struct span *span,
		      size_t finding)
{
	struct mover *movers;

	movers = grown(match->movers, match->nr_movers, &match->cap_movers,
		       sizeof(*movers));
	if (!movers) {
		match->comparison->nomem = true;
		return;
	}
	match->movers = movers;
	movers[match->nr_movers++] = (struct mover){ span, finding };
}

static void close_move(struct match *match)
{
	const struct claim *from = &match->from;
	const struct claim *to = &match->to;
	const struct comparison *c = match->comparison;
	const struct compared_pair *pair = match->pair;
	const char *expected_name = comparison_party(c, pair->expected)->name;
	const char *actual_name = comparison_party(c, pair->actual)->name;
	const struct slot *expected;
	const struct slot *actual;
	struct finding finding;
	size_t at;

	if (!match->open)
		return;
	match->open = false;
	expected = from->piece->expected->slot;
	actual = to->piece->actual->slot;
	finding = (struct finding){
		.id = pair->rule->called[DIFFERS_PLACE],
		.as_id = from->piece->as_id,
		.gpa = from->gpa,
		.size = from->last - from->hva + 1,
		.elsewhere = true,
		.other_as_id = to->piece->as_id,
		.other_gpa = to->gpa,
		.slot_id = actual->id,
		.hva = from->hva,
		.seq = actual->seq,
		.views = 1ULL << pair->expected | 1ULL << pair->actual,
		.cause = FINDING_NO_CAUSE,
	};
	if (from->gpa == to->gpa) {
		finding.id = pair->rule->called[DIFFERS_SPACE];
		at = comparison_add(
			match->comparison, &finding,
			"%s has %s at %s in address space %u; %s has it in "
			"address space %u (slot %d)",
			expected_name, SAY_WHAT(expected),
			SAY_RANGE(finding.gpa, finding.size), finding.as_id,
			actual_name, to->piece->as_id, actual->id);
	} else {
		at = comparison_add(
			match->comparison, &finding,
			"%s has %s at %s; %s has the same host memory at "
			"0x%" PRIx64 " (slot %d%s)",
			expected_name, SAY_WHAT(expected),
			SAY_RANGE(finding.gpa, finding.size), actual_name,
			to->gpa, actual->id,
			to->piece->as_id == finding.as_id ?
				"" :
				", in another address space");
	}
	add_mover(match, from->piece->expected, at);
	add_mover(match, to->piece->actual, at);
}

/* The same range, on host memory that is shifted: not moved, but wrong there */
static bool is_shift(const struct claim *from, const struct claim *to)
{
	const struct span *expected = from->piece->expected;
	const struct span *actual = to->piece->actual;

	return expected->as_id == actual->as_id &&
	       expected->gpa == actual->gpa && expected->last == actual->last;
}

/* @from and @to are about the same host memory, up to @last */
static void add_move(struct match *match, struct claim from, struct claim to,
		     hva_t last)
{
	if (is_shift(&from, &to)) {
		leave(match, &from, last);
		leave(match, &to, last);
		return;
	}
	from.last = last;
	to.last = last;
	/* a piece ends where slots begin or end; the move may go on */
	if (match->open && match->from.last + 1 == from.hva &&
	    match->from.piece->expected == from.piece->expected &&
	    match->to.piece->actual == to.piece->actual &&
	    match->from.gpa - match->from.hva == from.gpa - from.hva &&
	    match->to.gpa - match->to.hva == to.gpa - to.hva) {
		match->from.last = last;
		match->to.last = last;
		return;
	}
	close_move(match);
	match->from = from;
	match->to = to;
	match->open = true;
}

static void advance(struct claim *claim, hva_t hva)
{
	claim->gpa += hva - claim->hva;
	claim->hva = hva;
}

static void skip(struct match *match, struct claim *claim, hva_t hva)
{
	if (claim->hva < hva)
		leave(match, claim, hva - 1);
	advance(claim, hva);
}

static int by_span(const void *a, const void *b)
{
	const struct mover *x = a;
	const struct mover *y = b;

	return (x->span > y->span) - (x->span < y->span);
}

/* Parts of a slot that moved have the move for a cause */
static void link_moves(struct match *match)
{
	const struct mover *mover;
	struct mover key = { 0 };
	struct piece *part;

	if (!match->nr_movers)
		return;
	qsort(match->movers, match->nr_movers, sizeof(key), by_span);
	for (size_t i = 0; i < match->left->nr; i++) {
		part = &match->left->items[i];
		key.span = part->expected;
		mover = bsearch(&key, match->movers, match->nr_movers,
				sizeof(key), by_span);
		key.span = part->actual;
		if (!mover)
			mover = bsearch(&key, match->movers, match->nr_movers,
					sizeof(key), by_span);
		if (mover)
			part->move = mover->finding;
	}
}

void pieces_match_moved(struct comparison *comparison,
			const struct compared_pair *pair, struct pieces *pieces,
			struct pieces *left)
{
	struct match match = { .comparison = comparison,
			       .pair = pair,
			       .left = left };
	struct claims want = { 0 };
	struct claims have = { 0 };
	struct claim *w, *h;
	size_t i = 0, j = 0;
	hva_t last;

	if (!make_claims(&match, pieces, ROLE_EXPECTED, pair->expected,
			 &want) ||
	    !make_claims(&match, pieces, ROLE_ACTUAL, pair->actual, &have))
		goto out;
	while (i < want.nr && j < have.nr) {
		w = &want.items[i];
		h = &have.items[j];
		if (w->last < h->hva) {
			leave(&match, w, w->last);
			i++;
			continue;
		}
		if (h->last < w->hva) {
			leave(&match, h, h->last);
			j++;
			continue;
		}
		if (w->hva < h->hva)
			skip(&match, w, h->hva);
		else
			skip(&match, h, w->hva);
		last = w->last < h->last ? w->last : h->last;
		add_move(&match, *w, *h, last);
		if (w->last == last)
			i++;
		else
			advance(w, last + 1);
		if (h->last == last)
			j++;
		else
			advance(h, last + 1);
	}
	close_move(&match);
	for (; i < want.nr; i++)
		leave(&match, &want.items[i], want.items[i].last);
	for (; j < have.nr; j++)
		leave(&match, &have.items[j], have.items[j].last);
	link_moves(&match);
	pieces_sort(left);
out:
	free(match.movers);
	free(want.items);
	free(have.items);
}
