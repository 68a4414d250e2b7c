// SPDX-License-Identifier: GPL-2.0-or-later
/* The MemoryRegion tree as JSON. Whatever refers to another does so by its index. */
#include <errno.h>
#include <search.h>
#include <stdlib.h>

#include "base/grow.h"
#include "base/json_writer.h"
#include "render/tree_json.h"

/* A region and its number */
struct numbered {
	const struct memory_region *region;
	size_t id;
};

struct tree_writer {
	struct json_writer *w;
	const struct model_tree *tree;
	struct model_layout layout;
	uint64_t (*object)(void *opaque, const struct memory_region *region);
	void *opaque;
	const struct memory_region **regions; /* by number */
	size_t nr_regions;
	size_t cap;
	void *numbers;		      /* struct numbered, by region */
	int32_t *places[QEMU_SPACES]; /* by place: its number; -1: it is empty */
};

/* Numbers */

static int compare_numbered(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;

	return x->region < y->region ? -1 : x->region > y->region;
}

static int32_t number_of(const struct tree_writer *t,
			 const struct memory_region *region)
{
	const struct numbered key = { .region = region };
	struct numbered **found =
		region ? tfind(&key, &t->numbers, compare_numbered) : NULL;

	return found ? (int32_t)(*found)->id : -1;
}

/* Each once, what is in it behind it; what an alias shows at the first alias */
static int number(struct tree_writer *t, const struct memory_region *region)
{
	const struct memory_region_info *info = memory_region_info(region);
	const struct memory_region *child;
	struct numbered *numbered;
	void *grow;
	int ret = 0;

	if (number_of(t, region) >= 0)
		return 0;
	grow = grown(t->regions, t->nr_regions, &t->cap, sizeof(*t->regions));
	if (!grow)
		return -ENOMEM;
	t->regions = grow;
	numbered = malloc(sizeof(*numbered));
	if (!numbered)
		return -ENOMEM;
	*numbered = (struct numbered){ region, t->nr_regions };
	if (!tsearch(numbered, &t->numbers, compare_numbered)) {
		free(numbered);
		return -ENOMEM;
	}
	t->regions[t->nr_regions++] = region;
	if (info->alias)
		ret = number(t, info->alias);
	for (child = memory_region_first_child(region); child && !ret;
	     child = memory_region_next_sibling(child))
		ret = number(t, child);
	return ret;
}

/* Those of which nothing is left within what is around them are not told */
static int number_places(struct tree_writer *t)
{
	const struct places *places;
	int32_t nr = 0;

	for (int i = 0; i < QEMU_SPACES; i++) {
		places = &t->layout.spaces[i].places;
		t->places[i] = calloc(places->nr + 1, sizeof(**t->places));
		if (!t->places[i])
			return -ENOMEM;
		for (size_t k = 0; k < places->nr; k++)
			t->places[i][k] = places->list[k].empty ? -1 : nr++;
	}
	return 0;
}

static int number_all(struct tree_writer *t)
{
	const struct address_space *as;
	int ret = 0;

	for (as = t->layout.model ? address_space_first(t->layout.model) : NULL;
	     as && !ret; as = address_space_next(as))
		ret = number(t, address_space_root(as));
	return ret ? ret : number_places(t);
}

/* Regions */

static void write_range(struct json_writer *w, uint64_t first, uint64_t last)
{
	json_write_hex(w, "gpa", first);
	json_write_wide(w, "size", (memory_size_t)last - first + 1);
}

static void write_index(struct json_writer *w, const char *member,
			int32_t index)
{
	if (index < 0)
		json_write_null(w, member);
	else
		json_write_s64(w, member, index);
}

/* NULL: QEMU before 2.9 does not tell */
static const char *kind_of(const struct tree_writer *t,
			   const struct memory_region_info *info)
{
	if (info->alias)
		return "alias";
	if (t->tree->rights)
		return NULL;
	if (info->ram_device)
		return "ramd";
	if (info->rom_device)
		return info->romd_mode ? "romd" : "mmio";
	if (info->ram)
		return info->readonly ? "rom" : "ram";
	return info->terminates ? "mmio" : "container";
}

static void write_alias(struct tree_writer *t,
			const struct memory_region_info *info)
{
	if (!info->alias) {
		json_write_null(t->w, "alias");
		return;
	}
	json_begin_object(t->w, "alias");
	write_index(t->w, "region", number_of(t, info->alias));
	json_write_str(t->w, "name", memory_region_info(info->alias)->name);
	json_write_hex(t->w, "offset", info->alias_offset);
	json_end_object(t->w);
}

static void write_region(struct tree_writer *t, size_t id)
{
	const struct memory_region_info *info =
		memory_region_info(t->regions[id]);

	json_begin_object(t->w, NULL);
	json_write_u64(t->w, "id", id);
	if (t->object)
		json_write_u64(t->w, "object",
			       t->object(t->opaque, t->regions[id]));
	json_write_str(t->w, "name", info->name);
	write_index(t->w, "parent", number_of(t, info->container));
	json_write_hex(t->w, "address", info->addr);
	json_write_wide(t->w, "size", info->size);
	json_write_s64(t->w, "priority", info->priority);
	json_write_str(t->w, "kind", kind_of(t, info));
	json_write_bool(t->w, "enabled", info->enabled);
	json_write_bool(t->w, "readonly", info->readonly);
	json_write_bool(t->w, "nonvolatile", info->nonvolatile);
	write_alias(t, info);
	json_write_str(t->w, "owner", info->owner);
	json_write_str(t->w, "parent_object", info->parent);
	json_end_object(t->w);
}

static void write_space(struct tree_writer *t, const struct address_space *as)
{
	int as_id = -1;

	for (int i = 0; i < QEMU_SPACES; i++)
		if (t->layout.spaces[i].as == as)
			as_id = i;
	json_begin_object(t->w, NULL);
	json_write_str(t->w, "name", address_space_name(as));
	write_index(t->w, "as_id", as_id);
	write_index(t->w, "root", number_of(t, address_space_root(as)));
	json_end_object(t->w);
}

/* Places */

static void write_piece(struct tree_writer *t, uint64_t first, uint64_t last,
			int32_t by, const char *why)
{
	json_begin_object(t->w, NULL);
	write_range(t->w, first, last);
	if (why) {
		write_index(t->w, "by", by);
		json_write_str(t->w, "why", why);
	}
	json_end_object(t->w);
}

/* What of it the flat view confirms */
static void write_confirmed(struct tree_writer *t,
			    const struct model_space *space, uint64_t first,
			    uint64_t last, int32_t by, const char *why)
{
	const struct model_range *differs = space->differs;
	const struct model_range *end = differs + space->nr_differs;

	for (; differs < end && differs->first <= last; differs++) {
		if (differs->last < first)
			continue;
		if (differs->first > first)
			write_piece(t, first, differs->first - 1, by, why);
		if (differs->last >= last)
			return;
		first = differs->last + 1;
	}
	write_piece(t, first, last, by, why);
}

/* The first of what is seen that is not below @addr */
static size_t first_seen(const struct model_space *space, uint64_t addr)
{
	size_t low = 0, high = space->nr_seen, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (space->seen[mid].last < addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* What is seen of it; of what has nothing of its own, of what is in it */
static void write_shown(struct tree_writer *t, const struct model_space *space,
			size_t at)
{
	const struct place *place = &space->places.list[at];
	const size_t end = memory_region_info(place->region)->terminates ?
				   at + 1 :
				   place->next;
	const struct model_seen *seen = space->seen;
	uint64_t first, last;

	for (size_t i = first_seen(space, place->first);
	     i < space->nr_seen && seen[i].first <= place->last; i++) {
		if (seen[i].place < at || seen[i].place >= end)
			continue;
		first = seen[i].first;
		last = seen[i].last;
		while (i + 1 < space->nr_seen &&
		       seen[i + 1].first == last + 1 &&
		       seen[i + 1].place >= at && seen[i + 1].place < end)
			last = seen[++i].last;
		write_confirmed(t, space, first, last, -1, NULL);
	}
}

static void write_hidden(struct tree_writer *t, const struct model_space *space,
			 int as_id, size_t at)
{
	const struct place *place = &space->places.list[at];
	const struct place_piece *piece;

	if (place->off && memory_region_info(place->region)->terminates)
		write_piece(t, place->first, place->last, -1,
			    place_why_name(PLACE_DISABLED));
	for (size_t i = 0; i < place->nr_pieces; i++) {
		piece = &space->places.pieces[place->pieces + i];
		if (piece->why != PLACE_SEEN)
			write_confirmed(t, space, piece->first, piece->last,
					t->places[as_id][piece->by],
					place_why_name(piece->why));
	}
}

static void write_not_known(struct tree_writer *t,
			    const struct model_space *space,
			    const struct place *place)
{
	const struct model_range *differs = space->differs;

	for (size_t i = 0; i < space->nr_differs && !place->off; i++) {
		if (differs[i].last < place->first ||
		    differs[i].first > place->last)
			continue;
		write_piece(t,
			    differs[i].first > place->first ? differs[i].first :
							      place->first,
			    differs[i].last < place->last ? differs[i].last :
							    place->last,
			    -1, NULL);
	}
}

static void write_place(struct tree_writer *t, int as_id, size_t at)
{
	const struct model_space *space = &t->layout.spaces[as_id];
	const struct place *place = &space->places.list[at];

	json_begin_object(t->w, NULL);
	json_write_u64(t->w, "as_id", as_id);
	write_index(t->w, "region", number_of(t, place->region));
	write_index(t->w, "in",
		    place->parent == PLACE_NONE ?
			    -1 :
			    t->places[as_id][place->parent]);
	write_range(t->w, place->first, place->last);
	json_write_hex(t->w, "offset", place->offset);
	json_write_bool(t->w, "enabled", !place->off);
	json_write_bool(t->w, "readonly", place->readonly);
	json_begin_array(t->w, "shown");
	write_shown(t, space, at);
	json_end_array(t->w);
	json_begin_array(t->w, "hidden");
	write_hidden(t, space, as_id, at);
	json_end_array(t->w);
	json_begin_array(t->w, "not_known");
	write_not_known(t, space, place);
	json_end_array(t->w);
	json_end_object(t->w);
}

/* Flat views */

/* As the flat view has it; registers are all of its "i/o" */
static const char *flat_kind(const struct mtree_range *range)
{
	if (range->kind == MTREE_RIGHTS)
		return NULL;
	return range->kind == MTREE_IO ? "mmio" : mtree_kind_name(range->kind);
}

/* What region it is by our rendering, if that has the same there; else -1 */
static int32_t region_of(const struct tree_writer *t,
			 const struct model_space *space,
			 const struct mtree_range *range)
{
	const size_t low = first_seen(space, range->first);

	for (size_t i = 0; i < space->nr_differs; i++)
		if (space->differs[i].first <= range->first &&
		    space->differs[i].last >= range->first)
			return -1;
	if (low == space->nr_seen || space->seen[low].first > range->first)
		return -1;
	return number_of(t, space->places.list[space->seen[low].place].region);
}

static void write_flat(struct tree_writer *t, const struct mtree_range *range,
		       int32_t region)
{
	json_begin_object(t->w, NULL);
	write_range(t->w, range->first, range->last);
	json_write_str(t->w, "kind", flat_kind(range));
	write_index(t->w, "region", region);
	json_write_str(t->w, "name", range->name);
	json_write_hex(t->w, "offset", range->offset);
	json_write_s64(t->w, "priority", range->priority);
	json_write_bool(t->w, "nonvolatile", range->nonvolatile);
	json_end_object(t->w);
}

static void write_hole(struct tree_writer *t, uint64_t first, uint64_t last)
{
	json_begin_object(t->w, NULL);
	write_range(t->w, first, last);
	json_write_str(t->w, "kind", "hole");
	json_end_object(t->w);
}

static void write_view(struct tree_writer *t, int as_id)
{
	const struct mtree_flatview *view = t->tree->views[as_id];
	const struct mtree_range *range;
	uint64_t next = 0;
	bool full = false;

	json_begin_object(t->w, NULL);
	json_write_u64(t->w, "as_id", as_id);
	json_begin_array(t->w, "ranges");
	for (size_t i = 0; i < view->nr_ranges; i++) {
		range = &view->ranges[i];
		if (range->first > next)
			write_hole(t, next, range->first - 1);
		write_flat(t, range,
			   region_of(t, &t->layout.spaces[as_id], range));
		full = range->last == UINT64_MAX;
		next = range->last + 1;
	}
	if (!full)
		write_hole(t, next, UINT64_MAX);
	json_end_array(t->w);
	json_end_object(t->w);
}

static void write_model(struct tree_writer *t)
{
	const struct address_space *as;

	json_begin_array(t->w, "regions");
	for (size_t i = 0; i < t->nr_regions; i++)
		write_region(t, i);
	json_end_array(t->w);
	json_begin_array(t->w, "address_spaces");
	for (as = address_space_first(t->layout.model); as;
	     as = address_space_next(as))
		write_space(t, as);
	json_end_array(t->w);
	json_begin_array(t->w, "places");
	for (int i = 0; i < QEMU_SPACES; i++)
		for (size_t k = 0; k < t->layout.spaces[i].places.nr; k++)
			if (t->places[i][k] >= 0)
				write_place(t, i, k);
	json_end_array(t->w);
}

static void write_tree(struct tree_writer *t)
{
	json_begin_object(t->w, NULL);
	if (t->layout.not_built.code)
		json_write_str(t->w, "unread", t->layout.not_built.why);
	else if (t->layout.model)
		write_model(t);
	json_write_str(t->w, "flat_from", t->tree->rendered ? "tree" : "vmm");
	json_begin_array(t->w, "flat_views");
	for (int i = 0; i < QEMU_SPACES; i++)
		if (t->tree->views[i])
			write_view(t, i);
	json_end_array(t->w);
	json_end_object(t->w);
}

struct json_object *model_tree_to_json(const struct model_tree *tree)
{
	return model_tree_to_json_with(tree, NULL, NULL);
}

struct json_object *model_tree_to_json_with(
	const struct model_tree *tree,
	uint64_t (*object)(void *opaque, const struct memory_region *region),
	void *opaque)
{
	struct json_text text = { 0 };
	struct json_writer w;
	struct tree_writer t = {
		.w = &w, .tree = tree, .object = object, .opaque = opaque
	};
	int ret = model_tree_lay_out(tree, &t.layout);

	if (!ret)
		ret = number_all(&t);
	if (!ret) {
		json_writer_init(&w, json_text_put, &text);
		write_tree(&t);
		json_writer_flush(&w);
	}
	tdestroy(t.numbers, free);
	free(t.regions);
	for (int i = 0; i < QEMU_SPACES; i++)
		free(t.places[i]);
	model_layout_deinit(&t.layout);
	return ret ? NULL : json_text_tree(&text);
}
