// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "mtree/match.h"
#include "mtree/path.h"

/* Regions may be shown by many aliases each: a text could have us walk for ever */
#define STEPS_MAX 100000

struct walk {
	const struct mtree_tree *tree;
	const struct mtree_match *match;
	const char *region;
	uint64_t offset;
	int32_t *path;
	size_t steps;
};

static bool holds(const struct mtree_node *node, uint64_t addr)
{
	return !node->disabled && node->start <= addr && addr <= node->end;
}

/* The child of @parent at @addr whose priority is the next one below @below */
static int32_t next_below(const struct walk *w, int32_t parent, uint64_t addr,
			  int64_t below, int32_t after)
{
	const struct mtree_node *nodes = w->tree->nodes;
	int32_t best = -1;
	int32_t child = mtree_next_child(w->tree, parent, -1);

	for (; child >= 0; child = mtree_next_child(w->tree, parent, child)) {
		if (!holds(&nodes[child], addr) ||
		    nodes[child].priority > below ||
		    (nodes[child].priority == below && child <= after))
			continue;
		if (best < 0 || nodes[child].priority > nodes[best].priority)
			best = child;
	}
	return best;
}

static int descend(struct walk *w, int32_t at, uint64_t addr, int depth);

static int descend_children(struct walk *w, int32_t at, uint64_t addr,
			    int depth)
{
	int64_t below = INT64_MAX;
	int32_t child = -1;
	int len;

	while ((child = next_below(w, at, addr, below, child)) >= 0) {
		len = descend(w, child, addr, depth);
		if (len)
			return len;
		below = w->tree->nodes[child].priority;
	}
	return 0;
}

/* Of node @at, which holds @addr, at place @depth. Return: length of the whole path */
static int descend(struct walk *w, int32_t at, uint64_t addr, int depth)
{
	const struct mtree_node *node = &w->tree->nodes[at];
	int32_t target;
	int len;

	if (depth == MTREE_PATH_MAX || w->steps++ > STEPS_MAX)
		return 0;
	w->path[depth++] = at;
	if (node->alias) {
		target = w->match->target[at];
		if (target < 0)
			return 0;
		return descend(w, target,
			       w->tree->nodes[target].start +
				       node->alias_start + (addr - node->start),
			       depth);
	}
	len = descend_children(w, at, addr, depth);
	if (len)
		return len;
	return addr - node->start == w->offset &&
			       !strcmp(node->name, w->region) ?
		       depth :
		       0;
}

static int32_t root_of(const struct mtree_tree *tree, const char *as_name)
{
	for (size_t i = 0; i < tree->nr_as; i++)
		if (!strcmp(tree->as[i].name, as_name))
			return mtree_section_root(tree, tree->as[i].section);
	return -1;
}

int mtree_path(const struct mtree_tree *tree, const char *as_name,
	       uint64_t addr, const char *region, uint64_t offset,
	       int32_t path[MTREE_PATH_MAX])
{
	struct slotscope_error ignored = {};
	struct mtree_match match;
	struct walk w = { tree, &match, region, offset, path, 0 };
	const int32_t root = root_of(tree, as_name);
	int ret;

	if (root < 0)
		return 0;
	ret = mtree_match(tree, NULL, &match, &ignored);
	if (ret)
		return ret == -ENOMEM ? ret : 0;
	ret = holds(&tree->nodes[root], addr) ? descend(&w, root, addr, 0) : 0;
	mtree_match_deinit(&match);
	return ret;
}
