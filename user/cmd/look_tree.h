/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The MemoryRegion tree of what was looked at */
#ifndef SLOTSCOPE_CMD_LOOK_TREE_H
#define SLOTSCOPE_CMD_LOOK_TREE_H

#include "cmd/look.h"
#include "qemu/model_tree.h"

/**
 * look_tree() - the tree and its flat views
 * @out: borrowed from @looked
 *
 * Return: NULL, or why there is none.
 */
const char *look_tree(const struct looked *looked, struct model_tree *out);

#endif
