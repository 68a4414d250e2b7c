// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Renders one window of a view, looking only at what touches it.
 *
 * Most siblings overlap no other. They hide nothing from each other, so they are
 * rendered in order of address, and what they show comes out sorted.
 *
 * Siblings that do overlap come in the order in which they hide each other. What
 * all of them could show is one gap at first; each takes what is left of the gaps
 * in its extent. Where no gap is left, nothing below is looked at.
 *
 *	gaps      [.....................................]
 *	region A        [aaaaaa]
 *	gaps      [....]        [......................]
 *	region B     [bb]       [bbbbbb]
 *	gaps      [.]                  [...............]
 */
#include <errno.h>
#include <stdlib.h>

#include "memory/flat_view.h"
#include "memory/region.h"
#include "memory/render.h"

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
	/* While siblings that overlap are rendered: what nothing took yet */
	struct treap gaps;
	bool overlap;
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

static int by_start(const void *a, const void *b)
{
	const struct flat_range *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static void sort_ranges(struct flat_ranges *ranges, size_t first)
{
	size_t nr = ranges->nr - first, i;
	struct flat_range *list;

	if (!nr) /* and then perhaps no list */
		return;
	list = ranges->list + first;
	for (i = 1; i < nr; i++)
		if (list[i].addr < list[i - 1].addr)
			break;
	if (i < nr)
		qsort(list, nr, sizeof(*list), by_start);
}

/* Behind what its children show, which is sorted, from @first on */
static int fill_behind(struct flat_ranges *out, size_t first,
		       struct memory_region *region, const struct render_at *at)
{
	struct flat_range range = render_range(at, region);
	size_t i, end = out->nr;
	__int128 start = at->start, gap_end;
	int r;

	for (i = first; i <= end; i++) {
		gap_end = i < end ? (__int128)out->list[i].addr : at->end;
		if (start < gap_end) {
			range.addr = start;
			range.size = gap_end - start;
			range.offset_in_region = start - at->base;
			r = flat_ranges_append(out, &range);
			if (r)
				return r;
		}
		if (i < end)
			start = range_end(&out->list[i]);
	}
	if (end > first)
		sort_ranges(out, first);
	return 0;
}

static int render_region(struct render *render, struct memory_region *region,
			 struct render_at at);

static bool hides(const struct memory_region *x, const struct memory_region *y)
{
	if (x->info.priority != y->info.priority)
		return x->info.priority > y->info.priority;
	return x->mapped_seq > y->mapped_seq;
}

static int in_order(const void *a, const void *b)
{
	return hides(*(struct memory_region *const *)a,
		     *(struct memory_region *const *)b) ?
		       -1 :
		       1;
}

static void sort_siblings(struct memory_region **list, size_t nr)
{
	struct memory_region *region;
	size_t i, at;

	if (nr > 16) {
		qsort(list, nr, sizeof(*list), in_order);
		return;
	}
	for (i = 1; i < nr; i++) {
		region = list[i];
		for (at = i; at && hides(region, list[at - 1]); at--)
			list[at] = list[at - 1];
		list[at] = region;
	}
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

/* Siblings from @first on, each of which overlaps others */
static int render_overlapping(struct render *render, size_t first,
			      const struct render_at *at)
{
	size_t end = render->nr_children, i;
	int r = 0;

	sort_siblings(render->children + first, end - first);
	for (i = first; i < end && !r; i++)
		r = render_region(render, render->children[i], *at);
	return r;
}

/* The first such on the way down: they begin with one gap, [start, end) */
static int render_group(struct render *render, size_t first,
			const struct render_at *at, __int128 start,
			__int128 end)
{
	size_t first_range = render->out->nr;
	struct treap_node *node;
	int r;

	if (render->overlap)
		return render_overlapping(render, first, at);
	render->overlap = true;
	r = add_gap(render, start > at->start ? start : at->start,
		    end < at->end ? end : at->end);
	if (!r)
		r = render_overlapping(render, first, at);
	while ((node = render->gaps.root))
		drop_gap(render, gap_of(node));
	render->nr_pool = 0;
	render->overlap = false;
	sort_ranges(render->out, first_range);
	return r;
}

static int render_children(struct render *render, struct memory_region *region,
			   const struct render_at *at)
{
	__int128 start = at->start - at->base, end = at->end - at->base;
	struct memory_region *child, *next;
	size_t first = render->nr_children;
	memory_size_t group_end;
	int r = 0;

	for (child = by_addr_next(region, NULL, start, end); child && !r;
	     child = next) {
		next = by_addr_next(region, child, start, end);
		group_end = region_end(child);
		if (!next || next->info.addr >= group_end) {
			r = render_region(render, child, *at);
			continue;
		}
		r = push_child(render, child);
		while (!r && next && next->info.addr < group_end) {
			if (region_end(next) > group_end)
				group_end = region_end(next);
			r = push_child(render, next);
			next = by_addr_next(region, next, start, end);
		}
		if (!r)
			r = render_group(render, first, at,
					 at->base + child->info.addr,
					 at->base + (__int128)group_end);
		render->nr_children = first;
	}
	return r;
}

static int render_region(struct render *render, struct memory_region *region,
			 struct render_at at)
{
	const struct memory_region_info *info = &region->info;
	size_t first = render->out->nr;
	int r;

	if (!info->enabled)
		return 0;
	r = render_visit(&render->work);
	if (r)
		return r;
	if (!render_enter(&at, region) ||
	    (render->overlap && !find_gap(render, at.start, at.end)))
		return 0;

	render->work.depth++;
	if (info->alias) {
		render_through_alias(&at, region);
		r = render_region(render, info->alias, at);
	} else {
		/* Most regions are leaves */
		r = region->enabled_children.nr ?
			    render_children(render, region, &at) :
			    0;
		if (!r && info->terminates)
			r = render->overlap ? fill_gaps(render, region, &at) :
					      fill_behind(render->out, first,
							  region, &at);
	}
	render->work.depth--;
	return r;
}

/* Appends the window's ranges to @out, sorted, not yet simplified */
int render_window(struct memory_region *root, const struct window *window,
		  struct flat_ranges *out)
{
	struct render_at at = { .start = window->start, .end = window->end };
	struct render render;
	int r;

	render.nr_pool = 0;
	render.gaps = (struct treap){ 0 };
	render.overlap = false;
	render.out = out;
	render.children = NULL;
	render.nr_children = 0;
	render.cap_children = 0;
	render.work = (struct render_work){ 0 };
	r = render_region(&render, root, at);
	free(render.children);
	return r;
}
