// SPDX-License-Identifier: GPL-2.0-or-later
/* The MemoryRegion tree as JSON. Whatever refers to another does so by its index. */
#include <errno.h>
#include <inttypes.h>

#include "base/json_writer.h"
#include "render/tree_json.h"

/* From first to last byte there may be 2^64 */
static void write_size(struct json_writer *w, uint64_t first, uint64_t last)
{
	if (last - first == UINT64_MAX)
		json_write_str(w, "size", "0x10000000000000000");
	else
		json_write_hex(w, "size", last - first + 1);
}

static void write_index(struct json_writer *w, const char *member,
			int32_t index)
{
	if (index < 0)
		json_write_null(w, member);
	else
		json_write_s64(w, member, index);
}

static void write_alias(struct json_writer *w,
			const struct mtree_region *region,
			const struct mtree_node *node)
{
	if (!node->alias) {
		json_write_null(w, "alias");
		return;
	}
	json_begin_object(w, "alias");
	write_index(w, "region", region->target);
	json_write_str(w, "name", node->alias);
	json_write_hex(w, "offset", node->alias_start);
	json_end_object(w);
}

/* Whether it is itself read-only; of an alias no text says so */
static void write_readonly(struct json_writer *w, enum mtree_region_kind kind)
{
	if (kind == MTREE_REGION_ROM || kind == MTREE_REGION_ROMD)
		json_write_bool(w, "readonly", true);
	else if (kind == MTREE_REGION_RAM || kind == MTREE_REGION_RAMD)
		json_write_bool(w, "readonly", false);
	else
		json_write_null(w, "readonly");
}

static void write_region(struct json_writer *w,
			 const struct mtree_places *places, size_t id)
{
	const struct mtree_region *region = &places->regions[id];
	const struct mtree_node *nodes = places->tree->nodes;
	const struct mtree_node *node = &nodes[region->node];

	json_begin_object(w, NULL);
	json_write_u64(w, "id", id);
	json_write_str(w, "name", node->name);
	write_index(w, "parent", region->parent);
	json_write_hex(w, "address",
		       node->start - (node->parent < 0 ?
					      0 :
					      nodes[node->parent].start));
	write_size(w, node->start, node->end);
	json_write_s64(w, "priority", node->priority);
	json_write_str(w, "kind", mtree_region_kind_name(region->kind));
	json_write_bool(w, "enabled", !node->disabled);
	write_readonly(w, region->kind);
	json_write_bool(w, "nonvolatile", node->nonvolatile);
	write_alias(w, region, node);
	json_write_str(w, "owner", node->owner);
	json_write_str(w, "parent_object", node->parent_object);
	json_end_object(w);
}

static void write_space(struct json_writer *w, const char *name, int32_t root)
{
	json_begin_object(w, NULL);
	json_write_str(w, "name", name);
	write_index(w, "as_id", model_tree_as_id(name));
	write_index(w, "root", root);
	json_end_object(w);
}

static void write_piece(struct json_writer *w, const struct mtree_piece *piece)
{
	json_begin_object(w, NULL);
	json_write_hex(w, "gpa", piece->first);
	write_size(w, piece->first, piece->last);
	if (!piece->shown) {
		write_index(w, "by", piece->by);
		json_write_str(w, "why", mtree_why_name(piece->why));
	}
	json_end_object(w);
}

static void write_pieces(struct json_writer *w, const char *member,
			 const struct mtree_place *place, bool shown)
{
	json_begin_array(w, member);
	for (size_t i = 0; i < place->nr_pieces; i++)
		if (place->pieces[i].shown == shown)
			write_piece(w, &place->pieces[i]);
	json_end_array(w);
}

static void write_place(struct json_writer *w, const struct mtree_place *place)
{
	json_begin_object(w, NULL);
	json_write_u64(w, "as_id", place->as_id);
	json_write_s64(w, "region", place->region);
	write_index(w, "in", place->in);
	json_write_hex(w, "gpa", place->first);
	write_size(w, place->first, place->last);
	json_write_hex(w, "offset", place->offset);
	json_write_bool(w, "enabled", place->enabled);
	write_pieces(w, "shown", place, true);
	write_pieces(w, "hidden", place, false);
	json_end_object(w);
}

/* As the flat view has it; registers are all of its "i/o" */
static const char *kind_of(const struct mtree_range *range)
{
	if (range->kind == MTREE_RIGHTS)
		return NULL;
	return range->kind == MTREE_IO ? "mmio" : mtree_kind_name(range->kind);
}

static void write_range(struct json_writer *w, const struct mtree_range *range,
			int32_t region)
{
	json_begin_object(w, NULL);
	json_write_hex(w, "gpa", range->first);
	write_size(w, range->first, range->last);
	json_write_str(w, "kind", kind_of(range));
	write_index(w, "region", region);
	json_write_str(w, "name", range->name);
	json_write_hex(w, "offset", range->offset);
	json_write_s64(w, "priority", range->priority);
	json_write_bool(w, "nonvolatile", range->nonvolatile);
	json_end_object(w);
}

static void write_hole(struct json_writer *w, uint64_t first, uint64_t last)
{
	json_begin_object(w, NULL);
	json_write_hex(w, "gpa", first);
	write_size(w, first, last);
	json_write_str(w, "kind", "hole");
	json_end_object(w);
}

/* The region of the first place where it is seen, or -1 */
static int32_t region_of(const struct mtree_places *places, uint16_t as_id,
			 const struct mtree_range *range, size_t *at)
{
	const struct mtree_seen *seen;
	int32_t place = -1;

	/* Both ascend */
	for (; *at < places->nr_seen; ++*at) {
		seen = &places->seen[*at];
		if (seen->as_id > as_id ||
		    (seen->as_id == as_id && seen->first > range->last))
			break;
		if (seen->as_id == as_id && seen->range == range && place < 0)
			place = seen->place;
	}
	return place < 0 ? -1 : places->places[place].region;
}

static void write_view(struct json_writer *w, const struct mtree_places *places,
		       uint16_t as_id, const struct mtree_flatview *view)
{
	const struct mtree_range *range;
	uint64_t next = 0;
	bool full = false;
	size_t at = 0;

	json_begin_object(w, NULL);
	json_write_u64(w, "as_id", as_id);
	json_begin_array(w, "ranges");
	for (size_t i = 0; i < view->nr_ranges; i++) {
		range = &view->ranges[i];
		if (range->first > next)
			write_hole(w, next, range->first - 1);
		write_range(w, range, region_of(places, as_id, range, &at));
		full = range->last == UINT64_MAX;
		next = range->last + 1;
	}
	if (!full)
		write_hole(w, next, UINT64_MAX);
	json_end_array(w);
	json_end_object(w);
}

static void write_layout(struct json_writer *w,
			 const struct model_layout *layout)
{
	const struct mtree_places *places = &layout->places;
	const struct mtree_tree *tree = places->tree;

	json_begin_array(w, "regions");
	for (size_t i = 0; i < places->nr_regions; i++)
		write_region(w, places, i);
	json_end_array(w);
	json_begin_array(w, "address_spaces");
	for (size_t i = 0; i < tree->nr_as; i++)
		write_space(w, tree->as[i].name, layout->roots[i]);
	json_end_array(w);
	json_begin_array(w, "places");
	for (size_t i = 0; i < places->nr_places; i++)
		write_place(w, &places->places[i]);
	json_end_array(w);
	json_write_bool(w, "cut", places->cut);
}

struct json_object *model_tree_to_json(const struct model_tree *tree)
{
	struct json_text text = { 0 };
	struct model_layout layout;
	struct json_writer w;

	if (model_tree_lay_out(tree, &layout)) {
		model_layout_deinit(&layout);
		return NULL;
	}
	json_writer_init(&w, json_text_put, &text);
	json_begin_object(&w, NULL);
	if (layout.not_laid_out.code)
		json_write_str(&w, "unread", layout.not_laid_out.why);
	else if (tree->tree->nr_nodes)
		write_layout(&w, &layout);
	json_write_str(&w, "flat_from", tree->rendered ? "tree" : "vmm");
	json_begin_array(&w, "flat_views");
	for (uint16_t i = 0; i < QEMU_SPACES; i++)
		if (tree->views[i])
			write_view(&w, &layout.places, i, tree->views[i]);
	json_end_array(&w);
	json_end_object(&w);
	json_writer_flush(&w);
	model_layout_deinit(&layout);
	return json_text_tree(&text);
}
