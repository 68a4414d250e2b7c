/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rebuilds a memory model from the text of `info mtree`, so that it can be
 * rendered by our own code and held against QEMU's flat views.
 */
#ifndef SLOTSCOPE_MEMORY_MTREE_BUILD_H
#define SLOTSCOPE_MEMORY_MTREE_BUILD_H

#include <stdio.h>

#include <slotscope/memory.h>

#include "memory/mtree_read.h"

/**
 * mtree_build() - make a model of a tree
 * @notes: a line is written for each thing that had to be assumed, because the
 *	   text does not tell; or NULL
 * @out:   a new model; memory_model_destroy() it
 *
 * Exact for the text of `info mtree -o -D` of QEMU 7.2; poorer text tells less.
 * The addresses of RAM in the VMM are not in the text.
 *
 * Return: 0, -ENOMEM, -EINVAL or -ELOOP for a tree that cannot be.
 */
int mtree_build(const struct mtree_tree *tree, FILE *notes,
		struct memory_model **out, struct slotscope_error *err);

/**
 * mtree_flatviews_from_tree_text() - the text of `info mtree`, as that of
 * `info mtree -f`
 * @out:   the flat views are printed here, by mtree_print()
 * @notes: as above
 *
 * Return: as mtree_build(), or -EIO if @out cannot be written.
 */
int mtree_flatviews_from_tree_text(const char *text, size_t len, FILE *out,
				   FILE *notes, struct slotscope_error *err);

#endif
