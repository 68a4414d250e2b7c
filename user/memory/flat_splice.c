// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From rendered ranges to a view: whole, or spliced into the view before it.
 *
 *	old view   [leaf][leaf][leaf][leaf][leaf][leaf]
 *	windows                  ~~~        ~
 *	new view   [same][same][new.............][same]
 *
 * The leaves that a window touches are taken apart. What lies outside of the
 * windows is kept, what lies inside is rendered anew, neighbours that continue
 * each other are joined, and the result is cut into leaves again.
 */
#include <stdlib.h>
#include <string.h>

#include "memory/private.h"

/* Join neighbours that continue each other: what was between may be gone */
static void simplify(struct flat_ranges *ranges)
{
	size_t i, out = 0;

	if (!ranges->nr)
		return;
	for (i = 1; i < ranges->nr; i++) {
		struct flat_range *last = &ranges->list[out];

		if (flat_ranges_can_merge(last, &ranges->list[i]))
			last->size += ranges->list[i].size;
		else
			ranges->list[++out] = ranges->list[i];
	}
	ranges->nr = out + 1;
}

static int refused(struct slotscope_error *err, int code,
		   const struct memory_region *root)
{
	error_set(err, code, "render the flat view of memory region %s",
		  root->name);
	if (code == -ELOOP)
		error_why(err, "regions are nested more than %d deep",
			  MEMORY_MAX_DEPTH);
	if (code == -E2BIG)
		error_why(err,
			  "it takes more than %u steps: aliases show "
			  "aliases too often",
			  MEMORY_MAX_VISITS);
	return code;
}

int flat_view_render(struct memory_model *model, struct memory_region *root,
		     struct flat_view **out, struct slotscope_error *err)
{
	struct window all = { .end = MEMORY_SIZE_2_64 };
	struct flat_ranges ranges = { 0 };
	struct flat_view *view = NULL;
	int r;

	r = model->options.full_render ? render_full(root, &ranges) :
					 render_window(root, &all, &ranges);
	if (r)
		goto out;
	simplify(&ranges);
	view = flat_view_create(model, root, flat_leaves(ranges.nr));
	r = view ? flat_view_add_ranges(view, ranges.list, ranges.nr) : -ENOMEM;
	if (!r)
		r = dispatch_update(&view->dispatch, NULL, 0, ranges.list,
				    ranges.nr);
out:
	free(ranges.list);
	if (r) {
		if (view)
			flat_view_free(view);
		return refused(err, r, root);
	}
	PROBE3(render, root->name, view->nr, 0);
	*out = view;
	return 0;
}

/* Leaves first to last of the old view, and the windows that touch them */
struct group {
	size_t first_leaf;
	size_t end_leaf;
	const struct window *windows;
	size_t nr_windows;
};

/*
 * The leaves that a window touches: also those with a range that only ends
 * where it begins, or begins where it ends, for those may be continued.
 */
static void leaves_of(const struct flat_view *old, const struct window *window,
		      size_t *first, size_t *end)
{
	const struct flat_leaf *leaf;

	if (!old->nr_leaves) {
		*first = *end = 0;
		return;
	}
	/* A window may begin at 2^64 - 1 at the most */
	*first = flat_view_leaf_of(old, window->start);
	if (*first && old->starts[*first] == window->start)
		(*first)--;
	leaf = old->leaves[*first];
	if (range_end(&leaf->ranges[leaf->nr - 1]) < window->start)
		(*first)++;
	*end = flat_view_leaf_of(old, window->end < MEMORY_SIZE_2_64 ?
					      window->end :
					      UINT64_MAX) +
	       1;
	if (*end == 1 && old->starts[0] > window->end)
		*end = 0;
}

/* A leaf that is nearly empty takes in the next one, lest there be many */
static void take_in_next(const struct flat_view *old, struct group *group)
{
	unsigned int nr = 0;
	size_t i;

	for (i = group->first_leaf; i < group->end_leaf; i++)
		nr += old->leaves[i]->nr;
	if (nr < FLAT_LEAF_MAX / 4 && group->end_leaf < old->nr_leaves)
		group->end_leaf++;
}

/* The windows from @windows on whose leaves meet; at least the first */
static struct group next_group(const struct flat_view *old,
			       const struct window *windows, size_t nr)
{
	struct group group = { .windows = windows };
	size_t first, end;

	leaves_of(old, windows, &group.first_leaf, &group.end_leaf);
	take_in_next(old, &group);
	for (group.nr_windows = 1; group.nr_windows < nr; group.nr_windows++) {
		leaves_of(old, &windows[group.nr_windows], &first, &end);
		if (first > group.end_leaf)
			break;
		if (end > group.end_leaf)
			group.end_leaf = end;
	}
	return group;
}

static int append_part(struct flat_ranges *out, const struct flat_range *range,
		       memory_size_t start, memory_size_t end)
{
	struct flat_range part = *range;

	if (start < range->addr)
		start = range->addr;
	if (end > range_end(range))
		end = range_end(range);
	if (start >= end)
		return 0;
	part.addr = start;
	part.size = end - start;
	part.offset_in_region += start - range->addr;
	return flat_ranges_append(out, &part);
}

/* What a group becomes: old ranges between the windows, new ones in them */
static int render_group(const struct flat_view *old, const struct group *group,
			struct flat_ranges *out)
{
	memory_size_t keep_from = 0, keep_to;
	size_t leaf = group->first_leaf, w;
	unsigned int i = 0;
	int r = 0;

	out->nr = 0;
	for (w = 0; !r && w <= group->nr_windows; w++) {
		keep_to = w < group->nr_windows ? group->windows[w].start :
						  MEMORY_SIZE_2_64;
		while (!r && leaf < group->end_leaf) {
			const struct flat_range *range =
				&old->leaves[leaf]->ranges[i];

			if (range->addr >= keep_to)
				break;
			r = append_part(out, range, keep_from, keep_to);
			/* It may go on behind the window */
			if (range_end(range) > keep_to)
				break;
			if (++i == old->leaves[leaf]->nr) {
				i = 0;
				leaf++;
			}
		}
		if (!r && w < group->nr_windows) {
			r = render_window(old->root, &group->windows[w], out);
			keep_from = group->windows[w].end;
		}
	}
	if (!r)
		simplify(out);
	return r;
}

/* Append leaves of the old view, and hold them */
static void share(struct flat_view *view, const struct flat_view *old,
		  size_t first, size_t end)
{
	for (; first < end; first++)
		flat_view_share_leaf(view, old->leaves[first]);
}

struct splice {
	struct flat_ranges *groups; /* what each becomes */
	struct group *where;
	size_t nr;
};

static int plan_groups(const struct flat_view *old,
		       const struct windows *windows, struct splice *splice,
		       size_t *leaves)
{
	size_t w = 0;
	int r;

	*leaves = old->nr_leaves;
	while (w < windows->nr) {
		struct group *group = &splice->where[splice->nr];

		*group = next_group(old, &windows->list[w], windows->nr - w);
		r = render_group(old, group, &splice->groups[splice->nr]);
		splice->nr++;
		if (r)
			return r;
		*leaves -= group->end_leaf - group->first_leaf;
		*leaves += flat_leaves(splice->groups[splice->nr - 1].nr);
		w += group->nr_windows;
	}
	return 0;
}

/* The view that @old becomes, once its windows are rendered anew */
int flat_view_update(const struct flat_view *old, struct windows *windows,
		     struct flat_view **out, struct slotscope_error *err)
{
	struct flat_view *view = NULL;
	/* Mostly there is one window */
	struct flat_ranges one_ranges = { 0 };
	struct group one_group;
	struct splice splice = { .groups = &one_ranges, .where = &one_group };
	size_t leaves, leaf = 0, i;
	int r = -ENOMEM;

	windows_settle(windows);
	if (windows->all || !windows->nr)
		return flat_view_render(old->model, old->root, out, err);
	if (windows->nr > 1) {
		splice.groups = calloc(windows->nr, sizeof(*splice.groups));
		splice.where = calloc(windows->nr, sizeof(*splice.where));
	}
	if (!splice.groups || !splice.where)
		goto out;
	r = plan_groups(old, windows, &splice, &leaves);
	if (r)
		goto out;
	r = -ENOMEM;
	view = flat_view_create(old->model, old->root, leaves);
	if (!view)
		goto out;
	r = 0;
	dispatch_share(&view->dispatch, &old->dispatch);
	for (i = 0; i < splice.nr && !r; i++) {
		const struct group *where = &splice.where[i];

		share(view, old, leaf, where->first_leaf);
		r = flat_view_add_ranges(view, splice.groups[i].list,
					 splice.groups[i].nr);
		if (!r)
			r = dispatch_update(&view->dispatch,
					    old->leaves + where->first_leaf,
					    where->end_leaf - where->first_leaf,
					    splice.groups[i].list,
					    splice.groups[i].nr);
		leaf = where->end_leaf;
	}
	if (!r)
		share(view, old, leaf, old->nr_leaves);
out:
	for (i = 0; i < splice.nr; i++)
		free(splice.groups[i].list);
	if (splice.groups != &one_ranges) {
		free(splice.where);
		free(splice.groups);
	}
	if (r) {
		if (view)
			flat_view_free(view);
		return refused(err, r, old->root);
	}
	PROBE3(render, old->root->name, view->nr, windows->nr);
	*out = view;
	return 0;
}
