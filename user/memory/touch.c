// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a change may have made untrue. A region that is changed touches its own
 * extent; from there the window is carried up, through what the region is mapped
 * in and through all that alias it, cut and shifted on each step, to every
 * region that a view is rendered from. The commit renders only these windows.
 *
 * A change is touched twice, with the region as it was and as it will be; each
 * time by what is above it then. What changes above it touches by itself.
 */
#include <stdlib.h>

#include "memory/address_space.h"
#include "memory/flat_view.h"
#include "memory/model.h"
#include "memory/region.h"
#include "memory/render.h"

/* A change with more paths to the top is not worth following */
#define MAX_STEPS 10000

struct touch {
	unsigned int steps;
	unsigned int depth;
	bool gave_up;
	bool ioeventfds; /* only these changed: no window is to be rendered */
};

static int by_start(const void *a, const void *b)
{
	const struct window *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Sort them, and join those that overlap or touch */
void windows_settle(struct windows *windows)
{
	size_t i, out = 0;

	if (windows->all) {
		windows->nr = 0;
		return;
	}
	if (!windows->nr)
		return;
	for (i = 1; i < windows->nr; i++)
		if (windows->list[i].start < windows->list[i - 1].start)
			break;
	if (i < windows->nr)
		qsort(windows->list, windows->nr, sizeof(*windows->list),
		      by_start);
	for (i = 1; i < windows->nr; i++) {
		struct window *last = &windows->list[out];
		const struct window *window = &windows->list[i];

		if (window->start > last->end)
			windows->list[++out] = *window;
		else if (window->end > last->end)
			last->end = window->end;
	}
	windows->nr = out + 1;
}

static void mark_stale(struct memory_region *root)
{
	if (root->stale)
		return;
	root->stale = true;
	LIST_INSERT_HEAD(&root->model->stale, root, stale_link);
}

/* After a commit; one that did not render leaves the windows to the next */
void root_settle(struct memory_region *root, bool rendered)
{
	struct windows *windows = &root->windows;

	root->ioeventfds_touched = false;
	if (rendered) {
		root->root_touched = false;
		windows->nr = 0;
		windows->all = false;
		/* Most are touched again soon: keep the list, if it is short */
		if (windows->cap > 64) {
			free(windows->list);
			windows->list = NULL;
			windows->cap = 0;
		}
	}
	if (root->stale && !root->root_touched && !windows->nr &&
	    !windows->all) {
		root->stale = false;
		LIST_REMOVE(root, stale_link);
	}
}

void view_touch_all(struct memory_region *root)
{
	mark_stale(root);
	root->windows.all = true;
}

static void add_window(struct memory_region *root, __int128 start, __int128 end)
{
	struct windows *windows = &root->windows;
	struct window *list, *last;
	size_t cap;

	/* A view's root keeps its own address; see flat_view_find_root() */
	start += root->info.addr;
	end += root->info.addr;
	if (end > (__int128)MEMORY_SIZE_2_64)
		end = MEMORY_SIZE_2_64;
	if (start >= end || windows->all)
		return;
	mark_stale(root);
	if (!root->view->tree) {
		windows->all = true; /* there is nothing to keep */
		return;
	}
	last = windows->nr ? &windows->list[windows->nr - 1] : NULL;
	if (last && last->start <= (memory_size_t)start &&
	    last->end >= (memory_size_t)start) {
		if (last->end < (memory_size_t)end)
			last->end = end;
		return;
	}
	if (windows->nr == windows->cap && windows->nr >= 64)
		windows_settle(windows);
	/* Grow also if settling made little room, or it would be for nothing */
	if (windows->nr == windows->cap || windows->nr > windows->cap / 4 * 3) {
		cap = windows->cap ? windows->cap * 2 : 16;
		list = reallocarray(windows->list, cap, sizeof(*list));
		if (list) {
			windows->list = list;
			windows->cap = cap;
		}
	}
	if (windows->nr == windows->cap) {
		windows->all = true;
		return;
	}
	windows->list[windows->nr++] =
		(struct window){ .start = start, .end = end };
}

/*
 * [start, end) in @region's own terms; may be empty: who is shown counts too. Goes
 * up through what the region is mapped in, and through each alias on the way.
 */
static void touch(struct touch *t, struct memory_region *region, __int128 start,
		  __int128 end)
{
	struct memory_region *container, *alias;
	unsigned int depth = t->depth;
	__int128 from, to;

	for (; region->info.enabled; region = container) {
		if (++t->steps > MAX_STEPS || ++t->depth > MEMORY_MAX_DEPTH) {
			t->gave_up = true;
			break;
		}
		if (region->view && !t->ioeventfds)
			add_window(region, start, end);
		if (!TAILQ_EMPTY(&region->spaces)) {
			mark_stale(region);
			if (t->ioeventfds)
				region->ioeventfds_touched = true;
			else
				region->root_touched = true;
		}
		LIST_FOREACH(alias, &region->aliases, alias_link) {
			from = start - (__int128)alias->info.alias_offset;
			to = end - (__int128)alias->info.alias_offset;
			if (from < 0)
				from = 0;
			if (to > (__int128)alias->info.size)
				to = alias->info.size;
			touch(t, alias, from, to);
		}
		container = region->info.container;
		if (!container)
			break;
		start += region->info.addr;
		end += region->info.addr;
		if (end > (__int128)container->info.size)
			end = container->info.size;
	}
	t->depth = depth;
}

void region_touch(struct memory_region *region)
{
	struct memory_model *model = region->model;
	struct touch t = { 0 };
	struct address_space *as;

	if (model->options.full_render)
		return;
	touch(&t, region, 0, region->info.size);
	if (!t.gave_up)
		return;
	TAILQ_FOREACH(as, &model->address_spaces, link) {
		if (as->view->root)
			view_touch_all(as->view->root);
		mark_stale(as->root);
		as->root->root_touched = true;
	}
}

void region_touch_ioeventfds(struct memory_region *region)
{
	struct memory_model *model = region->model;
	struct touch t = { .ioeventfds = true };
	struct address_space *as;

	if (model->options.full_render)
		return;
	touch(&t, region, 0, 0);
	if (!t.gave_up)
		return;
	TAILQ_FOREACH(as, &model->address_spaces, link) {
		mark_stale(as->root);
		as->root->ioeventfds_touched = true;
	}
}
