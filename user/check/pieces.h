/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How two views differ, as pieces: maximal ranges over which the same two slots
 * differ in the same way. From pieces, slots.c makes findings.
 */
#ifndef CHECK_PIECES_H
#define CHECK_PIECES_H

#include "check/comparison.h"

enum {
	PIECE_LACK = 1U << 0,	 /* expected, and not there */
	PIECE_SURPLUS = 1U << 1, /* there, and not expected */
	PIECE_HVA = 1U << 2,	 /* there, on other host memory */
	PIECE_ID = 1U << 3,	 /* ... under another slot id */
	PIECE_FLAGS = 1U << 4,	 /* ... with other flags: see @fields */
};

/**
 * struct piece - a range over which two views differ
 * @expected: what the one has; NULL with PIECE_SURPLUS
 * @actual:   what the other has; NULL with PIECE_LACK
 * @what:     PIECE_*
 * @fields:   SLOT_FIELD_* of the flags that differ
 * @move:     the finding that says that a part of either slot moved
 */
struct piece {
	uint16_t as_id;
	gpa_t gpa;
	gpa_t last;
	const struct span *expected;
	const struct span *actual;
	uint32_t what;
	uint32_t fields;
	size_t move;
};

struct pieces {
	struct piece *items;
	size_t nr;
	size_t cap;
};

/**
 * pieces_find() - where the views of a pair differ; by (as_id, gpa)
 *
 * Fills in where they were compared.
 */
void pieces_find(struct comparison *comparison, struct compared_pair *pair,
		 struct pieces *out);
int pieces_add(struct pieces *pieces, const struct piece *piece);
void pieces_sort(struct pieces *pieces);
void pieces_deinit(struct pieces *pieces);

/**
 * pieces_match_moved() - find backing that both have, at different addresses
 * @left:    what was not explained so: parts of pieces with PIECE_LACK,
 *	     PIECE_SURPLUS or PIECE_HVA, with @move filled; by (as_id, gpa). Of
 *	     PIECE_HVA there may be two for a range, one from either view
 *
 * Adds findings of what differs in place or address space.
 */
void pieces_match_moved(struct comparison *comparison,
			const struct compared_pair *pair, struct pieces *pieces,
			struct pieces *left);

#endif
