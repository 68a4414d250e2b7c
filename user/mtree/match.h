/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which lines of an `info mtree` text are the same region, and which region an
 * alias shows. QEMU prints a region wherever it is reached, and of an alias's
 * target only the name; names repeat.
 */
#ifndef SLOTSCOPE_MTREE_MATCH_H
#define SLOTSCOPE_MTREE_MATCH_H

#include <stdio.h>

#include <slotscope/mtree.h>

#define MTREE_ABSENT (-2)

/**
 * struct mtree_match - what the nodes of a tree stand for
 * @class:   of each node: nodes of one class are alike in all that is printed,
 *	     with all below them. (Two regions that alike may be taken for
 *	     each other: nothing that is rendered can differ.)
 * @region:  of each class: the node that stands for it, the one to build
 * @build:   of each section: build the regions of its nodes. Those of the other
 *	     sections stand in one of these as well
 * @root:    of each section: the node that stands for its root; -1 if that is
 *	     not shown
 * @target:  of each node: the node that stands for what it shows; -1 if it is
 *	     no alias, or shows what is disabled and not in the text; MTREE_ABSENT
 *	     if there is no section for what it shows
 */
struct mtree_match {
	int32_t *class;
	int32_t *region;
	bool *build;
	int32_t *root;
	int32_t *target;
};

/**
 * mtree_match() - find out
 * @notes: a line is written for each thing that had to be assumed; or NULL
 *
 * Return: 0, -ENOMEM, or -EINVAL if an alias shows what it is in itself.
 */
int mtree_match(const struct mtree_tree *tree, FILE *notes,
		struct mtree_match *out, struct slotscope_error *err);
void mtree_match_deinit(struct mtree_match *match);

/**
 * mtree_resolve() - the last part of mtree_match(): fill @match->target
 *
 * Return: as mtree_match().
 */
int mtree_resolve(const struct mtree_tree *tree, FILE *notes,
		  struct mtree_match *match, struct slotscope_error *err);

/** mtree_section_root() - index of its root, or -1 if that is not shown */
int32_t mtree_section_root(const struct mtree_tree *tree, size_t section);

/**
 * mtree_next_child() - children of node @parent, in order
 * @child: the one before; -1 to begin
 *
 * Return: an index, or -1 after the last one.
 */
int32_t mtree_next_child(const struct mtree_tree *tree, int32_t parent,
			 int32_t child);

#endif
