/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way down a tree to what it shows at an address. Pure. */
#ifndef SLOTSCOPE_MTREE_PATH_H
#define SLOTSCOPE_MTREE_PATH_H

#include <slotscope/mtree.h>

#define MTREE_PATH_MAX 32

/**
 * mtree_path() - the regions between an address space and what it shows
 * @as_name: of the address space
 * @addr:    in it
 * @region:  name of the region that is shown there, as a flat view has it, and
 * @offset:  the address in that region
 * @path:    out: indexes of nodes, the root first. An alias is followed by the root
 *	     of what it shows
 *
 * Where several ways lead to it, the one of the highest priorities: the flat view
 * has told which region it is, the tree tells how it comes there.
 *
 * Return: how many; 0: the text does not have it; or -ENOMEM.
 */
int mtree_path(const struct mtree_tree *tree, const char *as_name,
	       uint64_t addr, const char *region, uint64_t offset,
	       int32_t path[MTREE_PATH_MAX]);

#endif
