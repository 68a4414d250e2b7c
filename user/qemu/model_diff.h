/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLOTSCOPE_QEMU_MODEL_DIFF_H
#define SLOTSCOPE_QEMU_MODEL_DIFF_H

#include <stdio.h>

#include <slotscope/mtree.h>

/**
 * model_diff() - hold our rendering of QEMU's tree against QEMU's own
 * @tree:   of `info mtree`
 * @views:  of `info mtree -f`, of the same moment
 * @spaces: names of the address spaces to compare; those that @views lacks are
 *	    passed over
 * @notes:  a line for the first difference in each
 *
 * A difference is no finding about the VM: the text of the tree leaves things
 * out (mtree/hints.h), or our renderer is wrong.
 *
 * Return: 0 or -ENOMEM; a tree that cannot be rendered is a note.
 */
int model_diff(const struct mtree_tree *tree,
	       const struct mtree_flatviews *views, const char *const *spaces,
	       size_t nr_spaces, FILE *notes, struct slotscope_error *err);

#endif
