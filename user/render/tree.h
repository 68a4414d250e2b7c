/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The MemoryRegion tree, and what of it is seen; for people and as JSON */
#ifndef RENDER_TREE_H
#define RENDER_TREE_H

#include <stdio.h>

#include <slotscope/check.h>

#include "qemu/model_tree.h"

/**
 * struct tree_document - what is to be told; all is borrowed
 * @tree:     the tree
 * @layout:   of it; laid out
 * @comparison, @rows: what slots there are; NULL: nobody looked, and
 * @no_slots: why
 * @as_id:    this address space alone; -1: all
 * @vm:	      which VM; NULL: of files, or of a process without one
 */
struct tree_document {
	const struct model_tree *tree;
	const struct model_layout *layout;
	const struct comparison *comparison;
	const struct check_rows *rows;
	const char *no_slots;
	int32_t as_id;
	const struct vm_id *vm;
};

/**
 * render_tree() - a line a place, and beneath it what is seen, what hides the rest and
 * why, and the slots of what is seen
 */
void render_tree(FILE *out, const struct tree_document *document);

/** render_tree_document() - all of it as JSON: see json.md; 0 or -ENOMEM */
int render_tree_document(FILE *out, const struct tree_document *document);

#endif
