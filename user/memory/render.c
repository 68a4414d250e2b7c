// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the graph of regions to a flat view: the whole of it, from the top, as
 * QEMU does it. Slow for many regions and easy to follow: the oracle of all that
 * is faster.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory/flat_view.h"
#include "memory/region.h"
#include "memory/render.h"

struct render {
	struct flat_ranges *out;
	struct render_work work;
};

int render_visit(struct render_work *work)
{
	if (work->depth >= MEMORY_MAX_DEPTH)
		return -ELOOP;
	return ++work->visits > MEMORY_MAX_VISITS ? -E2BIG : 0;
}

/*
 * From what @region is mapped in to @region itself.
 *
 * Return: false if none of it is in the window.
 */
bool render_enter(struct render_at *at, const struct memory_region *region)
{
	const struct memory_region_info *info = &region->info;

	at->base += info->addr;
	at->readonly |= info->readonly;
	at->nonvolatile |= info->nonvolatile;
	if (at->start < at->base)
		at->start = at->base;
	if (at->end > at->base + (__int128)info->size)
		at->end = at->base + (__int128)info->size;
	return at->start < at->end;
}

/* From an alias to its target, whose own address must not count */
void render_through_alias(struct render_at *at,
			  const struct memory_region *alias)
{
	at->base -= alias->info.alias->info.addr;
	at->base -= alias->info.alias_offset;
}

/* A range of @region, but for its place */
struct flat_range render_range(const struct render_at *at,
			       struct memory_region *region)
{
	return (struct flat_range){
		.region = region,
		.dirty_log_mask = memory_region_dirty_log_mask(region),
		.romd_mode = region->info.romd_mode,
		.readonly = at->readonly,
		.nonvolatile = at->nonvolatile,
		.own_readonly = region->info.readonly,
	};
}

int flat_ranges_append(struct flat_ranges *ranges,
		       const struct flat_range *range)
{
	struct flat_range *list;
	size_t cap;

	if (ranges->nr == ranges->cap) {
		cap = ranges->cap ? ranges->cap * 2 : 16;
		list = reallocarray(ranges->list, cap, sizeof(*list));
		if (!list)
			return -ENOMEM;
		ranges->list = list;
		ranges->cap = cap;
	}
	ranges->list[ranges->nr++] = *range;
	return 0;
}

static int insert(struct flat_ranges *ranges, size_t at,
		  const struct flat_range *range)
{
	int r = flat_ranges_append(ranges, range);

	if (r)
		return r;
	memmove(&ranges->list[at + 1], &ranges->list[at],
		(ranges->nr - 1 - at) * sizeof(*range));
	ranges->list[at] = *range;
	return 0;
}

/* Fill what nothing else has taken of [start, end) */
static int fill_gaps(struct flat_ranges *out, struct memory_region *region,
		     const struct render_at *at)
{
	struct flat_range range = render_range(at, region);
	__int128 start = at->start, gap_end;
	size_t i = 0;
	int r;

	while (start < at->end) {
		while (i < out->nr &&
		       (__int128)range_end(&out->list[i]) <= start)
			i++;
		gap_end = at->end;
		if (i < out->nr && out->list[i].addr < gap_end)
			gap_end = out->list[i].addr;
		if (gap_end > start) {
			range.addr = start;
			range.size = gap_end - start;
			range.offset_in_region = start - at->base;
			r = insert(out, i, &range);
			if (r)
				return r;
		}
		start = range_end(&out->list[i]);
	}
	return 0;
}

static int render_region(struct render *render, struct memory_region *region,
			 struct render_at at)
{
	const struct memory_region_info *info = &region->info;
	struct memory_region *child;
	int r;

	if (!info->enabled)
		return 0;
	r = render_visit(&render->work);
	if (r)
		return r;
	if (!render_enter(&at, region))
		return 0;

	render->work.depth++;
	if (info->alias) {
		render_through_alias(&at, region);
		r = render_region(render, info->alias, at);
		goto out;
	}
	for (child = memory_region_first_child(region); child && !r;
	     child = memory_region_next_sibling(child))
		r = render_region(render, child, at);
	if (!r && info->terminates)
		r = fill_gaps(render->out, region, &at);
out:
	render->work.depth--;
	return r;
}

bool flat_ranges_can_merge(const struct flat_range *a,
			   const struct flat_range *b)
{
	return range_end(a) == b->addr && a->region == b->region &&
	       a->offset_in_region + a->size == b->offset_in_region &&
	       a->dirty_log_mask == b->dirty_log_mask &&
	       a->romd_mode == b->romd_mode && a->readonly == b->readonly &&
	       a->nonvolatile == b->nonvolatile;
}

/*
 * A root that shows one other region, whole, is skipped, so that the many
 * address spaces that all show system memory share one view. As in QEMU, what
 * the skipped ones would hand down (read-only) is skipped with them.
 */
struct memory_region *flat_view_find_root(struct memory_region *region)
{
	struct memory_region *only;

	while (region->info.enabled) {
		if (region->info.alias) {
			if (region->info.alias_offset ||
			    region->info.size < region->info.alias->info.size)
				return region;
			region = region->info.alias;
			continue;
		}
		if (region->info.terminates || region->enabled_children.nr > 1)
			return region;
		if (!region->enabled_children.nr)
			return NULL;
		only = container_of(region->enabled_children.root,
				    struct memory_region, by_addr);
		if (only->info.addr || region->info.size < only->info.size)
			return region;
		region = only;
	}
	return NULL;
}

/* Appends the ranges to @out, sorted, not yet simplified */
int render_full(struct memory_region *root, struct flat_ranges *out)
{
	struct render_at all = { .end = MEMORY_SIZE_2_64 };
	struct render render = { .out = out };

	return render_region(&render, root, all);
}
