/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The MemoryRegion tree that MODEL comes from, to be shown: what a QEMU has told of it,
 * or a text. Nothing is judged by it. Pure.
 */
#ifndef SLOTSCOPE_QEMU_MODEL_TREE_H
#define SLOTSCOPE_QEMU_MODEL_TREE_H

#include <slotscope/mtree.h>

#include "memory/places.h"

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
 * @tree:  to build a model of; without nodes if there was no tree
 * @model: that model, if there is one already; NULL: it is built
 * @views: by as_id; NULL: not told
 * @rendered: @views are our own rendering
 * @rights: the text is QEMU's before 2.9, and tells no kinds
 */
struct model_tree {
	const struct mtree_tree *tree;
	const struct memory_model *model;
	const struct mtree_flatview *views[QEMU_SPACES];
	bool rendered;
	bool rights;
};

/** model_tree_told() - of what a QEMU printed */
struct model_tree model_tree_told(const struct model_told *told);

/**
 * struct model_seen - what is seen somewhere
 * @place: index of the place, in that address space's
 */
struct model_seen {
	uint64_t first;
	uint64_t last;
	size_t place;
};

/**
 * struct model_range - addresses
 */
struct model_range {
	uint64_t first;
	uint64_t last;
};

/**
 * struct model_space - an address space that KVM has slots of
 * @as:	     NULL: there is none
 * @places:  where regions stand in it
 * @seen:    what is seen by our rendering, ascending; @nr_seen
 * @differs: where the flat view has something else, or is not there, ascending;
 *	     @nr_differs
 */
struct model_space {
	const struct address_space *as;
	struct places places;
	struct model_seen *seen;
	size_t nr_seen;
	struct model_range *differs;
	size_t nr_differs;
	size_t differs_cap; /* private */
};

/**
 * struct model_layout - the tree as a model, laid out, beside the flat views
 * @model: NULL: there is no tree, or @not_built has a code and says why
 */
struct model_layout {
	const struct memory_model *model;
	struct model_space spaces[QEMU_SPACES];
	struct slotscope_error not_built;
	struct memory_model *built; /* private */
};

/**
 * model_tree_lay_out() - where regions stand, and what is seen
 * @out: model_layout_deinit() it, also after an error
 *
 * Return: 0 or -ENOMEM.
 */
int model_tree_lay_out(const struct model_tree *tree, struct model_layout *out);
void model_layout_deinit(struct model_layout *layout);

#endif
