// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From rendered ranges to a view: whole, or spliced into the view before it.
 *
 *	old view   [leaf][leaf][leaf][leaf][leaf][leaf]
 *	windows                  ~~~        ~
 *	new view   [same][same][new.............][same]
 *
 * The old view is walked from its lowest address up, and goes into a builder
 * part by part. A node that no window touches goes whole, with all below it. One
 * that a window touches is taken apart, down to its ranges: what lies outside of
 * the windows is kept, what lies inside is rendered anew. The builder joins
 * neighbours that continue each other, and cuts what is new into nodes again.
 */
#include <errno.h>
#include <stdlib.h>

#include "memory/flat_view.h"
#include "memory/model.h"
#include "memory/probes.h"
#include "memory/region.h"
#include "memory/render.h"

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

static int add_all(struct flat_builder *builder,
		   const struct flat_ranges *ranges)
{
	size_t i;
	int r = 0;

	for (i = 0; i < ranges->nr && !r; i++)
		r = flat_builder_add_range(builder, &ranges->list[i]);
	return r;
}

/* All that goes before anything that comes: there is room for it then */
static int update_dispatch(struct flat_view *view, const struct flat_node *old,
			   bool adding)
{
	const struct flat_range *was, *is;
	struct flat_diff diff;
	int r = 0;

	flat_diff_begin(&diff, old, view->tree, false);
	while (!r && flat_diff_next(&diff, &was, &is)) {
		if (was && is && flat_range_equal(was, is))
			continue;
		if (adding && is)
			r = dispatch_insert(&view->dispatch, is);
		else if (!adding && was)
			r = dispatch_erase(&view->dispatch, was);
	}
	return r;
}

/* Make a view of what was built, from @old or from nothing; ends the builder */
static int make_view(struct flat_builder *builder, struct memory_model *model,
		     struct memory_region *root, const struct flat_view *old,
		     int r, struct flat_view **out, struct slotscope_error *err)
{
	struct flat_view *view;
	struct flat_node *tree = NULL;

	if (!r)
		r = flat_builder_end(builder, &tree);
	flat_builder_deinit(builder);
	if (r)
		return refused(err, r, root);
	view = flat_view_create(model, root, tree);
	if (!view) {
		flat_node_unref(tree);
		return refused(err, -ENOMEM, root);
	}
	if (old) {
		dispatch_share(&view->dispatch, &old->dispatch);
		r = update_dispatch(view, old->tree, false);
	}
	if (!r)
		r = update_dispatch(view, old ? old->tree : NULL, true);
	if (r) {
		flat_view_free(view);
		return refused(err, r, root);
	}
	*out = view;
	return 0;
}

int flat_view_render(struct memory_model *model, struct memory_region *root,
		     struct flat_view **out, struct slotscope_error *err)
{
	struct window all = { .end = MEMORY_SIZE_2_64 };
	struct flat_ranges ranges = { 0 };
	struct flat_builder builder;
	int r;

	r = model->options.full_render ? render_full(root, &ranges) :
					 render_window(root, &all, &ranges);
	flat_builder_init(&builder);
	if (!r)
		r = add_all(&builder, &ranges);
	free(ranges.list);
	r = make_view(&builder, model, root, NULL, r, out, err);
	if (!r)
		PROBE3(render, root->name, flat_view_nr(*out), 0);
	return r;
}

struct splice {
	struct memory_region *root;
	/* Those that are to be rendered yet */
	const struct window *window;
	const struct window *windows_end;
	/* The old view counts only from here on; before the first window: -1 */
	__int128 old_from;
	struct flat_ranges rendered;
	struct flat_builder builder;
};

static int render_next(struct splice *splice)
{
	const struct window *window = splice->window++;
	int r;

	splice->rendered.nr = 0;
	splice->old_from = window->end;
	r = render_window(splice->root, window, &splice->rendered);
	return r ? r : add_all(&splice->builder, &splice->rendered);
}

/* What of a range of the old view lies below @end and still counts */
static int keep_part(struct splice *splice, const struct flat_range *range,
		     __int128 end)
{
	struct flat_range part = *range;
	__int128 start = range->addr;

	if (start < splice->old_from)
		start = splice->old_from;
	if (end > (__int128)range_end(range))
		end = range_end(range);
	if (start >= end)
		return 0;
	part.addr = start;
	part.size = end - start;
	part.offset_in_region += start - range->addr;
	return flat_builder_add_range(&splice->builder, &part);
}

/* A range of the old view, and the windows that begin in it or before it */
static int splice_range(struct splice *splice, const struct flat_range *range)
{
	int r = 0;

	while (!r && splice->window < splice->windows_end &&
	       splice->window->start < range_end(range)) {
		r = keep_part(splice, range, splice->window->start);
		if (!r)
			r = render_next(splice);
	}
	return r ? r : keep_part(splice, range, MEMORY_SIZE_2_64);
}

/*
 * A node of the old view that begins at @start, and what follows it at @next.
 * A window that only begins where the node ends, or ends where it begins, also
 * touches it: the range there may be continued.
 */
static int splice_node(struct splice *splice, struct flat_node *node,
		       memory_size_t start, memory_size_t next)
{
	unsigned int i;
	int r = 0;

	while (!r && splice->window < splice->windows_end &&
	       splice->window->end < start)
		r = render_next(splice);
	if (r)
		return r;
	if ((splice->window == splice->windows_end ||
	     splice->window->start > next) &&
	    splice->old_from < (__int128)start)
		return flat_builder_add_node(&splice->builder, node);
	if (!node->height) {
		for (i = 0; i < node->nr && !r; i++)
			r = splice_range(splice, &node->ranges[i]);
		return r;
	}
	for (i = 0; i < node->nr && !r; i++)
		r = splice_node(
			splice, node->children[i].node, node->children[i].start,
			i + 1 < node->nr ? node->children[i + 1].start : next);
	return r;
}

/* The view that @old becomes, once its windows are rendered anew */
int flat_view_update(const struct flat_view *old, struct windows *windows,
		     struct flat_view **out, struct slotscope_error *err)
{
	struct splice splice;
	int r = 0;

	windows_settle(windows);
	/* With more windows than ranges there is little to share */
	if (windows->all || windows->nr > flat_view_nr(old))
		return flat_view_render(old->model, old->root, out, err);
	splice.root = old->root;
	splice.window = windows->list;
	splice.windows_end = windows->list + windows->nr;
	splice.old_from = -1;
	splice.rendered = (struct flat_ranges){ 0 };
	flat_builder_init(&splice.builder);
	if (old->tree)
		r = splice_node(&splice, old->tree, 0, MEMORY_SIZE_2_64);
	/* Behind all that was there */
	while (!r && splice.window < splice.windows_end)
		r = render_next(&splice);
	free(splice.rendered.list);
	r = make_view(&splice.builder, old->model, old->root, old, r, out, err);
	if (!r)
		PROBE3(render, old->root->name, flat_view_nr(*out),
		       windows->nr);
	return r;
}
