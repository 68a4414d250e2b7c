// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Are the flat views of two texts the same? QEMU prints views in the order of a
 * hash table keyed by pointers, and their numbers follow that order: a view has
 * to be found by what is in it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <slotscope/mtree.h>

static bool same_str(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool same_range(const struct mtree_range *a, const struct mtree_range *b,
		       bool owned)
{
	if (owned &&
	    !(same_str(a->owner, b->owner) && same_str(a->parent, b->parent)))
		return false;
	return a->first == b->first && a->last == b->last &&
	       a->priority == b->priority && a->kind == b->kind &&
	       a->nonvolatile == b->nonvolatile && a->offset == b->offset &&
	       same_str(a->name, b->name);
}

static bool same_as(const struct mtree_flatview_as *a,
		    const struct mtree_flatview_as *b)
{
	if (!same_str(a->name, b->name))
		return false;
	/* Up to 2.10 QEMU does not tell */
	return !a->root || !b->root ||
	       (same_str(a->root, b->root) && same_str(a->alias, b->alias));
}

static size_t count_as(const struct mtree_flatview *view,
		       const struct mtree_flatview_as *as)
{
	size_t i, n = 0;

	for (i = 0; i < view->nr_as; i++)
		n += same_as(&view->as[i], as);
	return n;
}

/* The same address spaces, each as often: names repeat */
static bool same_spaces(const struct mtree_flatview *a,
			const struct mtree_flatview *b)
{
	size_t i;

	/* Without its head a view tells of none */
	if (!a->nr_as || !b->nr_as)
		return true;
	if (a->nr_as != b->nr_as)
		return false;
	for (i = 0; i < a->nr_as; i++)
		if (count_as(a, &a->as[i]) != count_as(b, &a->as[i]))
			return false;
	return true;
}

static bool same_root(const struct mtree_flatview *a,
		      const struct mtree_flatview *b)
{
	return !a->root || !b->root || same_str(a->root, b->root);
}

static bool same_view(const struct mtree_flatview *a,
		      const struct mtree_flatview *b, bool owned)
{
	size_t i;

	if (a->nr_ranges != b->nr_ranges || !same_root(a, b))
		return false;
	for (i = 0; i < a->nr_ranges; i++)
		if (!same_range(&a->ranges[i], &b->ranges[i], owned))
			return false;
	return same_spaces(a, b);
}

static bool share_a_space(const struct mtree_flatview *a,
			  const struct mtree_flatview *b)
{
	size_t i, j;

	for (i = 0; i < a->nr_as; i++)
		for (j = 0; j < b->nr_as; j++)
			if (same_str(a->as[i].name, b->as[j].name))
				return true;
	return false;
}

/* How surely two views stand for the same: the most certain is tried first */
enum closeness { EQUAL, SPACE, ROOT, NR_CLOSENESS };

static bool close_by(enum closeness how, const struct mtree_flatview *a,
		     const struct mtree_flatview *b, bool owned)
{
	switch (how) {
	case EQUAL:
		return same_view(a, b, owned);
	case SPACE:
		return share_a_space(a, b);
	default:
		return same_root(a, b);
	}
}

/* Indices of @b by index of @a; @b->nr is nobody */
static void match(const struct mtree_flatviews *a,
		  const struct mtree_flatviews *b, bool owned, size_t *partner,
		  bool *taken, bool *equal)
{
	enum closeness how;
	size_t i, j;

	for (i = 0; i < a->nr; i++)
		partner[i] = b->nr;
	for (how = EQUAL; how < NR_CLOSENESS; how++) {
		for (i = 0; i < a->nr; i++) {
			if (partner[i] < b->nr)
				continue;
			for (j = 0; j < b->nr; j++)
				if (!taken[j] && close_by(how, &a->views[i],
							  &b->views[j], owned))
					break;
			if (j == b->nr)
				continue;
			partner[i] = j;
			taken[j] = true;
			equal[i] = how == EQUAL;
		}
	}
}

int mtree_flatviews_compare(const struct mtree_flatviews *a,
			    const struct mtree_flatviews *b, bool owned,
			    struct mtree_difference **out, size_t *nr)
{
	size_t *partner = calloc(a->nr + 1, sizeof(*partner));
	bool *taken = calloc(b->nr + 1, sizeof(*taken));
	bool *equal = calloc(a->nr + 1, sizeof(*equal));
	struct mtree_difference *d = calloc(a->nr + b->nr + 1, sizeof(*d));
	int ret = -ENOMEM;
	size_t i;

	*out = NULL;
	*nr = 0;
	if (!partner || !taken || !equal || !d)
		goto out;
	match(a, b, owned && a->owned && b->owned, partner, taken, equal);
	for (i = 0; i < a->nr; i++) {
		if (equal[i])
			continue;
		d[*nr].a = &a->views[i];
		if (partner[i] < b->nr)
			d[*nr].b = &b->views[partner[i]];
		++*nr;
	}
	for (i = 0; i < b->nr; i++)
		if (!taken[i])
			d[(*nr)++].b = &b->views[i];
	if (*nr) {
		*out = d;
		d = NULL;
	}
	ret = 0;
out:
	free(d);
	free(equal);
	free(taken);
	free(partner);
	return ret;
}
