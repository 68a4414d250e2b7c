/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a text of info mtree leaves open: mtree_build() assumes what is likely. Where
 * it makes a difference, nobody can know.
 */
#ifndef SLOTSCOPE_MTREE_OTHERWISE_H
#define SLOTSCOPE_MTREE_OTHERWISE_H

#include <slotscope/mtree.h>

/**
 * mtree_build_otherwise() - with the opposite of each assumption
 *
 * Regions that may be registers or empty containers are containers; of regions of
 * equal priority that overlap, where the text does not tell the newer, the one that
 * begins first is; what an alias shows that is not in the text is memory. What the
 * two models have alike does not depend on any of that.
 *
 * Return: as mtree_build() with MTREE_ALLOW_MISSING.
 */
int mtree_build_otherwise(const struct mtree_tree *tree,
			  struct memory_model **out,
			  struct slotscope_error *err);

#endif
