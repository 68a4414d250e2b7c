// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Renders one window of a view, looking only at what touches it. The window is
 * one gap at first. Regions come in the order in which they hide each other, and
 * each takes what is left of the gaps in its extent; where no gap is left,
 * nothing below is looked at.
 *
 *	gaps      [.....................................]
 *	region A        [aaaaaa]
 *	gaps      [....]        [......................]
 *	region B     [bb]       [bbbbbb]
 *	gaps      [.]                  [...............]
 */
#include <stdlib.h>

#include "memory/private.h"

struct gap {
	__int128 start;
	__int128 end;
	struct treap_node node;
};

/* What a small window needs without asking for memory */
#define POOL 16

struct render {
	struct gap pool[POOL];
	unsigned int nr_pool;
	struct treap gaps;
	struct flat_ranges *out;
	/* Children that wait to be rendered, of all regions on the way down */
	struct memory_region **children;
	size_t nr_children;
	size_t cap_children;
	struct render_work work;
};

static struct gap *gap_of(const struct treap_node *node)
{
	return container_of(node, struct gap, node);
}

static bool gap_before(const struct treap_node *a, const struct treap_node *b)
{
	return gap_of(a)->start < gap_of(b)->start;
}

static const struct treap_ops gap_ops = { .before = gap_before };

static int add_gap(struct render *render, __int128 start, __int128 end)
{
	struct gap *gap;

	if (start >= end)
		return 0;
	if (render->nr_pool < POOL)
		gap = &render->pool[render->nr_pool++];
	else
		gap = malloc(sizeof(*gap));
	if (!gap)
		return -ENOMEM;
	gap->start = start;
	gap->end = end;
	treap_insert(&render->gaps, &gap->node, &gap_ops);
	return 0;
}

static void drop_gap(struct render *render, struct gap *gap)
{
	treap_erase(&render->gaps, &gap->node, &gap_ops);
	if (gap < render->pool || gap >= render->pool + POOL)
		free(gap);
}

/* The first gap with a byte in [start, end), or NULL */
static struct gap *find_gap(const struct render *render, __int128 start,
			    __int128 end)
{
	struct treap_node *node = render->gaps.root;
	struct gap *found = NULL;

	while (node) {
		struct gap *gap = gap_of(node);

		if (gap->end > start) {
			found = gap;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	return found && found->start < end ? found : NULL;
}

static int fill_gaps(struct render *render, struct memory_region *region,
		     const struct render_at *at)
{
	struct flat_range range = render_range(at, region);
	__int128 start, end, gap_end;
	struct gap *gap;
	int r;

	while ((gap = find_gap(render, at->start, at->end))) {
		start = gap->start > at->start ? gap->start : at->start;
		end = gap->end < at->end ? gap->end : at->end;
		range.addr = start;
		range.size = end - start;
		range.offset_in_region = start - at->base;
		r = flat_ranges_append(render->out, &range);
		if (r)
			return r;
		/* What is left of the gap: before, behind, both, or nothing */
		gap_end = gap->end;
		if (gap->start < start) {
			gap->end = start; /* its place in the tree stays */
			r = add_gap(render, end, gap_end);
			if (r)
				return r;
		} else if (end < gap_end) {
			gap->start = end; /* likewise: no gap lies between */
		} else {
			drop_gap(render, gap);
		}
	}
	return 0;
}

static int render_region(struct render *render, struct memory_region *region,
			 struct render_at at);

static int in_order(const void *a, const void *b)
{
	const struct memory_region *x = *(struct memory_region *const *)a;
	const struct memory_region *y = *(struct memory_region *const *)b;

	if (x->info.priority != y->info.priority)
		return x->info.priority > y->info.priority ? -1 : 1;
	return x->mapped_seq > y->mapped_seq ? -1 : 1;
}

static int push_child(struct render *render, struct memory_region *child)
{
	struct memory_region **children;
	size_t cap;

	if (render->nr_children == render->cap_children) {
		cap = render->cap_children ? render->cap_children * 2 : 32;
		children =
			reallocarray(render->children, cap, sizeof(*children));
		if (!children)
			return -ENOMEM;
		render->children = children;
		render->cap_children = cap;
	}
	render->children[render->nr_children++] = child;
	return 0;
}

static int render_children(struct render *render, struct memory_region *region,
			   const struct render_at *at)
{
	size_t first = render->nr_children, i, end;
	struct memory_region *child = NULL;
	int r = 0;

	while ((child = by_addr_next(region, child, at->start - at->base,
				     at->end - at->base))) {
		r = push_child(render, child);
		if (r)
			return r;
	}
	end = render->nr_children;
	if (end - first > 1)
		qsort(render->children + first, end - first, sizeof(child),
		      in_order);
	for (i = first; i < end && !r; i++)
		r = render_region(render, render->children[i], *at);
	render->nr_children = first;
	return r;
}

static int render_region(struct render *render, struct memory_region *region,
			 struct render_at at)
{
	const struct memory_region_info *info = &region->info;
	int r;

	if (!info->enabled)
		return 0;
	r = render_visit(&render->work);
	if (r)
		return r;
	if (!render_enter(&at, region) || !find_gap(render, at.start, at.end))
		return 0;

	render->work.depth++;
	if (info->alias) {
		render_through_alias(&at, region);
		r = render_region(render, info->alias, at);
	} else {
		r = render_children(render, region, &at);
		if (!r && info->terminates)
			r = fill_gaps(render, region, &at);
	}
	render->work.depth--;
	return r;
}

static int by_start(const void *a, const void *b)
{
	const struct flat_range *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* Appends the window's ranges to @out, sorted, not yet simplified */
int render_window(struct memory_region *root, const struct window *window,
		  struct flat_ranges *out)
{
	struct render render;
	struct render_at at = { .start = window->start, .end = window->end };
	size_t first = out->nr;
	struct treap_node *node;
	int r;

	render.nr_pool = 0;
	render.gaps = (struct treap){ 0 };
	render.out = out;
	render.children = NULL;
	render.nr_children = 0;
	render.cap_children = 0;
	render.work = (struct render_work){ 0 };
	r = add_gap(&render, window->start, window->end);
	if (!r)
		r = render_region(&render, root, at);
	if (!r && out->nr - first > 1)
		qsort(out->list + first, out->nr - first, sizeof(*out->list),
		      by_start);
	while ((node = render.gaps.root))
		drop_gap(&render, gap_of(node));
	free(render.children);
	return r;
}
