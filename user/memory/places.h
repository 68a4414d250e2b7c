/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where each region of an address space stands, what of it is seen, and what hides the
 * rest, and why. The same walk that renders a flat view, but nothing is thrown away:
 * what is seen of all places is the flat view. Pure.
 */
#ifndef SLOTSCOPE_MEMORY_PLACES_H
#define SLOTSCOPE_MEMORY_PLACES_H

#include <slotscope/memory.h>

#define PLACE_NONE SIZE_MAX

/* Why a part of a region is not seen */
enum place_why {
	PLACE_SEEN,	 /* it is */
	PLACE_PRIORITY,	 /* another has a higher priority */
	PLACE_NEWER,	 /* one of equal priority was mapped later */
	PLACE_SUBREGION, /* what is in it lies in front of it */
	PLACE_CONTAINER, /* it reaches beyond what it is in */
	PLACE_ALIAS,	 /* the alias does not show this part of it */
	PLACE_DISABLED,	 /* it is disabled, or what it is in */
	PLACE_WHYS,
};

/** place_why_name() - "priority", ... as in JSON */
const char *place_why_name(enum place_why why);

/**
 * struct place_piece - a part of what a place covers
 * @first: first byte, in the address space
 * @last:  last byte
 * @by:    the place that hides it; PLACE_NONE if none does. Of two that stand in one
 *	   container, or in which they stand: whose priority, or age, it is
 * @why:   PLACE_SEEN, PLACE_PRIORITY, PLACE_NEWER or PLACE_SUBREGION
 */
struct place_piece {
	uint64_t first;
	uint64_t last;
	size_t by;
	enum place_why why;
};

/**
 * struct place - a region, as it stands in one place
 * @region:   which
 * @parent:   the place that it is in; PLACE_NONE for the root. What an alias shows is
 *	      the one place in it
 * @next:     the first place behind it that is not in it
 * @depth:    places around it
 * @shown:    it is what the alias @parent shows
 * @off:      it is disabled, or a place around it
 * @empty:    nothing of it is left within the places around it
 * @first:    first byte of what is left, in the address space
 * @last:     last byte
 * @offset:   of @first, in the region
 * @before:   bytes of the region below @first that are cut off, and
 * @behind:   above @last: PLACE_CONTAINER, or PLACE_ALIAS if it is @shown
 * @readonly: shown read-only, by itself or by a place around it
 * @order:    0 for the first; a place with a lower one is in front
 * @pieces:   of what answers accesses itself: all from @first to @last, ascending.
 *	      Index of the first in places.pieces
 * @nr_pieces: their number; 0 for containers and aliases, and if @off or @empty
 */
struct place {
	const struct memory_region *region;
	size_t parent;
	size_t next;
	unsigned int depth;
	bool shown;
	bool off;
	bool empty;
	uint64_t first;
	uint64_t last;
	uint64_t offset;
	memory_size_t before;
	memory_size_t behind;
	bool readonly;
	size_t order;
	size_t pieces;
	size_t nr_pieces;
};

/**
 * struct places - all of an address space; zero is empty
 * @list:   a place before those in it; of those in one, what is in front first
 */
struct places {
	struct place *list;
	size_t nr;
	size_t cap; /* private */
	struct place_piece *pieces;
	size_t nr_pieces;
	size_t cap_pieces; /* private */
};

/* More places than this, by aliases of aliases, are not listed */
#define PLACES_MAX 65536

/**
 * places_find() - list them
 * @root: of the address space
 * @out:  initialised here; places_deinit() it, also after an error. Points into the
 *	  model: it lasts until that changes
 *
 * Return: 0, -ENOMEM, -ELOOP as memory_model_commit(), or -E2BIG.
 */
int places_find(struct memory_region *root, struct places *out,
		struct slotscope_error *err);
void places_deinit(struct places *places);

#endif
