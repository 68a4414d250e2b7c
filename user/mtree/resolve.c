// SPDX-License-Identifier: GPL-2.0-or-later
/* Which region an alias shows: QEMU prints only its name. */
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "mtree/match.h"

/*
 * QEMU gives a region its section when the first alias of it is reached, in the
 * order of the text. So each alias shows a region whose section was claimed by
 * an alias before it, or the next one.
 */
struct resolver {
	const struct mtree_tree *tree;
	struct mtree_match *match;
	FILE *notes;
	int32_t *by_class; /* class of an alias -> section, or -1 */
	void *left;	   /* struct left, by name */
	size_t next;	   /* first section that nobody has claimed */
};

/*
 * Of one name: sections that no alias claimed yet, and aliases, of those that are
 * alike one, which are still to be resolved
 */
struct left {
	const char *name;
	size_t aliases;
	size_t sections;
};

static int compare_left(const void *a, const void *b)
{
	const struct left *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static struct left *find_left(const struct resolver *r, const char *name)
{
	const struct left key = { .name = name };
	struct left **found = tfind(&key, &r->left, compare_left);

	return found ? *found : NULL;
}

static struct left *add_left(struct resolver *r, const char *name)
{
	struct left *left = find_left(r, name);

	if (left)
		return left;
	left = calloc(1, sizeof(*left));
	if (!left)
		return NULL;
	left->name = name;
	if (tsearch(left, &r->left, compare_left))
		return left;
	free(left);
	return NULL;
}

/* Uses by_class to see each class once */
static int count_left(struct resolver *r)
{
	struct left *left;
	size_t i;

	for (i = 0; i < r->tree->nr_sections; i++) {
		if (!r->tree->sections[i].name)
			continue;
		left = add_left(r, r->tree->sections[i].name);
		if (!left)
			return -ENOMEM;
		left->sections++;
	}
	for (i = 0; i < r->tree->nr_nodes; i++) {
		int32_t *seen = &r->by_class[r->match->class[i]];

		if (!r->tree->nodes[i].alias || *seen)
			continue;
		*seen = 1;
		left = find_left(r, r->tree->nodes[i].alias);
		if (left)
			left->aliases++;
	}
	return 0;
}

static bool same_owner(const struct mtree_node *a, const struct mtree_node *b)
{
	return a->owner && b->owner && strcmp(a->owner, b->owner) == 0;
}

/* Nothing shows what it is itself in */
static bool contains(const struct resolver *r, size_t s, int32_t node)
{
	const struct mtree_section *section = &r->tree->sections[s];

	return (size_t)node >= section->first &&
	       (size_t)node < section->first + section->nr;
}

/* Could section @s be what alias @node shows? */
static bool fits(const struct resolver *r, size_t s, int32_t node)
{
	const struct mtree_section *section = &r->tree->sections[s];
	const struct mtree_node *alias = &r->tree->nodes[node];
	int32_t root = mtree_section_root(r->tree, s);

	if (!section->name || strcmp(section->name, alias->alias) ||
	    contains(r, s, node))
		return false;
	/* An alias is printed with the kind of its target */
	return root < 0 || r->tree->rights ||
	       r->tree->nodes[root].kind == alias->kind;
}

static bool has_owner(const struct resolver *r, size_t s,
		      const struct mtree_node *alias)
{
	int32_t root = mtree_section_root(r->tree, s);

	return root >= 0 && same_owner(&r->tree->nodes[root], alias);
}

/*
 * The section of what @alias shows, or -1. One of several is chosen by its
 * owner: a device's windows show what is the device's.
 */
static ssize_t find_target(struct resolver *r, int32_t node)
{
	const struct mtree_node *alias = &r->tree->nodes[node];
	bool next_fits = r->next < r->tree->nr_sections &&
			 fits(r, r->next, node);
	const struct left *left;
	ssize_t known = -1;
	size_t s, nr_known = 0;

	for (s = 0; s < r->next; s++) {
		if (!fits(r, s, node))
			continue;
		if (has_owner(r, s, alias))
			return s;
		known = s;
		nr_known++;
	}
	if (next_fits && (known < 0 || has_owner(r, r->next, alias)))
		return r->next;
	/* Just enough are left for each section to be claimed by one? */
	left = find_left(r, alias->alias);
	if (next_fits && left->aliases <= left->sections)
		return r->next;
	if (known >= 0) {
		if (r->notes && nr_known + next_fits > 1)
			fprintf(r->notes,
				"%zu regions are named %s: alias %s is taken "
				"to show the last one before it\n",
				nr_known + next_fits, alias->alias,
				alias->name);
		return known;
	}
	/* Claimed by an alias that is disabled and not shown: without -D */
	for (s = r->next; s < r->tree->nr_sections; s++)
		if (fits(r, s, node))
			return s;
	return -1;
}

static bool shows_itself(const struct resolver *r, int32_t node)
{
	const struct mtree_node *nodes = r->tree->nodes;
	int32_t above = nodes[node].parent;

	while (above >= 0 && strcmp(nodes[above].name, nodes[node].alias))
		above = nodes[above].parent;
	return above >= 0;
}

static int resolve_alias(struct resolver *r, int32_t node,
			 struct slotscope_error *err)
{
	const struct mtree_node *alias = &r->tree->nodes[node];
	int32_t class = r->match->class[node];
	ssize_t s = r->by_class[class];
	struct left *left;

	/* Alike, it shows the same; but not where that is around it */
	if (s < 0 || contains(r, s, node))
		s = find_target(r, node);
	if (s < 0) {
		if (!shows_itself(r, node)) {
			r->match->target[node] = MTREE_ABSENT;
			return 0;
		}
		error_set(err, EINVAL, "find what alias %s of info mtree shows",
			  alias->name);
		return error_why(
			err,
			"it shows a part of %s, which it is in itself: "
			"the model has no such regions",
			alias->alias);
	}
	left = find_left(r, alias->alias);
	if (left && r->by_class[class] < 0)
		left->aliases--;
	for (; (ssize_t)r->next <= s; r->next++)
		if (r->tree->sections[r->next].name)
			find_left(r, r->tree->sections[r->next].name)
				->sections--;
	r->by_class[class] = s;
	/* Without root the section is of a disabled region, not shown */
	r->match->target[node] = r->match->root[s];
	return 0;
}

static int resolve_all(struct resolver *r, struct slotscope_error *err)
{
	int32_t i;
	int ret = count_left(r);

	if (ret)
		return error_set(err, -ret, "match the regions of info mtree");
	while (r->next < r->tree->nr_sections &&
	       !r->tree->sections[r->next].name)
		r->next++;
	for (i = 0; i < (int32_t)r->tree->nr_nodes; i++)
		r->by_class[i] = r->match->target[i] = -1;
	for (i = 0; i < (int32_t)r->tree->nr_nodes && !ret; i++)
		if (r->tree->nodes[i].alias)
			ret = resolve_alias(r, i, err);
	return ret;
}

int mtree_resolve(const struct mtree_tree *tree, FILE *notes,
		  struct mtree_match *match, struct slotscope_error *err)
{
	struct resolver r = { .tree = tree, .match = match, .notes = notes };
	int ret;

	r.by_class = calloc(tree->nr_nodes + 1, sizeof(*r.by_class));
	if (!r.by_class)
		return error_set(err, ENOMEM,
				 "match the regions of info mtree");
	ret = resolve_all(&r, err);
	tdestroy(r.left, free);
	free(r.by_class);
	return ret;
}
