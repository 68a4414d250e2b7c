// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer: any text as that of info mtree. A tree that is taken is rebuilt,
 * printed as flat views, and these are read again.
 */
#include <stdlib.h>

#include <slotscope/mtree.h>

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* Not held against ours: a name can look like what stands around names */
static void print_and_read(const struct memory_model *model)
{
	struct mtree_flatviews again;
	struct slotscope_error err;
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	must(f && !mtree_print(f, model, MTREE_FLATVIEW | MTREE_OWNER));
	fclose(f);
	if (!mtree_flatviews_parse(text, len, &again, &err))
		mtree_flatviews_deinit(&again);
	free(text);
}

static void rebuild(const char *text, size_t len)
{
	struct slotscope_error err;
	struct memory_model *model;
	struct mtree_tree tree;
	char *notes;
	size_t n;
	FILE *f;

	if (mtree_tree_parse(text, len, &tree, &err))
		return;
	f = open_memstream(&notes, &n);
	must(f);
	if (!mtree_build(&tree, MTREE_ALLOW_MISSING, f, &model, &err)) {
		print_and_read(model);
		memory_model_destroy(model);
	}
	fclose(f);
	free(notes);
	mtree_tree_deinit(&tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mtree_flatviews views;
	struct slotscope_error err;
	const char *text = (const char *)data;

	if (!mtree_flatviews_parse(text, size, &views, &err))
		mtree_flatviews_deinit(&views);
	rebuild(text, size);
	return 0;
}
