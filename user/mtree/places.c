// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "mtree/places.h"

typedef __int128
	wide; /* an alias's target may begin below 0, or end above 2^64 */

struct layout {
	struct mtree_places *out;
	const struct mtree_match *match;
	const struct mtree_space *space;
	size_t place_cap;
	size_t seen_cap;
};

const char *mtree_region_kind_name(enum mtree_region_kind kind)
{
	static const char *const names[NR_MTREE_REGION_KINDS] = {
		[MTREE_REGION_RAM] = "ram",
		[MTREE_REGION_ROM] = "rom",
		[MTREE_REGION_ROMD] = "romd",
		[MTREE_REGION_RAMD] = "ramd",
		[MTREE_REGION_MMIO] = "mmio",
		[MTREE_REGION_CONTAINER] = "container",
		[MTREE_REGION_IO] = "i/o",
		[MTREE_REGION_ALIAS] = "alias",
	};

	return names[kind];
}

const char *mtree_why_name(enum mtree_why why)
{
	static const char *const names[NR_MTREE_WHYS] = {
		[MTREE_WHY_PRIORITY] = "priority",
		[MTREE_WHY_ORDER] = "order",
		[MTREE_WHY_SUBREGION] = "subregion",
		[MTREE_WHY_DISABLED] = "disabled",
	};

	return names[why];
}

/* Regions */

static enum mtree_region_kind kind_of(const struct mtree_node *node)
{
	static const enum mtree_region_kind kinds[] = {
		[MTREE_IO] = MTREE_REGION_IO,
		[MTREE_CONTAINER] = MTREE_REGION_CONTAINER,
		[MTREE_RAM] = MTREE_REGION_RAM,
		[MTREE_ROM] = MTREE_REGION_ROM,
		[MTREE_ROMD] = MTREE_REGION_ROMD,
		[MTREE_RAMD] = MTREE_REGION_RAMD,
		[MTREE_RIGHTS] = MTREE_REGION_NOT_TOLD,
	};

	return node->alias ? MTREE_REGION_ALIAS : kinds[node->kind];
}

int32_t mtree_places_region(const struct mtree_places *places, int32_t node)
{
	return node < 0 ? -1 : places->region_of[node];
}

static int list_regions(struct layout *l)
{
	struct mtree_places *out = l->out;
	const struct mtree_tree *tree = out->tree;
	struct mtree_region *region;

	out->regions = calloc(tree->nr_nodes + 1, sizeof(*out->regions));
	out->region_of = calloc(tree->nr_nodes + 1, sizeof(*out->region_of));
	if (!out->regions || !out->region_of)
		return -ENOMEM;
	memset(out->region_of, 0xff, tree->nr_nodes * sizeof(*out->region_of));
	for (size_t s = 0; s < tree->nr_sections; s++) {
		const struct mtree_section *section = &tree->sections[s];

		for (size_t i = 0; l->match->build[s] && i < section->nr; i++) {
			int32_t node = section->first + i;

			if (tree->nodes[node].hidden)
				continue;
			out->region_of[node] = out->nr_regions;
			region = &out->regions[out->nr_regions++];
			region->node = node;
			region->kind = kind_of(&tree->nodes[node]);
		}
	}
	for (size_t i = 0; i < out->nr_regions; i++) {
		region = &out->regions[i];
		region->parent = mtree_places_region(
			out, tree->nodes[region->node].parent);
		region->target = mtree_places_region(
			out, l->match->target[region->node]);
	}
	return 0;
}

/* Places */

static const struct mtree_node *node_of(const struct mtree_places *places,
					int32_t place)
{
	int32_t region = places->places[place].region;

	return &places->tree->nodes[places->regions[region].node];
}

/* Stands before it on the way to what is seen: a higher priority */
static bool goes_before(const struct mtree_tree *tree, int32_t a, int32_t b)
{
	return tree->nodes[a].priority > tree->nodes[b].priority ||
	       (tree->nodes[a].priority == tree->nodes[b].priority && a < b);
}

static int compare_children(const void *a, const void *b, void *tree)
{
	const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return goes_before(tree, y, x) - goes_before(tree, x, y);
}

/* By priority, the highest first; NULL without memory */
static int32_t *list_children(const struct mtree_tree *tree, int32_t parent,
			      size_t *nr)
{
	int32_t *children;
	int32_t i;

	*nr = 0;
	for (i = -1; (i = mtree_next_child(tree, parent, i)) >= 0;)
		++*nr;
	children = calloc(*nr + 1, sizeof(*children));
	if (!children)
		return NULL;
	*nr = 0;
	for (i = -1; (i = mtree_next_child(tree, parent, i)) >= 0;)
		children[(*nr)++] = i;
	qsort_r(children, *nr, sizeof(*children), compare_children,
		(void *)tree);
	return children;
}

static int add_place(struct layout *l, const struct mtree_place *place)
{
	struct mtree_places *out = l->out;
	void *grow = grown(out->places, out->nr_places, &l->place_cap,
			   sizeof(*out->places));

	if (!grow)
		return -ENOMEM;
	out->places = grow;
	out->places[out->nr_places++] = *place;
	return 0;
}

static int place_region(struct layout *l, int32_t region, wide base,
			const struct mtree_place *around, unsigned int depth);

/* @base: guest address of the first byte of the region that @place is of */
static int place_children(struct layout *l, const struct mtree_place *place,
			  wide base, unsigned int depth)
{
	const struct mtree_tree *tree = l->out->tree;
	const int32_t at = l->out->regions[place->region].node;
	const uint64_t start = tree->nodes[at].start;
	int32_t *children;
	int ret = 0;
	size_t nr;

	children = list_children(tree, at, &nr);
	if (!children)
		return -ENOMEM;
	for (size_t i = 0; i < nr && !ret; i++)
		ret = place_region(
			l, l->out->region_of[children[i]],
			base + (wide)(tree->nodes[children[i]].start - start),
			place, depth);
	free(children);
	return ret;
}

static int place_region(struct layout *l, int32_t region, wide base,
			const struct mtree_place *around, unsigned int depth)
{
	struct mtree_places *out = l->out;
	struct mtree_place place = *around;
	const struct mtree_node *node;
	wide end;
	int ret;

	if (region < 0)
		return 0;
	node = &out->tree->nodes[out->regions[region].node];
	end = base + (node->end - node->start);
	if (base > place.last || end < place.first)
		return 0;
	if (depth == MTREE_DEPTH_MAX || out->nr_places == MTREE_PLACES_MAX) {
		out->cut = true;
		return 0;
	}
	if (base > place.first)
		place.first = base;
	if (end < place.last)
		place.last = end;
	place.region = region;
	place.offset = place.first - base;
	place.enabled &= !node->disabled;
	ret = add_place(l, &place);
	if (ret)
		return ret;
	place.in = out->nr_places - 1;
	/* What a disabled one would show is not there */
	if (node->alias && !place.enabled)
		return 0;
	if (node->alias)
		return place_region(l, out->regions[region].target,
				    base - node->alias_start, &place,
				    depth + 1);
	return place_children(l, &place, base, depth + 1);
}

/* What is seen */

static int add_seen(struct layout *l, uint64_t first, uint64_t last,
		    const struct mtree_range *range, int32_t place)
{
	struct mtree_places *out = l->out;
	void *grow = grown(out->seen, out->nr_seen, &l->seen_cap,
			   sizeof(*out->seen));

	if (!grow)
		return -ENOMEM;
	out->seen = grow;
	out->seen[out->nr_seen++] = (struct mtree_seen){
		l->space->as_id, first, last, range, place,
	};
	return 0;
}

static bool may_be(const char *a, const char *b)
{
	return !a || !b || !strcmp(a, b);
}

/* Could it be @place that shows @range, where they overlap? */
static bool shows(const struct mtree_places *out, int32_t place,
		  const struct mtree_range *range)
{
	const struct mtree_place *p = &out->places[place];
	const struct mtree_node *node = node_of(out, place);

	return p->enabled && !node->alias && p->first <= range->last &&
	       p->last >= range->first &&
	       p->offset - p->first == range->offset - range->first &&
	       node->priority == range->priority &&
	       !strcmp(node->name, range->name) &&
	       may_be(node->owner, range->owner);
}

/*
 * One range may be seen through several places: two aliases of one region, side by
 * side. Where there are several at one address, it is the first: that with the
 * higher priority.
 */
static int see_range(struct layout *l, const struct mtree_range *range,
		     size_t first_place)
{
	const struct mtree_places *out = l->out;
	uint64_t at = range->first, last;
	int32_t found;
	int ret;

	for (;; at = last + 1) {
		last = range->last;
		found = -1;
		for (size_t i = first_place; i < out->nr_places; i++) {
			const struct mtree_place *p = &out->places[i];

			if (p->last < at || p->first > last ||
			    !shows(out, i, range))
				continue;
			if (p->first > at) {
				last = p->first - 1;
				continue;
			}
			found = i;
			if (p->last < last)
				last = p->last;
			break;
		}
		ret = add_seen(l, at, last, range, found);
		if (ret || last == range->last)
			return ret;
	}
}

static int see_view(struct layout *l, size_t first_place)
{
	const struct mtree_flatview *view = l->space->view;
	const struct mtree_range *range;
	uint64_t next = 0;
	bool full = false;
	int ret = 0;

	for (size_t i = 0; i < view->nr_ranges && !ret; i++) {
		range = &view->ranges[i];
		if (range->first > next)
			ret = add_seen(l, next, range->first - 1, NULL, -1);
		if (!ret)
			ret = see_range(l, range, first_place);
		full = range->last == UINT64_MAX;
		next = range->last + 1;
	}
	if (!full && !ret)
		ret = add_seen(l, next, UINT64_MAX, NULL, -1);
	return ret;
}

/* Pieces */

/* The first of what is seen in @place's address space that is not before it */
static size_t first_seen(const struct mtree_places *out,
			 const struct mtree_place *place)
{
	size_t low = 0, high = out->nr_seen;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct mtree_seen *seen = &out->seen[mid];

		if (seen->as_id < place->as_id ||
		    (seen->as_id == place->as_id && seen->last < place->first))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool overlap(const struct mtree_places *out, size_t seen,
		    const struct mtree_place *place)
{
	return seen < out->nr_seen && out->seen[seen].as_id == place->as_id &&
	       out->seen[seen].first <= place->last;
}

/* Registers are what is seen; a container is where nothing is */
static void tell_registers(struct mtree_places *out, bool told)
{
	struct mtree_region *region;

	for (size_t i = 0; i < out->nr_regions; i++)
		if (told && out->regions[i].kind == MTREE_REGION_IO)
			out->regions[i].kind = MTREE_REGION_MMIO;
	for (size_t i = 0; i < out->nr_seen; i++) {
		if (out->seen[i].place < 0)
			continue;
		region = &out->regions[out->places[out->seen[i].place].region];
		if (region->kind == MTREE_REGION_IO)
			region->kind = MTREE_REGION_MMIO;
	}
	for (size_t i = 0; i < out->nr_places; i++) {
		const struct mtree_place *place = &out->places[i];

		region = &out->regions[place->region];
		if (region->kind != MTREE_REGION_IO || !place->enabled)
			continue;
		for (size_t k = first_seen(out, place); overlap(out, k, place);
		     k++)
			if (!out->seen[k].range)
				region->kind = MTREE_REGION_CONTAINER;
	}
}

static bool is_within(const struct mtree_places *out, int32_t place,
		      int32_t around)
{
	while (place > around)
		place = out->places[place].in;
	return place == around;
}

/* Why @by is seen in place of @place: what tells the ways to the two apart */
static enum mtree_why why_hidden(const struct mtree_places *out, int32_t place,
				 int32_t by)
{
	int32_t a = place, b = by, above_a = place, above_b = by;

	/* A place stands behind all that is around it */
	while (a != b && a >= 0 && b >= 0) {
		if (a > b) {
			above_a = a;
			a = out->places[a].in;
		} else {
			above_b = b;
			b = out->places[b].in;
		}
	}
	if (a != b || a == by)
		return MTREE_WHY_NOT_KNOWN;
	if (a == place)
		return MTREE_WHY_SUBREGION;
	if (node_of(out, above_b)->priority > node_of(out, above_a)->priority)
		return MTREE_WHY_PRIORITY;
	if (node_of(out, above_b)->priority == node_of(out, above_a)->priority)
		return MTREE_WHY_ORDER;
	return MTREE_WHY_NOT_KNOWN;
}

static int add_piece(struct mtree_place *place, const struct mtree_piece *piece)
{
	struct mtree_piece *last;
	void *grow;

	if (place->nr_pieces) {
		last = &place->pieces[place->nr_pieces - 1];
		if (last->last + 1 == piece->first &&
		    last->shown == piece->shown &&
		    (piece->shown ||
		     (last->by == piece->by && last->why == piece->why))) {
			last->last = piece->last;
			return 0;
		}
	}
	/* Doubles at each power of two, so that no capacity need be kept */
	if (!(place->nr_pieces & (place->nr_pieces - 1))) {
		grow = reallocarray(place->pieces,
				    place->nr_pieces ? place->nr_pieces * 2 : 1,
				    sizeof(*place->pieces));
		if (!grow)
			return -ENOMEM;
		place->pieces = grow;
	}
	place->pieces[place->nr_pieces++] = *piece;
	return 0;
}

static int cut_place(struct mtree_places *out, int32_t at)
{
	struct mtree_place *place = &out->places[at];
	enum mtree_region_kind kind = out->regions[place->region].kind;
	/* Of its own it has nothing that could be seen, or hidden */
	const bool through = kind == MTREE_REGION_ALIAS ||
			     kind == MTREE_REGION_CONTAINER;
	int ret = 0;

	if (!place->enabled)
		return through ?
			       0 :
			       add_piece(place, &(struct mtree_piece){
							place->first,
							place->last, false, -1,
							MTREE_WHY_DISABLED });
	for (size_t i = first_seen(out, place); !ret && overlap(out, i, place);
	     i++) {
		const struct mtree_seen *seen = &out->seen[i];
		struct mtree_piece piece = {
			.first = seen->first > place->first ? seen->first :
							      place->first,
			.last = seen->last < place->last ? seen->last :
							   place->last,
			.by = seen->place,
		};

		piece.shown = seen->place >= 0 && is_within(out, piece.by, at);
		if (piece.shown && through)
			piece.by = -1;
		else if (piece.shown && piece.by != at)
			piece.shown = false;
		if (!piece.shown && through)
			continue;
		if (piece.shown)
			piece.by = -1;
		else if (piece.by >= 0)
			piece.why = why_hidden(out, at, piece.by);
		ret = add_piece(place, &piece);
	}
	return ret;
}

int mtree_places_init(const struct mtree_tree *tree,
		      const struct mtree_match *match,
		      const struct mtree_space *spaces, size_t nr,
		      struct mtree_places *out)
{
	struct layout l = { .out = out, .match = match };
	bool told = false;
	int ret;

	*out = (struct mtree_places){ .tree = tree };
	ret = list_regions(&l);
	for (size_t i = 0; i < nr && !ret; i++) {
		const struct mtree_place all = { .as_id = spaces[i].as_id,
						 .in = -1,
						 .last = UINT64_MAX,
						 .enabled = true };
		const size_t first = out->nr_places;
		const int32_t root = mtree_places_region(out, spaces[i].root);

		l.space = &spaces[i];
		ret = place_region(&l, root, 0, &all, 0);
		if (!ret && spaces[i].view)
			ret = see_view(&l, first);
	}
	for (size_t i = 0; i < tree->nr_nodes; i++)
		told |= tree->nodes[i].kind == MTREE_CONTAINER;
	if (!ret)
		tell_registers(out, told);
	for (size_t i = 0; i < out->nr_places && !ret; i++)
		ret = cut_place(out, i);
	return ret;
}

void mtree_places_deinit(struct mtree_places *places)
{
	for (size_t i = 0; i < places->nr_places; i++)
		free(places->places[i].pieces);
	free(places->places);
	free(places->seen);
	free(places->regions);
	free(places->region_of);
	*places = (struct mtree_places){};
}
