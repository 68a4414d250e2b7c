// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "qemu/mtree_fetch.h"

/*
 * The human monitor answers an option that it does not know with a sentence, so
 * whatever is no mtree text is taken for a refusal, and the next poorer form is
 * tried. The last one's answer is shown.
 */
static int no_mtree(struct qmp *q, const char *line, const char *text,
		    struct slotscope_error *err)
{
	error_set(err, EPROTO, "run '%s' on QMP socket %s", line, qmp_name(q));
	error_why(err, "QEMU %s answered: \"%.*s\"", qmp_version(q),
		  (int)strcspn(text, "\r\n"), text);
	return error_next(err,
			  "slotscope reads what QEMU 7.2 and newer print; see "
			  "'help info mtree' in its monitor");
}

static int parse_flatviews(const char *text, void *out,
			   struct slotscope_error *err)
{
	struct mtree_flatviews *views = out;
	int ret = mtree_flatviews_parse(text, strlen(text), views, err);

	if (!ret && (!views->nr || views->cut || views->left_out)) {
		mtree_flatviews_deinit(views);
		ret = -EINVAL;
	}
	return ret;
}

static int parse_tree(const char *text, void *out, struct slotscope_error *err)
{
	struct mtree_tree *tree = out;
	int ret = mtree_tree_parse(text, strlen(text), tree, err);

	if (!ret && (!tree->nr_as || tree->cut)) {
		mtree_tree_deinit(tree);
		ret = -EINVAL;
	}
	return ret;
}

static int fetch(struct qmp *q, const char *const *lines,
		 int (*parse)(const char *text, void *out,
			      struct slotscope_error *err),
		 void *out, struct slotscope_error *err)
{
	char *text;
	int ret;

	for (;; lines++) {
		ret = qmp_hmp(q, *lines, &text, err);
		if (ret)
			return ret;
		ret = parse(text, out, err);
		if (ret == -EINVAL && !lines[1])
			ret = no_mtree(q, *lines, text, err);
		free(text);
		if (ret != -EINVAL)
			return ret;
	}
}

int fetch_flatviews(struct qmp *q, struct mtree_flatviews *out,
		    struct slotscope_error *err)
{
	static const char *const lines[] = { "info mtree -f -o",
					     "info mtree -f", NULL };

	return fetch(q, lines, parse_flatviews, out, err);
}

int fetch_tree(struct qmp *q, struct mtree_tree *out,
	       struct slotscope_error *err)
{
	static const char *const lines[] = { "info mtree -o -D",
					     "info mtree -o", "info mtree",
					     NULL };

	return fetch(q, lines, parse_tree, out, err);
}
