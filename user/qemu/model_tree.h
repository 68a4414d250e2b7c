/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The MemoryRegion tree that MODEL comes from, to be shown: what a QEMU has told of it,
 * or a text. Nothing is judged by it. Pure.
 */
#ifndef SLOTSCOPE_QEMU_MODEL_TREE_H
#define SLOTSCOPE_QEMU_MODEL_TREE_H

#include <slotscope/mtree.h>

#include "mtree/places.h"

/* The address spaces that QEMU has KVM listen on, by as_id */
#define QEMU_SPACES 2
extern const char *const qemu_spaces[QEMU_SPACES];

/**
 * struct model_told - what a QEMU printed, the two of one moment
 * @have: there is something; else all is 0
 */
struct model_told {
	bool have;
	struct mtree_tree tree;
	struct mtree_flatviews views;
};

/** model_told_deinit() - all 0 is allowed, and what is left */
void model_told_deinit(struct model_told *told);

/**
 * struct model_tree - a tree and what is seen of it; all is borrowed
 * @tree:     without nodes if there was no tree
 * @views:    by as_id; NULL: not told
 * @rendered: @views are our own rendering of @tree
 */
struct model_tree {
	const struct mtree_tree *tree;
	const struct mtree_flatview *views[QEMU_SPACES];
	bool rendered;
};

/** model_tree_told() - of what a QEMU printed */
struct model_tree model_tree_told(const struct model_told *told);

/**
 * struct model_layout - the tree, laid out in the address spaces
 * @places: valid unless @not_laid_out has a code
 * @roots:  by address space of the tree: the index of its root's region, or -1
 * @not_laid_out: why the regions cannot be told apart
 */
struct model_layout {
	struct mtree_places places;
	int32_t *roots;
	struct slotscope_error not_laid_out;
};

/**
 * model_tree_lay_out() - which regions there are, where they stand, and what is seen
 * @out: model_layout_deinit() it, also after an error
 *
 * Return: 0 or -ENOMEM.
 */
int model_tree_lay_out(const struct model_tree *tree, struct model_layout *out);
void model_layout_deinit(struct model_layout *layout);

/** model_tree_as_id() - of an address space by its name; -1: KVM has no slots of it */
int model_tree_as_id(const char *name);

#endif
