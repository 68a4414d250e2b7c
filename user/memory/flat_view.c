// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * FlatView: what an address space shows, as sorted ranges without overlap, in
 * leaves of up to FLAT_LEAF_MAX of them. A new view shares with the one before
 * it the leaves that did not change, so that its cost is that of the change.
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

/* With room for @leaves leaves */
struct flat_view *flat_view_create(struct memory_model *model,
				   struct memory_region *root, size_t leaves)
{
	struct flat_view *view = calloc(1, sizeof(*view));

	if (!view)
		return NULL;
	view->leaves =
		calloc(leaves, sizeof(*view->leaves) + sizeof(*view->starts));
	if (leaves && !view->leaves) {
		free(view);
		return NULL;
	}
	view->starts = (gpa_t *)(view->leaves + leaves);
	atomic_init(&view->refs, 1);
	view->model = model;
	view->root = root ? memory_region_ref(root) : NULL;
	return view;
}

void flat_view_share_leaf(struct flat_view *view, struct flat_leaf *leaf)
{
	leaf->refs++;
	view->starts[view->nr_leaves] = leaf->ranges[0].addr;
	view->leaves[view->nr_leaves++] = leaf;
	view->nr += leaf->nr;
}

/* As leaves of their own, all equally full */
int flat_view_add_ranges(struct flat_view *view, const struct flat_range *list,
			 size_t nr)
{
	size_t leaves = flat_leaves(nr), i, j, n;
	struct flat_leaf *leaf;

	for (i = 0; i < leaves; i++) {
		n = nr / (leaves - i);
		leaf = malloc(sizeof(*leaf));
		if (!leaf)
			return -ENOMEM;
		leaf->refs = 0;
		leaf->nr = n;
		leaf->ioeventfd_seq = 0;
		memcpy(leaf->ranges, list, n * sizeof(*list));
		for (j = 0; j < n; j++)
			memory_region_ref(list[j].region);
		flat_view_share_leaf(view, leaf);
		list += n;
		nr -= n;
	}
	return 0;
}

static void leaf_unref(struct flat_leaf *leaf)
{
	unsigned int i;

	if (--leaf->refs)
		return;
	for (i = 0; i < leaf->nr; i++)
		memory_region_unref(leaf->ranges[i].region);
	free(leaf);
}

void flat_view_free(struct flat_view *view)
{
	size_t i;

	dispatch_drop(&view->dispatch);
	for (i = 0; i < view->nr_leaves; i++)
		leaf_unref(view->leaves[i]);
	memory_region_unref(view->root);
	free(view->leaves);
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

/* The leaf that holds @addr, if any does: the last that begins at or below it */
size_t flat_view_leaf_of(const struct flat_view *view, gpa_t addr)
{
	size_t low = 0, high = view->nr_leaves;

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (view->starts[mid] <= addr)
			low = mid;
		else
			high = mid;
	}
	return low;
}

const struct flat_range *flat_view_first(const struct flat_view *view)
{
	return view->nr ? &view->leaves[0]->ranges[0] : NULL;
}

const struct flat_range *flat_view_next(const struct flat_view *view,
					const struct flat_range *range)
{
	size_t at = flat_view_leaf_of(view, range->addr);
	const struct flat_leaf *leaf = view->leaves[at];

	if (++range < leaf->ranges + leaf->nr)
		return range;
	return at + 1 < view->nr_leaves ? &view->leaves[at + 1]->ranges[0] :
					  NULL;
}

/* The lowest range that ends behind @addr, or NULL */
const struct flat_range *flat_view_at_or_behind(const struct flat_view *view,
						gpa_t addr)
{
	const struct flat_leaf *leaf;
	unsigned int low, high;
	size_t at;

	if (!view->nr)
		return NULL;
	at = flat_view_leaf_of(view, addr);
	leaf = view->leaves[at];
	for (low = 0, high = leaf->nr; low < high;) {
		unsigned int mid = (low + high) / 2;

		if (range_end(&leaf->ranges[mid]) <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < leaf->nr)
		return &leaf->ranges[low];
	return at + 1 < view->nr_leaves ? &view->leaves[at + 1]->ranges[0] :
					  NULL;
}

const struct flat_range *flat_view_lookup(const struct flat_view *view,
					  gpa_t addr)
{
	const struct flat_range *range = flat_view_at_or_behind(view, addr);

	return range && range->addr <= addr ? range : NULL;
}
