// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the graph of regions to a flat view: the whole of it, from the top, as
 * QEMU does it. Slow for many regions and easy to follow: the oracle of all that
 * is faster.
 */
#include "memory/private.h"

struct render {
	struct flat_view *view;
	unsigned int depth;
};

/* What is handed down from a region to what it shows */
struct render_at {
	/* Guest address of the region's container's, or target's, offset 0. May
	 * be negative, for an alias of a part */
	__int128 base;
	/* The window that is still visible */
	__int128 start;
	__int128 end;
	bool readonly;
	bool nonvolatile;
};

/* Fill what nothing else has taken of [start, end) */
static int fill_gaps(struct flat_view *view, struct memory_region *region,
		     const struct render_at *at)
{
	struct flat_range range = {
		.region = region,
		.dirty_log_mask = memory_region_dirty_log_mask(region),
		.romd_mode = region->info.romd_mode,
		.readonly = at->readonly,
		.nonvolatile = at->nonvolatile,
	};
	__int128 start = at->start, gap_end;
	size_t i = 0;
	int r;

	while (start < at->end) {
		while (i < view->nr &&
		       (__int128)range_end(&view->ranges[i]) <= start)
			i++;
		gap_end = at->end;
		if (i < view->nr && view->ranges[i].addr < gap_end)
			gap_end = view->ranges[i].addr;
		if (gap_end > start) {
			range.addr = start;
			range.size = gap_end - start;
			range.offset_in_region = start - at->base;
			r = flat_view_insert(view, i, &range);
			if (r)
				return r;
		}
		start = range_end(&view->ranges[i]);
	}
	return 0;
}

static int render_region(struct render *render, struct memory_region *region,
			 struct render_at at)
{
	const struct memory_region_info *info = &region->info;
	struct memory_region *child;
	int r = 0;

	if (!info->enabled)
		return 0;
	if (render->depth >= MEMORY_MAX_DEPTH)
		return -ELOOP;

	at.base += info->addr;
	at.readonly |= info->readonly;
	at.nonvolatile |= info->nonvolatile;
	if (at.start < at.base)
		at.start = at.base;
	if (at.end > at.base + (__int128)info->size)
		at.end = at.base + (__int128)info->size;
	if (at.start >= at.end)
		return 0;

	render->depth++;
	if (info->alias) {
		/* Where the target itself is mapped must not count */
		at.base -= info->alias->info.addr;
		at.base -= info->alias_offset;
		r = render_region(render, info->alias, at);
		goto out;
	}
	for (child = memory_region_first_child(region); child && !r;
	     child = memory_region_next_sibling(child))
		r = render_region(render, child, at);
	if (!r && info->terminates)
		r = fill_gaps(render->view, region, &at);
out:
	render->depth--;
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

/* Join neighbours that continue each other: what was hidden may be gone */
static void simplify(struct flat_view *view)
{
	size_t i, out = 0;

	if (!view->nr)
		return;
	for (i = 1; i < view->nr; i++) {
		struct flat_range *last = &view->ranges[out];
		struct flat_range *range = &view->ranges[i];

		if (flat_ranges_can_merge(last, range)) {
			last->size += range->size;
			memory_region_unref(range->region);
		} else {
			view->ranges[++out] = *range;
		}
	}
	view->nr = out + 1;
}

/*
 * A root that shows one other region, whole, is skipped, so that the many
 * address spaces that all show system memory share one view. As in QEMU, what
 * the skipped ones would hand down (read-only) is skipped with them.
 */
struct memory_region *flat_view_find_root(struct memory_region *region)
{
	struct memory_region *child, *only;

	while (region->info.enabled) {
		if (region->info.alias) {
			if (region->info.alias_offset ||
			    region->info.size < region->info.alias->info.size)
				return region;
			region = region->info.alias;
			continue;
		}
		if (region->info.terminates)
			return region;
		only = NULL;
		for (child = memory_region_first_child(region); child;
		     child = memory_region_next_sibling(child)) {
			if (!child->info.enabled)
				continue;
			if (only)
				return region;
			only = child;
		}
		if (!only)
			return NULL;
		if (only->info.addr || region->info.size < only->info.size)
			return region;
		region = only;
	}
	return NULL;
}

int flat_view_render(struct memory_model *model, struct memory_region *root,
		     struct flat_view **out, struct slotscope_error *err)
{
	struct render render = {
		.view = flat_view_create(model, root),
	};
	struct render_at all = { .end = MEMORY_SIZE_2_64 };
	int r = -ENOMEM;

	if (render.view)
		r = render_region(&render, root, all);
	if (!r) {
		simplify(render.view);
		*out = render.view;
		return 0;
	}
	if (render.view)
		flat_view_free(render.view);
	error_set(err, r, "render the flat view of memory region %s",
		  root->name);
	if (r == -ELOOP)
		error_why(err, "regions are nested more than %d deep",
			  MEMORY_MAX_DEPTH);
	return r;
}
