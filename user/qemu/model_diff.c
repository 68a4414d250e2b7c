// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <slotscope/mtree.h>

#include "qemu/model_diff.h"

static void print_range(FILE *out, const struct mtree_range *range)
{
	if (range)
		fprintf(out, "%s%s %s +0x%" PRIx64 " to 0x%" PRIx64,
			range->nonvolatile ? "nv-" : "",
			mtree_kind_name(range->kind), range->name,
			range->offset, range->last);
	else
		fputs("nothing", out);
}

static bool same(const struct mtree_range *a, const struct mtree_range *b)
{
	return a->first == b->first && a->last == b->last &&
	       a->kind == b->kind && a->nonvolatile == b->nonvolatile &&
	       a->offset == b->offset && strcmp(a->name, b->name) == 0;
}

static void diff_view(const char *name, const struct mtree_flatview *ours,
		      const struct mtree_flatview *theirs, FILE *notes)
{
	size_t n = ours ? ours->nr_ranges : 0, i = 0;
	const struct mtree_range *x, *y;
	uint64_t at;

	while (i < n && i < theirs->nr_ranges &&
	       same(&ours->ranges[i], &theirs->ranges[i]))
		i++;
	if (i == n && i == theirs->nr_ranges)
		return;
	x = i < n ? &ours->ranges[i] : NULL;
	y = i < theirs->nr_ranges ? &theirs->ranges[i] : NULL;
	at = x && (!y || x->first < y->first) ? x->first : y->first;
	fprintf(notes,
		"our rendering of QEMU's tree differs in address space %s at "
		"0x%" PRIx64 ": ours ",
		name, at);
	print_range(notes, x && x->first == at ? x : NULL);
	fputs(", QEMU's ", notes);
	print_range(notes, y && y->first == at ? y : NULL);
	fputs(". MODEL is QEMU's\n", notes);
}

/* Our flat views of the tree; their strings are the model's */
static int render(const struct mtree_tree *tree, struct memory_model **model,
		  struct mtree_flatviews *out, struct slotscope_error *err)
{
	int ret = mtree_build(tree, MTREE_REFUSE_MISSING, NULL, model, err);

	if (ret)
		return ret;
	ret = mtree_flatviews_from_model(*model, out);
	if (ret) {
		error_set(err, -ret, "list our flat views");
		memory_model_destroy(*model);
	}
	return ret;
}

int model_diff(const struct mtree_tree *tree,
	       const struct mtree_flatviews *views, const char *const *spaces,
	       size_t nr_spaces, FILE *notes, struct slotscope_error *err)
{
	struct mtree_flatviews ours;
	struct memory_model *model;
	size_t i;
	int ret = render(tree, &model, &ours, err);

	if (ret == -ENOMEM)
		return ret;
	if (ret) {
		fprintf(notes, "%s: %s\n", err->tried, err->why);
		memset(err, 0, sizeof(*err));
		return 0;
	}
	for (i = 0; i < nr_spaces; i++) {
		const struct mtree_flatview *theirs =
			mtree_flatviews_find(views, spaces[i]);

		if (theirs)
			diff_view(spaces[i],
				  mtree_flatviews_find(&ours, spaces[i]),
				  theirs, notes);
	}
	mtree_flatviews_deinit(&ours);
	memory_model_destroy(model);
	return 0;
}
