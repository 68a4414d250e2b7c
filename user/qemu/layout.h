/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a QEMU tells of its memory beyond what MODEL is made of: registers, the way
 * from an address space to a region, RAMBlocks. To tell an address by, not to judge.
 */
#ifndef SLOTSCOPE_QEMU_LAYOUT_H
#define SLOTSCOPE_QEMU_LAYOUT_H

#include <slotscope/addr.h>

#include "qemu/qmp.h"

/**
 * struct layout - each part, or why there is none
 * @flat, @tree, @blocks: valid where the error beside has no code
 */
struct layout {
	struct mtree_flatviews flat;
	struct slotscope_error no_flat;
	struct mtree_tree tree;
	struct slotscope_error no_tree;
	struct addr_block *blocks;
	size_t nr_blocks;
	struct slotscope_error no_blocks;
};

/** layout_none() - none of it is there, and @why */
void layout_none(struct layout *layout, const struct slotscope_error *why);

/** layout_read() - ask for all of it; layout_deinit() it */
void layout_read(struct qmp *q, struct layout *out);
void layout_deinit(struct layout *layout);

#endif
