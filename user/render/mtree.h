/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RENDER_MTREE_H
#define RENDER_MTREE_H

#include <stdio.h>

#include <slotscope/mtree.h>

#include "qemu/model_tree.h"

/**
 * struct mtree_result - what slotscope model mtree found
 * @ours:	 our views
 * @theirs:	 QEMU's; NULL if they were only to be printed
 * @differences: of mtree_flatviews_compare(): first those that both have
 * @nr:		 how many of these there are; behind them
 * @nr_alone:	 that only one of the two has: not compared
 * @nr_compared: views that both have
 * @owned:	 show owners
 * @tree:	 that @ours are of
 * @notes:	 what had to be assumed, a line each
 */
struct mtree_result {
	const struct mtree_flatviews *ours;
	const struct mtree_flatviews *theirs;
	const struct mtree_difference *differences;
	size_t nr;
	size_t nr_alone;
	size_t nr_compared;
	bool owned;
	struct model_tree tree;
	const char *notes;
};

/**
 * render_mtree_comparison() - name each view that differs, and its lines
 *
 * Then how many are equal, and which were not compared. Return: 0 or -ENOMEM.
 */
int render_mtree_comparison(FILE *out, const struct mtree_result *result);

/** render_mtree_json() - views, or differences if there is @theirs; likewise */
int render_mtree_json(FILE *out, const struct mtree_result *result);

#endif
