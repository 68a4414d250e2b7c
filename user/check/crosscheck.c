// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check/comparison.h"

/* Does a view that can be trusted have anything that was to be compared? */
static bool has_any(const struct comparison *c)
{
	for (size_t view = 0; view < c->input->nr_views; view++) {
		if (c->views[view].slots.nr)
			return true;
	}
	return false;
}

/* Somebody who knows has said that there is to be none, and it was compared */
static bool none_is_expected(const struct comparison *c)
{
	for (size_t i = 0; c->input->expected && i < c->nr_pairs; i++) {
		if (c->pairs[i].compared &&
		    comparison_party(c, c->pairs[i].expected)->traits &
			    PARTY_MEANS)
			return true;
	}
	return false;
}

/*
 * Silence would read as "agree". So would two views without a slot: a VM at whose
 * creation was looked, or the wrong one.
 */
static void check_nothing(struct comparison *c)
{
	const struct finding finding = { .id = FINDING_UNREAD,
					 .slot_id = -1,
					 .cause = FINDING_NO_CAUSE };
	bool compared = false;
	bool agree = false;

	if (findings_count(&c->findings, FINDING_UNKNOWN) ||
	    findings_count(&c->findings, FINDING_MISMATCH))
		return;
	for (size_t i = 0; i < c->nr_pairs; i++) {
		compared |= c->pairs[i].compared;
		agree |= c->pairs[i].agree.nr;
	}
	if (!compared)
		comparison_add(c, &finding,
			       "there are no two views to compare");
	else if (!agree && has_any(c))
		comparison_add(c, &finding,
			       "nothing that any view has could be compared "
			       "with another view");
	else if (!agree && !none_is_expected(c))
		comparison_add(c, &finding,
			       "no slots in any view: nothing to compare");
}

struct order {
	const struct finding *finding;
	size_t at;
};

static bool is_root(const struct finding *finding)
{
	return finding->cause == FINDING_NO_CAUSE;
}

static int by_order(const void *a, const void *b)
{
	const struct order *x = a;
	const struct order *y = b;
	int kind_x = finding_id_kind(x->finding->id);
	int kind_y = finding_id_kind(y->finding->id);

	if (kind_x != kind_y)
		return kind_x - kind_y;
	if (x->finding->as_id != y->finding->as_id)
		return x->finding->as_id < y->finding->as_id ? -1 : 1;
	if (x->finding->gpa != y->finding->gpa)
		return x->finding->gpa < y->finding->gpa ? -1 : 1;
	/* in one place a cause stands before what follows from it */
	if (!is_root(x->finding) != !is_root(y->finding))
		return is_root(x->finding) ? -1 : 1;
	return x->at < y->at ? -1 : 1;
}

static int sort_findings(struct findings *found)
{
	struct finding *items;
	struct order *order;
	size_t *place;

	order = calloc(found->nr + 1, sizeof(*order));
	items = calloc(found->nr + 1, sizeof(*items));
	place = calloc(found->nr + 1, sizeof(*place));
	if (!order || !items || !place) {
		free(order);
		free(items);
		free(place);
		return -ENOMEM;
	}
	for (size_t i = 0; i < found->nr; i++)
		order[i] = (struct order){ &found->items[i], i };
	if (found->nr > 1)
		qsort(order, found->nr, sizeof(*order), by_order);
	for (size_t i = 0; i < found->nr; i++) {
		items[i] = *order[i].finding;
		place[order[i].at] = i;
	}
	for (size_t i = 0; i < found->nr; i++) {
		if (items[i].cause != FINDING_NO_CAUSE)
			items[i].cause = place[items[i].cause];
	}
	free(found->items);
	free(order);
	free(place);
	found->items = items;
	found->cap = found->nr + 1;
	return 0;
}

/* Is a finding about what lies under slots? */
static bool is_ground(const struct comparison *c, const struct finding *finding)
{
	return finding->views & comparison_views_with(c, PARTY_GROUND);
}

/*
 * What lies under a slot, or a part of one, that should not be there is a
 * consequence. By address, each can only follow from the last one before it.
 */
static void link_ground(struct comparison *c)
{
	struct findings *found = &c->findings;
	size_t cause = FINDING_NO_CAUSE;
	const struct finding *wrong;
	struct finding *finding;

	for (size_t i = 0; i < found->nr; i++) {
		finding = &found->items[i];
		if (finding->id == FINDING_WRONG_HVA ||
		    finding->id == FINDING_EXTRA ||
		    finding->id == FINDING_EXTENT)
			cause = i;
		if (cause == FINDING_NO_CAUSE || !finding->size ||
		    !is_ground(c, finding) ||
		    finding_id_kind(finding->id) != FINDING_MISMATCH)
			continue;
		wrong = &found->items[cause];
		if (wrong->as_id == finding->as_id &&
		    finding->gpa + (finding->size - 1) <=
			    wrong->gpa + (wrong->size - 1))
			finding->cause = cause;
	}
}

static uint64_t page_size_of(const struct check_input *input)
{
	const uint64_t size = input->page_size;

	return size && !(size & (size - 1)) ? size : 4096;
}

static void list_restless(struct comparison *c)
{
	const struct restless *restless;
	struct span span;

	for (size_t i = 0; i < c->input->nr_restless; i++) {
		restless = &c->input->restless[i];
		span = (struct span){ .as_id = restless->as_id,
				      .last = UINT64_MAX };
		if (restless->size) {
			span.gpa = restless->gpa;
			span.last = restless->gpa + (restless->size - 1);
		}
		if (spans_add(&c->restless, &span))
			c->nomem = true;
	}
	spans_join(&c->restless);
}

static void check_all(struct comparison *c)
{
	list_restless(c);
	check_trust(c);
	check_index(c);
	check_ragged(c);
	for (size_t view = 0; view < c->input->nr_views; view++) {
		spans_sort(&c->views[view].slots);
		spans_join(&c->views[view].blind);
	}
	check_pairs(c);
	check_answered(c);
	check_requests(c);
	check_hidden(c);
	check_aliased(c);
	check_hugepage(c);
	check_gaps(c);
	check_stage2(c);
	check_stopped(c);
	check_nothing(c);
}

int crosscheck(const struct check_input *input, struct comparison *out)
{
	memset(out, 0, sizeof(*out));
	if (input->nr_views > CHECK_MAX_VIEWS)
		return -E2BIG;
	out->input = input;
	out->page_size = page_size_of(input);
	out->views = calloc(input->nr_views + 1, sizeof(*out->views));
	if (!out->views)
		return -ENOMEM;
	check_all(out);
	if (out->nomem || sort_findings(&out->findings)) {
		comparison_deinit(out);
		return -ENOMEM;
	}
	link_ground(out);
	return 0;
}

void comparison_deinit(struct comparison *c)
{
	for (size_t view = 0; c->views && view < c->input->nr_views; view++) {
		spans_deinit(&c->views[view].slots);
		spans_deinit(&c->views[view].blind);
	}
	for (size_t i = 0; i < c->nr_pairs; i++) {
		free(c->pairs[i].torn);
		spans_deinit(&c->pairs[i].moving);
		spans_deinit(&c->pairs[i].agree);
	}
	findings_deinit(&c->findings);
	spans_deinit(&c->restless);
	free(c->views);
	free(c->pairs);
	memset(c, 0, sizeof(*c));
}
