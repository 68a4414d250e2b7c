// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * FlatView: what an address space shows, as sorted ranges without overlap.
 *
 * A view that was published never changes; a commit publishes another one. A
 * reader holds it by a reference. Counts, not RCU: a reader may keep a view as
 * long as it likes, no thread has to be registered, and the library needs no
 * other one. The reference is taken under a lock that a commit holds for as
 * long as it takes to store one pointer.
 *
 * Views hold regions, and the counts of regions belong to the thread that
 * changes the model. So whoever drops a view last only puts it on a list, which
 * that thread works off.
 */
#include <stdlib.h>
#include <string.h>

#include "memory/private.h"

struct flat_view *flat_view_create(struct memory_model *model,
				   struct memory_region *root)
{
	struct flat_view *view = calloc(1, sizeof(*view));

	if (!view)
		return NULL;
	atomic_init(&view->refs, 1);
	view->model = model;
	view->root = root ? memory_region_ref(root) : NULL;
	return view;
}

int flat_view_insert(struct flat_view *view, size_t at,
		     const struct flat_range *range)
{
	if (view->nr == view->cap) {
		size_t cap = view->cap ? view->cap * 2 : 16;
		struct flat_range *ranges;

		ranges = reallocarray(view->ranges, cap, sizeof(*ranges));
		if (!ranges)
			return -ENOMEM;
		view->ranges = ranges;
		view->cap = cap;
	}
	memmove(&view->ranges[at + 1], &view->ranges[at],
		(view->nr - at) * sizeof(*range));
	view->ranges[at] = *range;
	view->nr++;
	memory_region_ref(range->region);
	return 0;
}

void flat_view_free(struct flat_view *view)
{
	size_t i;

	for (i = 0; i < view->nr; i++)
		memory_region_unref(view->ranges[i].region);
	memory_region_unref(view->root);
	free(view->ranges);
	free(view);
}

const struct flat_view *flat_view_ref(const struct flat_view *view)
{
	atomic_fetch_add_explicit(&((struct flat_view *)view)->refs, 1,
				  memory_order_relaxed);
	return view;
}

void flat_view_unref(const struct flat_view *const_view)
{
	struct flat_view *view = (struct flat_view *)const_view;
	struct memory_model *model;

	if (!view || atomic_fetch_sub_explicit(&view->refs, 1,
					       memory_order_acq_rel) != 1)
		return;
	model = view->model;
	view->next_dead = atomic_load(&model->dead_views);
	while (!atomic_compare_exchange_weak(&model->dead_views,
					     &view->next_dead, view))
		;
}

void flat_view_reap(struct memory_model *model)
{
	struct flat_view *view = atomic_exchange(&model->dead_views, NULL);
	struct flat_view *next;

	for (; view; view = next) {
		next = view->next_dead;
		flat_view_free(view);
	}
}

const struct flat_view *address_space_get_flat_view(struct address_space *as)
{
	const struct flat_view *view;

	pthread_mutex_lock(&as->lock);
	view = flat_view_ref(as->view);
	pthread_mutex_unlock(&as->lock);
	return view;
}

struct memory_region *flat_view_root(const struct flat_view *view)
{
	return view->root;
}

size_t flat_view_nr(const struct flat_view *view)
{
	return view->nr;
}

const struct flat_range *flat_view_first(const struct flat_view *view)
{
	return view->nr ? &view->ranges[0] : NULL;
}

const struct flat_range *flat_view_next(const struct flat_view *view,
					const struct flat_range *range)
{
	return ++range < view->ranges + view->nr ? range : NULL;
}

const struct flat_range *flat_view_lookup(const struct flat_view *view,
					  gpa_t addr)
{
	size_t low = 0, high = view->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct flat_range *range = &view->ranges[mid];

		if (addr < range->addr)
			high = mid;
		else if (addr >= range_end(range))
			low = mid + 1;
		else
			return range;
	}
	return NULL;
}
