// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What differs between two flat views. What they share is skipped, as large as
 * it is, where both walks stand at its beginning: so this costs what a commit
 * made anew. Both get there together, for the walk that is behind steps.
 */
#include "memory/flat_tree.h"

/* To the first range below what is chosen at @height */
static void descend(struct flat_cursor *c, unsigned int height)
{
	for (; height; height--) {
		c->level[height - 1].node =
			c->level[height].node->children[c->level[height].at].node;
		c->level[height - 1].at = 0;
	}
}

static void cursor_init(struct flat_cursor *c, const struct flat_node *tree)
{
	c->end = !tree;
	if (!tree)
		return;
	c->height = tree->height;
	c->level[tree->height].node = tree;
	c->level[tree->height].at = 0;
	descend(c, tree->height);
}

/* Past what is chosen at @height: a range, or a whole node */
static void step(struct flat_cursor *c, unsigned int height)
{
	while (height <= c->height) {
		if (++c->level[height].at < c->level[height].node->nr) {
			descend(c, height);
			return;
		}
		height++;
	}
	c->end = true;
}

static const struct flat_range *here(const struct flat_cursor *c)
{
	return c->end ? NULL : &c->level[0].node->ranges[c->level[0].at];
}

static bool skip_shared(struct flat_cursor *old, struct flat_cursor *new)
{
	unsigned int height = 0, shared = 0;

	if (old->end || new->end)
		return false;
	/* As far up as both stand at the beginning of a node */
	while (height <= old->height && height <= new->height &&
	       !old->level[height].at && !new->level[height].at) {
		if (old->level[height].node == new->level[height].node)
			shared = height + 1;
		height++;
	}
	if (!shared)
		return false;
	step(old, shared);
	step(new, shared);
	return true;
}

/* The dirty log mask does not count: its change is told by itself */
static bool same_range(const struct flat_range *a, const struct flat_range *b)
{
	return a->region == b->region && a->addr == b->addr &&
	       a->size == b->size &&
	       a->offset_in_region == b->offset_in_region &&
	       a->romd_mode == b->romd_mode && a->readonly == b->readonly &&
	       a->nonvolatile == b->nonvolatile;
}

bool flat_range_equal(const struct flat_range *a, const struct flat_range *b)
{
	return same_range(a, b) && a->dirty_log_mask == b->dirty_log_mask &&
	       a->own_readonly == b->own_readonly;
}

void flat_diff_begin(struct flat_diff *diff, const struct flat_node *old,
		     const struct flat_node *new, bool all)
{
	cursor_init(&diff->old, old);
	cursor_init(&diff->new, new);
	diff->all = all;
}

bool flat_diff_next(struct flat_diff *diff, const struct flat_range **old,
		    const struct flat_range **new)
{
	while (!diff->all && skip_shared(&diff->old, &diff->new))
		;
	*old = here(&diff->old);
	*new = here(&diff->new);
	if (*old && *new && !same_range(*old, *new)) {
		if ((*old)->addr <= (*new)->addr)
			*new = NULL;
		else
			*old = NULL;
	}
	if (*old)
		step(&diff->old, 0);
	if (*new)
		step(&diff->new, 0);
	return *old || *new;
}
