// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "base/plural.h"
#include "render/check.h"
#include "render/text.h"

/* Findings by what they follow from: children of i are first[i], next[...] */
struct tree {
	size_t *first;
	size_t *next;
};

#define NONE SIZE_MAX

static int tree_init(struct tree *tree, const struct findings *findings)
{
	size_t cause;

	tree->first = calloc(findings->nr + 1, sizeof(*tree->first));
	tree->next = calloc(findings->nr + 1, sizeof(*tree->next));
	if (!tree->first || !tree->next) {
		free(tree->first);
		free(tree->next);
		return -ENOMEM;
	}
	for (size_t i = 0; i < findings->nr; i++)
		tree->first[i] = NONE;
	/* backwards, so that each list comes out in order */
	for (size_t i = findings->nr; i--;) {
		cause = findings->items[i].cause;
		tree->next[i] = NONE;
		if (cause == FINDING_NO_CAUSE)
			continue;
		tree->next[i] = tree->first[cause];
		tree->first[cause] = i;
	}
	return 0;
}

static void print_says(FILE *out, const struct comparison *comparison,
		       const struct finding *finding, int indent)
{
	char first[128];
	char *says;

	for (size_t view = 0; view < comparison->input->nr_views; view++) {
		says = comparison_says(comparison, finding, view);
		if (!says)
			continue;
		snprintf(first, sizeof(first), "%*s%-7s  ", indent + 4, "",
			 party_of(comparison->input->views[view].party)->name);
		text_wrap(out, first, indent + 13, says);
		free(says);
	}
}

static void print_one(FILE *out, const struct comparison *comparison,
		      const struct finding *finding, int depth)
{
	enum finding_kind kind = finding_id_kind(finding->id);
	const int indent = 2 * depth;
	char first[128];

	snprintf(first, sizeof(first), "%*s%s (%s): ", indent, "",
		 finding_id_name(finding->id), finding_kind_name(kind));
	text_wrap(out, first, indent + 4, finding->sentence);
	/* what the views say is the evidence; notes say it in their sentence */
	if (kind == FINDING_MISMATCH)
		print_says(out, comparison, finding, indent);
}

/* A cause is at most two steps away, but a list may come from anywhere */
#define MAX_DEPTH 8

static void print_tree(FILE *out, const struct comparison *comparison,
		       const struct tree *tree, size_t at, int depth,
		       size_t *left)
{
	if (!*left)
		return;
	--*left;
	print_one(out, comparison, &comparison->findings.items[at], depth);
	for (size_t i = tree->first[at]; i != NONE && depth < MAX_DEPTH;
	     i = tree->next[i])
		print_tree(out, comparison, tree, i, depth + 1, left);
}

int render_check_findings(FILE *out, const struct comparison *comparison)
{
	const struct findings *findings = &comparison->findings;
	size_t left = RENDER_MAX_FINDINGS;
	struct tree tree;
	int ret;

	ret = tree_init(&tree, findings);
	if (ret)
		return ret;
	for (size_t i = 0; i < findings->nr; i++) {
		if (findings->items[i].cause == FINDING_NO_CAUSE)
			print_tree(out, comparison, &tree, i, 0, &left);
	}
	if (findings->nr > RENDER_MAX_FINDINGS)
		fprintf(out,
			"... and %zu more finding%s; --json has them all\n",
			findings->nr - RENDER_MAX_FINDINGS,
			plural(findings->nr - RENDER_MAX_FINDINGS));
	free(tree.first);
	free(tree.next);
	return 0;
}
