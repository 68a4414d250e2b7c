// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope model mtree: QEMU's tree, rendered by our own code. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <slotscope/mtree.h>

#include "base/plural.h"
#include "cmd/model.h"
#include "mtree/answer.h"
#include "render/mtree.h"

/* The text in @path, which may be what QMP answered; to be freed */
static int read_text(const char *path, char **out, size_t *len,
		     struct slotscope_error *err)
{
	char *text = NULL, *answer;
	size_t answer_len;
	int ret = model_read_text(path, &text, len, err);

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

/* The tree of @path as a model; @notes gets what had to be assumed */
static int build(const char *path, FILE *notes, struct memory_model **model,
		 bool *owned, struct slotscope_error *err)
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
	*owned = tree.owned;
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
	if (result->nr)
		return render_mtree_differences(stdout, result);
	printf("%zu flat view%s, all equal\n", result->ours->nr,
	       plural(result->ours->nr));
	return 0;
}

static int compare_and_print(const struct mtree_flatviews *ours,
			     const char *against, const char *notes,
			     size_t *differences, struct slotscope_error *err)
{
	struct mtree_result result = { .ours = ours, .notes = notes };
	struct mtree_difference *list = NULL;
	struct mtree_flatviews theirs = {};
	int ret = 0;

	if (against) {
		ret = read_views(against, &theirs, err);
		if (ret)
			return ret;
		result.theirs = &theirs;
		result.owned = ours->owned && theirs.owned;
		ret = mtree_flatviews_compare(ours, &theirs, result.owned,
					      &list, &result.nr);
		result.differences = list;
	}
	if (!ret)
		ret = print(&result, against);
	if (ret)
		error_set(err, ret, "print the flat views");
	*differences = result.nr;
	free(list);
	mtree_flatviews_deinit(&theirs);
	return ret;
}

static int show(struct memory_model *model, bool owned, const char *against,
		const char *notes, size_t *differences,
		struct slotscope_error *err)
{
	struct mtree_flatviews ours;
	int ret = mtree_flatviews_from_model(model, &ours);

	if (ret)
		return error_set(err, ret, "list the flat views");
	/* The model knows owners only if the text told them */
	ours.owned = owned;
	ret = compare_and_print(&ours, against, notes, differences, err);
	mtree_flatviews_deinit(&ours);
	return ret;
}

int model_mtree(const char *path, const char *against)
{
	struct memory_model *model = NULL;
	struct slotscope_error err = {};
	size_t size, differences = 0;
	char *notes = NULL;
	bool owned;
	FILE *f = open_memstream(&notes, &size);
	int ret;

	if (!f) {
		error_set(&err, ENOMEM, "read %s", path);
		return cmd_fail(&err);
	}
	ret = build(path, f, &model, &owned, &err);
	if (fclose(f) && !ret)
		ret = error_set(&err, ENOMEM, "read %s", path);
	if (!ret)
		ret = show(model, owned, against, notes, &differences, &err);
	memory_model_destroy(model);
	free(notes);
	if (ret)
		return cmd_fail(&err);
	return differences ? CMD_MISMATCH : CMD_OK;
}
