// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/plural.h"
#include "render/alike.h"
#include "render/check.h"
#include "render/color.h"
#include "render/text.h"

/*
 * Findings by what they follow from: children of i are first[i], next[...]; and those that
 * are said together
 */
struct tree {
	size_t *first;
	size_t *next;
	struct alike alike;
};

#define NONE SIZE_MAX

static int tree_init(struct tree *tree, const struct findings *findings)
{
	size_t cause;

	tree->first = calloc(findings->nr + 1, sizeof(*tree->first));
	tree->next = calloc(findings->nr + 1, sizeof(*tree->next));
	if (alike_init(&tree->alike, findings) || !tree->first || !tree->next)
		return -ENOMEM;
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

static void tree_deinit(struct tree *tree)
{
	free(tree->first);
	free(tree->next);
	alike_deinit(&tree->alike);
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

static void print_line(FILE *out, int indent, const char *label,
		       const char *text)
{
	char first[128];

	snprintf(first, sizeof(first), "%*s%-7s  ", indent + 4, "", label);
	text_wrap(out, first, indent + 13, text);
}

const char *story_time(char buf[STORY_TIME_SIZE],
		       const struct check_document *document,
		       const struct story *story)
{
	const uint64_t ns = document->real_ns - story->ago_ns;
	const time_t seconds = ns / 1000000000;
	struct tm tm;
	size_t len;

	if (!document->real_ns || !story->event ||
	    story->since == SINCE_UNKNOWN || !localtime_r(&seconds, &tm))
		return NULL;
	len = strftime(buf, STORY_TIME_SIZE, "%F %T", &tm);
	snprintf(buf + len, STORY_TIME_SIZE - len, ".%03" PRIu64,
		 ns / 1000000 % 1000);
	return buf;
}

/* It is there to be typed: never broken */
static void print_next(FILE *out, const struct check_document *document,
		       const struct finding *finding, int indent)
{
	char command[STORY_NEXT_MAX], line[STORY_NEXT_MAX + 2];

	if (!finding_next(command, finding, document->pid))
		return;
	snprintf(line, sizeof(line), "`%s`", command);
	print_line(out, indent, "next", line);
}

/* Of what is seen by its own sentence alone, as a part not read, there is none */
static void print_story(FILE *out, const struct check_document *document,
			size_t at, int indent)
{
	const struct finding *finding =
		&document->comparison->findings.items[at];
	const struct story *story = &document->stories->items[at];
	char words[STORY_SAY_MAX + 128];
	char line[STORY_SAY_MAX + 192];
	char time[STORY_TIME_SIZE];
	const char *when = story_time(time, document, story);

	if (story_say_since(words, story)) {
		snprintf(line, sizeof(line), "%s%s%s", when ? when : "",
			 when ? ", " : "", words);
		print_line(out, indent, "since", line);
	}
	if (story_say_was(words, story))
		print_line(out, indent, "was", words);
	if (story_say_outcome(words, story))
		print_line(out, indent, "outcome", words);
	for (size_t i = 0; i < story->nr_last; i++)
		print_line(out, indent, i ? "" : "last",
			   story_say_event(words, story->last[i]));
	for (size_t i = 0; i < STORY_CAUSES; i++)
		if (finding_id_kind(finding->id) == FINDING_MISMATCH &&
		    finding_causes(finding->id)[i])
			print_line(out, indent, i ? "" : "perhaps",
				   finding_causes(finding->id)[i]);
	print_next(out, document, finding, indent);
}

/* Since when it is so of an address space that is told of with another, if not alike */
static void print_since_of(FILE *out, const struct check_document *document,
			   size_t first, size_t at)
{
	const struct stories *stories = document->stories;
	char words[STORY_SAY_MAX + 128], before[STORY_SAY_MAX + 128];
	char line[STORY_SAY_MAX + 192];

	if (!story_say_since(words, &stories->items[at]) ||
	    (story_say_since(before, &stories->items[first]) &&
	     !strcmp(words, before)))
		return;
	snprintf(line, sizeof(line), "in address space %u: %s",
		 document->comparison->findings.items[at].as_id, words);
	print_line(out, 0, "since", line);
}

/* Of which others is it said, too? Return: how many */
static size_t print_alike(FILE *out, const struct check_document *document,
			  const struct alike *alike, size_t first)
{
	const struct finding *items = document->comparison->findings.items;
	char line[64];
	size_t nr = 0;

	for (size_t i = alike->next[first]; i != NONE; i = alike->next[i]) {
		snprintf(line, sizeof(line), "address space %u",
			 items[i].as_id);
		if (items[i].slot_id >= 0)
			snprintf(line + strlen(line),
				 sizeof(line) - strlen(line), ", slot %d",
				 items[i].slot_id);
		print_line(out, 0, "also", line);
		if (document->stories)
			print_since_of(out, document, first, i);
		nr++;
	}
	return nr;
}

/* Return: how many findings that was */
static size_t print_one(FILE *out, const struct check_document *document,
			const struct alike *alike, size_t at, int depth)
{
	const struct comparison *comparison = document->comparison;
	const struct finding *finding = &comparison->findings.items[at];
	enum finding_kind kind = finding_id_kind(finding->id);
	const enum color color = color_of_kind(kind);
	const int indent = 2 * depth;
	char first[128];
	size_t nr;

	snprintf(first, sizeof(first), "%*s%s%s%s (%s): ", indent, "",
		 color_on(color), finding_id_name(finding->id),
		 color_off(color), finding_kind_name(kind));
	text_wrap(out, first, indent + 4, finding->sentence);
	nr = 1 + print_alike(out, document, alike, at);
	/* what the views say is the evidence; notes say it in their sentence */
	if (kind == FINDING_MISMATCH)
		print_says(out, comparison, finding, indent);
	/* a consequence has the story of its cause */
	if (document->stories && finding->cause == FINDING_NO_CAUSE)
		print_story(out, document, at, indent);
	return nr;
}

/* A cause is at most two steps away, but a list may come from anywhere */
#define MAX_DEPTH 8

static void print_tree(FILE *out, const struct check_document *document,
		       const struct tree *tree, size_t at, int depth,
		       size_t *shown)
{
	if (*shown >= RENDER_MAX_FINDINGS)
		return;
	*shown += print_one(out, document, &tree->alike, at, depth);
	for (size_t i = tree->first[at]; i != NONE && depth < MAX_DEPTH;
	     i = tree->next[i])
		print_tree(out, document, tree, i, depth + 1, shown);
}

int render_check_findings(FILE *out, const struct check_document *document)
{
	const struct findings *findings = &document->comparison->findings;
	size_t shown = 0;
	struct tree tree;
	int ret;

	ret = tree_init(&tree, findings);
	for (size_t i = 0; i < findings->nr && !ret; i++) {
		if (findings->items[i].cause == FINDING_NO_CAUSE &&
		    tree.alike.first[i] == i)
			print_tree(out, document, &tree, i, 0, &shown);
	}
	if (findings->nr > shown && !ret)
		fprintf(out,
			"... and %zu more finding%s; --json has them all\n",
			findings->nr - shown, plural(findings->nr - shown));
	tree_deinit(&tree);
	return ret;
}
