// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "qemu/model_tree.h"

const char *const qemu_spaces[QEMU_SPACES] = { "memory", "KVM-SMRAM" };

void model_told_deinit(struct model_told *told)
{
	mtree_tree_deinit(&told->tree);
	mtree_flatviews_deinit(&told->views);
	*told = (struct model_told){};
}

struct model_tree model_tree_told(const struct model_told *told)
{
	struct model_tree tree = { .tree = &told->tree };

	for (size_t i = 0; i < QEMU_SPACES; i++)
		tree.views[i] =
			mtree_flatviews_find(&told->views, qemu_spaces[i]);
	return tree;
}

int model_tree_as_id(const char *name)
{
	for (int i = 0; i < QEMU_SPACES; i++)
		if (!strcmp(name, qemu_spaces[i]))
			return i;
	return -1;
}

/*
 * The node of the root that KVM's address space has. A text without address spaces
 * may have the region that "memory" begins with.
 */
static int32_t root_of(const struct mtree_tree *tree,
		       const struct mtree_match *match, int as_id)
{
	for (size_t i = 0; i < tree->nr_as; i++)
		if (model_tree_as_id(tree->as[i].name) == as_id)
			return match->root[tree->as[i].section];
	for (size_t i = 0; !as_id && i < tree->nr_sections; i++)
		if (tree->sections[i].name &&
		    !strcmp(tree->sections[i].name, "system"))
			return match->root[i];
	return -1;
}

int model_tree_lay_out(const struct model_tree *tree, struct model_layout *out)
{
	struct mtree_space spaces[QEMU_SPACES];
	struct mtree_match match;
	int ret;

	*out = (struct model_layout){};
	ret = mtree_match(tree->tree, NULL, &match, &out->not_laid_out);
	if (ret)
		return ret == -ENOMEM ? ret : 0;
	for (int i = 0; i < QEMU_SPACES; i++)
		spaces[i] = (struct mtree_space){
			.as_id = i,
			.root = root_of(tree->tree, &match, i),
			.view = tree->views[i],
		};
	ret = mtree_places_init(tree->tree, &match, spaces, QEMU_SPACES,
				&out->places);
	out->roots = calloc(tree->tree->nr_as + 1, sizeof(*out->roots));
	if (!out->roots)
		ret = -ENOMEM;
	for (size_t i = 0; i < tree->tree->nr_as && !ret; i++)
		out->roots[i] = mtree_places_region(
			&out->places, match.root[tree->tree->as[i].section]);
	mtree_match_deinit(&match);
	return ret;
}

void model_layout_deinit(struct model_layout *layout)
{
	mtree_places_deinit(&layout->places);
	free(layout->roots);
	*layout = (struct model_layout){};
}
