/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In which order the children of a region were mapped. Of equal priority the
 * newest hides the others, and info mtree prints children by address: only at
 * one address does it tell which is the newer.
 */
#ifndef SLOTSCOPE_MTREE_ORDER_H
#define SLOTSCOPE_MTREE_ORDER_H

#include <stdio.h>

#include <slotscope/mtree.h>

/** struct mtree_order - what a text tells of the age of devices; private */
struct mtree_order {
	const struct mtree_tree *tree;
	bool otherwise;
	void *known;
};

/**
 * mtree_order_init() - find what @tree tells; mtree_order_deinit() it
 * @otherwise: guess the other way round where it does not (mtree/otherwise.h)
 *
 * Return: 0 or -ENOMEM.
 */
int mtree_order_init(struct mtree_order *order, const struct mtree_tree *tree,
		     bool otherwise);
void mtree_order_deinit(struct mtree_order *order);

/**
 * mtree_order_children() - sort children of one region, the oldest first
 * @children: nodes, in the order of the text
 * @notes:    a line is written for each order that matters and is not in the
 *	      text; or NULL
 */
void mtree_order_children(const struct mtree_order *order, int32_t *children,
			  size_t nr, FILE *notes);

#endif
