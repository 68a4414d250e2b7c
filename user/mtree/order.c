// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "mtree/match.h"
#include "mtree/order.h"

/* Far above any machine's; bounds the work that a hostile text can cause */
#define OVERLAPPING_MAX 256

/* What @newer maps was seen to be newer than what @older does */
struct ages {
	const char *newer;
	const char *older;
};

static int compare_ages(const void *a, const void *b)
{
	const struct ages *x = a, *y = b;
	int ret = strcmp(x->newer, y->newer);

	return ret ? ret : strcmp(x->older, y->older);
}

static bool is_known(const struct mtree_order *order, const char *newer,
		     const char *older)
{
	const struct ages ages = { newer, older };

	return newer && older && tfind(&ages, &order->known, compare_ages);
}

/*
 * By all that their devices have at one address, is @a newer than @b? A device
 * that is mapped anew becomes the newest: then it may be seen both ways, and
 * tells nothing.
 */
static bool is_newer(const struct mtree_order *order, int32_t a, int32_t b)
{
	const char *x = order->tree->nodes[a].owner;
	const char *y = order->tree->nodes[b].owner;

	return is_known(order, x, y) && !is_known(order, y, x);
}

static int learn(struct mtree_order *order, const struct mtree_node *newer,
		 const struct mtree_node *older)
{
	struct ages *ages, **found;

	if (newer->start != older->start ||
	    newer->priority != older->priority || !newer->owner ||
	    !older->owner || !strcmp(newer->owner, older->owner))
		return 0;
	ages = malloc(sizeof(*ages));
	if (!ages)
		return -ENOMEM;
	*ages = (struct ages){ newer->owner, older->owner };
	found = tsearch(ages, &order->known, compare_ages);
	if (!found || *found != ages)
		free(ages);
	return found ? 0 : -ENOMEM;
}

int mtree_order_init(struct mtree_order *order, const struct mtree_tree *tree,
		     bool otherwise)
{
	const struct mtree_node *nodes = tree->nodes;
	int32_t i, next;
	int ret = 0;

	*order = (struct mtree_order){ .tree = tree, .otherwise = otherwise };
	for (i = 0; i < (int32_t)tree->nr_nodes && !ret; i++) {
		if (nodes[i].parent < 0)
			continue;
		next = mtree_next_child(tree, nodes[i].parent, i);
		if (next >= 0)
			ret = learn(order, &nodes[i], &nodes[next]);
	}
	if (ret)
		mtree_order_deinit(order);
	return ret;
}

void mtree_order_deinit(struct mtree_order *order)
{
	tdestroy(order->known, free);
	order->known = NULL;
}

/*
 * The guess for what the text does not tell: of two that begin at different
 * addresses the later one is newer. If it lies in the other it could not be seen
 * otherwise, and ports are mostly mapped from the lowest to the highest.
 */
static int compare_children(const void *a, const void *b, void *tree_nodes)
{
	const struct mtree_node *nodes = tree_nodes;
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	if (nodes[x].priority != nodes[y].priority)
		return nodes[x].priority < nodes[y].priority ? -1 : 1;
	if (nodes[x].start != nodes[y].start)
		return nodes[x].start < nodes[y].start ? -1 : 1;
	return x > y ? -1 : 1;
}

/* The same with the other guess; at one address the text tells */
static int compare_otherwise(const void *a, const void *b, void *tree_nodes)
{
	const struct mtree_node *nodes = tree_nodes;
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	if (nodes[x].start != nodes[y].start)
		return nodes[x].start > nodes[y].start ? -1 : 1;
	return x > y ? -1 : 1;
}

/* Put each before those that are known to be newer */
static void use_ages(const struct mtree_order *order, int32_t *children,
		     size_t nr)
{
	size_t i, at;

	for (i = 1; i < nr; i++) {
		int32_t child = children[i];

		for (at = 0; at < i; at++)
			if (is_newer(order, children[at], child))
				break;
		memmove(&children[at + 1], &children[at],
			(i - at) * sizeof(*children));
		children[at] = child;
	}
}

/* @children are of equal priority, sorted by address, and reach into each other */
static void sort_overlapping(const struct mtree_order *order, int32_t *children,
			     size_t nr, FILE *notes)
{
	const struct mtree_node *nodes = order->tree->nodes, *x, *y;
	size_t i, j;

	if (order->otherwise)
		qsort_r(children, nr, sizeof(*children), compare_otherwise,
			order->tree->nodes);
	if (nr > OVERLAPPING_MAX) {
		if (notes)
			fprintf(notes,
				"%zu regions from %s at %016" PRIx64 " on, "
				"which overlap, were mapped in ascending "
				"order\n",
				nr, nodes[children[0]].name,
				nodes[children[0]].start);
		return;
	}
	for (i = 0; i < nr && notes; i++) {
		for (j = i + 1; j < nr; j++) {
			x = &nodes[children[i]];
			y = &nodes[children[j]];
			if (y->start == x->start || y->start > x->end ||
			    x->disabled || y->disabled ||
			    is_newer(order, children[i], children[j]) ||
			    is_newer(order, children[j], children[i]))
				continue;
			fprintf(notes,
				"%s at %016" PRIx64 " is newer than %s at "
				"%016" PRIx64 ", and hides it\n",
				y->name, y->start, x->name, x->start);
		}
	}
	use_ages(order, children, nr);
}

void mtree_order_children(const struct mtree_order *order, int32_t *children,
			  size_t nr, FILE *notes)
{
	const struct mtree_node *nodes = order->tree->nodes;
	size_t i, first = 0;
	uint64_t end = 0;

	qsort_r(children, nr, sizeof(*children), compare_children,
		order->tree->nodes);
	for (i = 0; i < nr; i++) {
		const struct mtree_node *n = &nodes[children[i]];

		if (i == first ||
		    n->priority != nodes[children[i - 1]].priority ||
		    n->start > end) {
			if (i - first > 1)
				sort_overlapping(order, &children[first],
						 i - first, notes);
			first = i;
			end = n->end;
		} else if (n->end > end) {
			end = n->end;
		}
	}
	if (nr - first > 1)
		sort_overlapping(order, &children[first], nr - first, notes);
}
