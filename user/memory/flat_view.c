// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * FlatView: what an address space shows, as sorted ranges without overlap. They
 * are in a tree (flat_tree.h), of which a new view shares with the one before it
 * all that did not change: so its cost is that of the change.
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

#include "memory/address_space.h"
#include "memory/flat_view.h"
#include "memory/model.h"

/* Takes over the reference to @tree */
struct flat_view *flat_view_create(struct memory_model *model,
				   struct memory_region *root,
				   struct flat_node *tree)
{
	struct flat_view *view = calloc(1, sizeof(*view));

	if (!view)
		return NULL;
	atomic_init(&view->refs, 1);
	view->model = model;
	view->root = root ? memory_region_ref(root) : NULL;
	view->tree = tree;
	TAILQ_INIT(&view->users);
	return view;
}

void flat_view_free(struct flat_view *view)
{
	dispatch_drop(&view->dispatch);
	flat_node_unref(view->tree);
	memory_region_unref(view->root);
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
	return view->tree ? view->tree->nr_ranges : 0;
}

/* The lowest range that ends behind @addr, or NULL */
static const struct flat_range *at_or_behind(const struct flat_view *view,
					     gpa_t addr)
{
	return flat_tree_at_or_behind(view->tree, addr);
}

const struct flat_range *flat_view_first(const struct flat_view *view)
{
	return at_or_behind(view, 0);
}

const struct flat_range *flat_view_next(const struct flat_view *view,
					const struct flat_range *range)
{
	if (!range->ends_leaf)
		return range + 1;
	if (range_end(range) == MEMORY_SIZE_2_64)
		return NULL;
	return at_or_behind(view, range_end(range));
}

const struct flat_range *flat_view_lookup(const struct flat_view *view,
					  gpa_t addr)
{
	const struct flat_range *range = at_or_behind(view, addr);

	return range && range->addr <= addr ? range : NULL;
}
