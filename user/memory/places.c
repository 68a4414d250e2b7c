// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "memory/places.h"

#define DEPTH_MAX 1000 /* as the model has it */

/* What is taken already, of the address space */
struct claim {
	uint64_t first;
	uint64_t last;
	size_t by;
};

/* What is handed down to what a region holds */
struct window {
	__int128 base; /* address of offset 0 of what it is mapped in */
	__int128 start;
	__int128 end;
	bool readonly;
	bool off;
	bool shown;
};

struct walk {
	struct places *out;
	struct claim *claims; /* ascending, disjoint */
	size_t nr_claims;
	size_t cap_claims;
	size_t order;
};

const char *place_why_name(enum place_why why)
{
	static const char *const names[PLACE_WHYS] = {
		[PLACE_SEEN] = "seen",
		[PLACE_PRIORITY] = "priority",
		[PLACE_NEWER] = "newer",
		[PLACE_SUBREGION] = "subregion",
		[PLACE_CONTAINER] = "container",
		[PLACE_ALIAS] = "alias",
		[PLACE_DISABLED] = "disabled",
	};

	return names[why];
}

/* The two places beneath the lowest one that @a and @b are both in */
static void part_ways(const struct place *list, size_t *a, size_t *b)
{
	while (list[*a].depth > list[*b].depth)
		*a = list[*a].parent;
	while (list[*b].depth > list[*a].depth)
		*b = list[*b].parent;
	while (list[*a].parent != list[*b].parent) {
		*a = list[*a].parent;
		*b = list[*b].parent;
	}
}

/* Why @by, which is in front, hides some of @at */
static struct place_piece hidden_by(const struct places *places, size_t at,
				    size_t by)
{
	const struct place *list = places->list;
	size_t front = by, back = at;

	/* What is in it was walked after it began, and ended before it */
	if (by > at) {
		while (list[front].parent != at)
			front = list[front].parent;
		return (struct place_piece){ .by = front,
					     .why = PLACE_SUBREGION };
	}
	part_ways(list, &front, &back);
	return (struct place_piece){
		.by = front,
		.why = memory_region_info(list[front].region)->priority >
				       memory_region_info(list[back].region)
					       ->priority ?
			       PLACE_PRIORITY :
			       PLACE_NEWER,
	};
}

/* Of place @at, which is the last that has pieces so far */
static int add_piece(struct places *places, size_t at,
		     const struct place_piece *piece)
{
	struct place *place = &places->list[at];
	struct place_piece *pieces, *before;

	if (place->nr_pieces) {
		before = &places->pieces[places->nr_pieces - 1];
		if (before->by == piece->by && before->why == piece->why) {
			before->last = piece->last;
			return 0;
		}
	} else {
		place->pieces = places->nr_pieces;
	}
	pieces = grown(places->pieces, places->nr_pieces, &places->cap_pieces,
		       sizeof(*pieces));
	if (!pieces)
		return -ENOMEM;
	places->pieces = pieces;
	pieces[places->nr_pieces++] = *piece;
	place->nr_pieces++;
	return 0;
}

static int insert_claim(struct walk *walk, size_t at, const struct claim *claim)
{
	struct claim *claims = grown(walk->claims, walk->nr_claims,
				     &walk->cap_claims, sizeof(*claims));

	if (!claims)
		return -ENOMEM;
	walk->claims = claims;
	memmove(&claims[at + 1], &claims[at],
		(walk->nr_claims - at) * sizeof(*claims));
	claims[at] = *claim;
	walk->nr_claims++;
	return 0;
}

/* Place of the first claim that ends at @addr or above */
static size_t first_claim(const struct walk *walk, uint64_t addr)
{
	size_t low = 0, high = walk->nr_claims, at;

	while (low < high) {
		at = low + (high - low) / 2;
		if (walk->claims[at].last < addr)
			low = at + 1;
		else
			high = at;
	}
	return low;
}

/* Place @at answers accesses: it has what nothing in front of it has */
static int claim(struct walk *walk, size_t at)
{
	const uint64_t last = walk->out->list[at].last;
	uint64_t next = walk->out->list[at].first;
	size_t i = first_claim(walk, next);
	struct place_piece piece;
	struct claim own;
	int ret;

	for (;;) {
		if (i < walk->nr_claims && walk->claims[i].first <= next) {
			piece = hidden_by(walk->out, at, walk->claims[i].by);
			piece.first = next;
			piece.last = walk->claims[i].last < last ?
					     walk->claims[i].last :
					     last;
			ret = add_piece(walk->out, at, &piece);
		} else {
			own = (struct claim){ next, last, at };
			if (i < walk->nr_claims &&
			    walk->claims[i].first <= last)
				own.last = walk->claims[i].first - 1;
			piece = (struct place_piece){ own.first, own.last,
						      PLACE_NONE, PLACE_SEEN };
			ret = add_piece(walk->out, at, &piece) ?:
				      insert_claim(walk, i, &own);
		}
		if (ret || piece.last == last)
			return ret;
		next = piece.last + 1;
		i++;
	}
}

/* Appends the place; what is cut off of it is known by now */
static int add_place(struct walk *walk, struct memory_region *region,
		     size_t parent, struct window *window)
{
	const struct memory_region_info *info = memory_region_info(region);
	struct places *out = walk->out;
	const __int128 begin = window->base + info->addr;
	const __int128 end = begin + (__int128)info->size;
	struct place *list;
	struct place place = {
		.region = region,
		.parent = parent,
		.depth = parent == PLACE_NONE ? 0 : out->list[parent].depth + 1,
		.shown = window->shown,
	};

	if (out->nr == PLACES_MAX)
		return -E2BIG;
	if (place.depth > DEPTH_MAX)
		return -ELOOP;
	window->off |= !info->enabled;
	window->readonly |= info->readonly;
	window->base = begin;
	if (window->start < begin)
		window->start = begin;
	if (window->end > end)
		window->end = end;
	place.off = window->off;
	place.readonly = window->readonly;
	place.empty = window->start >= window->end;
	if (place.empty) {
		place.before = info->size;
	} else {
		place.first = window->start;
		place.last = window->end - 1;
		place.offset = window->start - begin;
		place.before = window->start - begin;
		place.behind = end - window->end;
	}
	list = grown(out->list, out->nr, &out->cap, sizeof(*list));
	if (!list)
		return -ENOMEM;
	out->list = list;
	list[out->nr++] = place;
	return 0;
}

static int walk_region(struct walk *walk, struct memory_region *region,
		       size_t parent, struct window window)
{
	const struct memory_region_info *info = memory_region_info(region);
	const size_t at = walk->out->nr;
	struct memory_region *child;
	struct place *place;
	int ret = add_place(walk, region, parent, &window);

	if (ret)
		return ret;
	place = &walk->out->list[at];
	window.shown = info->alias;
	if (info->alias && !place->off && !place->empty) {
		/* The target's own place, in what it is mapped in, does not count */
		window.base -= memory_region_info(info->alias)->addr;
		window.base -= info->alias_offset;
		ret = walk_region(walk, info->alias, at, window);
	}
	for (child = memory_region_first_child(region);
	     child && !info->alias && !ret;
	     child = memory_region_next_sibling(child))
		ret = walk_region(walk, child, at, window);
	place = &walk->out->list[at];
	if (!ret && info->terminates && !place->off && !place->empty)
		ret = claim(walk, at);
	place = &walk->out->list[at];
	place->next = walk->out->nr;
	place->order = walk->order++;
	return ret;
}

int places_find(struct memory_region *root, struct places *out,
		struct slotscope_error *err)
{
	struct window window = { .end = (__int128)MEMORY_SIZE_2_64 };
	struct walk walk = { .out = out };
	int ret;

	*out = (struct places){};
	ret = walk_region(&walk, root, PLACE_NONE, window);
	free(walk.claims);
	if (!ret)
		return 0;
	error_set(err, ret, "list the regions of an address space");
	if (ret == -E2BIG)
		error_why(err,
			  "aliases show what is in aliases, and so on: it is "
			  "more than %d places",
			  PLACES_MAX);
	return ret;
}

void places_deinit(struct places *places)
{
	free(places->list);
	free(places->pieces);
	*places = (struct places){};
}
