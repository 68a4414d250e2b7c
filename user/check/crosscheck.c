// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check/verdict.h"

static bool trusted(const struct check_input *input, enum view_source view)
{
	const struct slot_state *state = input->views[view];
	const uint32_t needed = SLOT_FIELD_GPA | SLOT_FIELD_SIZE;

	return state && !input->unsettled && !state->gone &&
	       (state->coverage.fields & needed) == needed &&
	       !(view == VIEW_TRACED && state->coverage.lost);
}

uint32_t check_pairs(const struct check_input *input)
{
	bool model = trusted(input, VIEW_MODEL);
	bool traced = trusted(input, VIEW_TRACED);
	bool kernel = trusted(input, VIEW_KERNEL);
	uint32_t pairs = 0;

	if (model && kernel)
		pairs |= CHECK_MODEL_KERNEL;
	else if (model && traced)
		pairs |= CHECK_MODEL_TRACED;
	if (traced && kernel)
		pairs |= CHECK_TRACED_KERNEL;
	if ((traced || kernel) && input->backing && input->backing->nr)
		pairs |= CHECK_SLOTS_BACKING;
	return pairs;
}

static void check_nothing(struct verdict *verdict)
{
	const struct finding finding = { .id = FINDING_UNREAD,
					 .slot_id = -1,
					 .cause = FINDING_NO_CAUSE };

	if (!check_pairs(verdict->input) &&
	    !findings_count(verdict->found, FINDING_UNKNOWN))
		verdict_add(verdict, &finding,
			    "there are no two views to compare");
}

static void check_views(struct verdict *verdict)
{
	const struct side *model = &verdict->sides[VIEW_MODEL];
	const struct side *traced = &verdict->sides[VIEW_TRACED];
	const struct side *kernel = &verdict->sides[VIEW_KERNEL];
	size_t begin = verdict->found->nr;
	size_t middle;

	if (model->usable && kernel->usable)
		check_pair(verdict, VIEW_MODEL, VIEW_KERNEL);
	else if (model->usable && traced->usable)
		check_pair(verdict, VIEW_MODEL, VIEW_TRACED);
	middle = verdict->found->nr;
	if (traced->usable && kernel->usable)
		check_pair(verdict, VIEW_TRACED, VIEW_KERNEL);
	if (!verdict->nomem)
		join_same(verdict, begin, middle);
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

/*
 * That wrong memory is not mapped either is a consequence. By address, each
 * can only follow from the last one before it.
 */
static void link_backing(struct findings *found)
{
	size_t cause = FINDING_NO_CAUSE;
	const struct finding *wrong;
	struct finding *finding;

	for (size_t i = 0; i < found->nr; i++) {
		finding = &found->items[i];
		if (finding->id == FINDING_WRONG_HVA ||
		    finding->id == FINDING_EXTRA)
			cause = i;
		if (cause == FINDING_NO_CAUSE ||
		    (finding->id != FINDING_UNBACKED &&
		     finding->id != FINDING_PERMS))
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

int crosscheck(const struct check_input *input, struct findings *out)
{
	struct verdict verdict = { .input = input,
				   .found = out,
				   .page_size = page_size_of(input) };

	memset(out, 0, sizeof(*out));
	check_trust(&verdict);
	check_ragged(&verdict);
	for (int view = 0; view < VIEW_SOURCES; view++) {
		spans_sort(&verdict.sides[view].slots);
		spans_join(&verdict.sides[view].blind);
	}
	if (!verdict.nomem)
		check_views(&verdict);
	check_backing(&verdict);
	check_requests(&verdict);
	check_hidden(&verdict);
	check_nothing(&verdict);
	for (int view = 0; view < VIEW_SOURCES; view++) {
		spans_deinit(&verdict.sides[view].slots);
		spans_deinit(&verdict.sides[view].blind);
	}
	free(verdict.torn);
	if (verdict.nomem || sort_findings(out)) {
		findings_deinit(out);
		return -ENOMEM;
	}
	link_backing(out);
	return 0;
}
