// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope model mtree: QEMU's tree, rendered by our own code. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <slotscope/mtree.h>

#include "base/plural.h"
#include "base/read_file.h"
#include "cmd/model.h"
#include "mtree/answer.h"
#include "render/mtree.h"

/* The text in @path, which may be what QMP answered; to be freed */
static int read_text(const char *path, char **out, size_t *len,
		     struct slotscope_error *err)
{
	char *text = NULL, *answer;
	size_t answer_len;
	int ret = read_file(path, &text, len, err);

	if (!ret)
		ret = mtree_answer(text, *len, &answer, &answer_len, err);
	if (ret || answer)
		free(text);
	if (ret)
		return ret;
	*out = answer ? answer : text;
	*len = answer ? answer_len : *len;
	return 0;
}

/* What the model is of: as much as the text told */
struct told {
	bool owned;
	bool rights;
};

/* The tree of @path as a model; @notes gets what had to be assumed */
static int build(const char *path, FILE *notes, struct memory_model **model,
		 struct told *told, struct slotscope_error *err)
{
	struct mtree_tree tree;
	char *text = NULL;
	size_t len;
	int ret = read_text(path, &text, &len, err);

	if (ret)
		return ret;
	ret = mtree_tree_parse(text, len, &tree, err);
	free(text);
	if (ret)
		return ret;
	ret = mtree_build(&tree, MTREE_ALLOW_MISSING, notes, model, err);
	*told = (struct told){ tree.owned, tree.rights };
	mtree_tree_deinit(&tree);
	return ret;
}

static int read_views(const char *path, struct mtree_flatviews *views,
		      struct slotscope_error *err)
{
	char *text = NULL;
	size_t len;
	int ret = read_text(path, &text, &len, err);

	if (ret)
		return ret;
	ret = mtree_flatviews_parse(text, len, views, err);
	free(text);
	if (ret || views->nr)
		return ret;
	error_set(err, EINVAL, "read the flat views of %s", path);
	error_why(err, "there is none in it");
	return error_next(err, "give all that 'info mtree -f' prints");
}

static void print_notes(const char *notes)
{
	size_t len;

	for (; *notes; notes += len + !!notes[len]) {
		len = strcspn(notes, "\n");
		fprintf(stderr, "assumed: %.*s\n", (int)len, notes);
	}
}

static int print(const struct mtree_result *result, const char *against)
{
	size_t i;

	if (cmd_globals.json)
		return render_mtree_json(stdout, result);
	print_notes(result->notes);
	if (!against) {
		for (i = 0; i < result->ours->nr; i++) {
			printf("FlatView #%zu\n", i);
			mtree_flatview_print(stdout, &result->ours->views[i],
					     false);
			putchar('\n');
		}
		return 0;
	}
	return render_mtree_comparison(stdout, result);
}

/* Views that differ before those that only one of the two texts has */
static void sort_differences(struct mtree_result *result,
			     struct mtree_difference *list, size_t nr)
{
	struct mtree_difference moved;

	for (size_t i = 0; i < nr; i++) {
		if (!list[i].a || !list[i].b)
			continue;
		moved = list[i];
		memmove(&list[result->nr + 1], &list[result->nr],
			(i - result->nr) * sizeof(*list));
		list[result->nr++] = moved;
	}
	result->nr_alone = nr - result->nr;
	result->differences = list;
	result->nr_compared = result->ours->nr;
	for (size_t i = result->nr; i < nr; i++)
		result->nr_compared -= !!list[i].a;
}

/* An enum cmd_exit, or a negative errno */
static int compare_and_print(const struct mtree_flatviews *ours,
			     const struct model_tree *tree, const char *against,
			     const char *notes, struct slotscope_error *err)
{
	struct mtree_result result = { .ours = ours,
				       .tree = *tree,
				       .notes = notes };
	struct mtree_difference *list = NULL;
	struct mtree_flatviews theirs = {};
	size_t nr;
	int ret = 0;

	if (against) {
		ret = read_views(against, &theirs, err);
		if (ret)
			return ret;
		result.theirs = &theirs;
		result.owned = ours->owned && theirs.owned;
		ret = mtree_flatviews_compare(ours, &theirs, result.owned,
					      &list, &nr);
		if (!ret)
			sort_differences(&result, list, nr);
	}
	result.tree.rendered = !against;
	for (int i = 0; i < QEMU_SPACES; i++)
		result.tree.views[i] = mtree_flatviews_find(
			against ? &theirs : ours, qemu_spaces[i]);
	if (!ret)
		ret = print(&result, against);
	if (ret)
		error_set(err, ret, "print the flat views");
	else if (result.nr)
		ret = CMD_MISMATCH;
	else if (against && !result.nr_compared)
		ret = CMD_UNKNOWN;
	free(list);
	mtree_flatviews_deinit(&theirs);
	return ret;
}

static int show(struct memory_model *model, const struct told *told,
		const char *against, const char *notes,
		struct slotscope_error *err)
{
	const struct model_tree tree = { .model = model,
					 .rights = told->rights };
	struct mtree_flatviews ours;
	int ret = mtree_flatviews_from_model(model, &ours);

	if (ret)
		return error_set(err, ret, "list the flat views");
	ours.owned = told->owned;
	if (told->rights)
		mtree_flatviews_forget_kinds(&ours);
	ret = compare_and_print(&ours, &tree, against, notes, err);
	mtree_flatviews_deinit(&ours);
	return ret;
}

int model_mtree(const char *path, const char *against)
{
	struct memory_model *model = NULL;
	struct slotscope_error err = {};
	char *notes = NULL;
	struct told told;
	size_t size;
	FILE *f = open_memstream(&notes, &size);
	int ret;

	if (!f) {
		error_set(&err, ENOMEM, "read %s", path);
		return cmd_fail(&err);
	}
	ret = build(path, f, &model, &told, &err);
	if (fclose(f) && !ret)
		ret = error_set(&err, ENOMEM, "read %s", path);
	if (!ret)
		ret = show(model, &told, against, notes, &err);
	memory_model_destroy(model);
	free(notes);
	return ret < 0 ? cmd_fail(&err) : ret;
}
