// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What one pair of views finds in a range where a pair before it found the same
 * is no second finding: the first one gets another view.
 */
#include <stdlib.h>

#include "check/comparison.h"

struct place {
	enum finding_id kind;
	uint16_t as_id;
	gpa_t gpa;
	size_t at;
};

static int by_place(const void *a, const void *b)
{
	const struct place *x = a;
	const struct place *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->as_id != y->as_id)
		return x->as_id < y->as_id ? -1 : 1;
	return (x->gpa > y->gpa) - (x->gpa < y->gpa);
}

/* KVM has a slot in a place or it has not: these cannot contradict there */
static enum finding_id kind_of(const struct finding *finding)
{
	if (finding->id == FINDING_EXTRA || finding->id == FINDING_EXTENT)
		return FINDING_MISSING;
	return finding->id;
}

static struct finding *same_before(struct findings *found,
				   const struct place *places, size_t nr,
				   const struct finding *finding)
{
	const struct place key = { kind_of(finding), finding->as_id,
				   finding->gpa, 0 };
	struct finding *before;
	size_t low = 0;
	size_t high = nr;
	size_t mid;

	/* flags differ in several ways, and not all views cover all */
	if (finding->id == FINDING_FLAGS)
		return NULL;
	while (low < high) {
		mid = low + (high - low) / 2;
		if (by_place(&places[mid], &key) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return NULL;
	before = &found->items[places[low - 1].at];
	if (kind_of(before) != key.kind || before->as_id != finding->as_id ||
	    before->gpa + (before->size - 1) <
		    finding->gpa + (finding->size - 1))
		return NULL;
	return before;
}

void join_same(struct comparison *comparison, size_t from, size_t first)
{
	struct findings *found = &comparison->findings;
	struct finding *finding;
	struct finding *before;
	struct place *places;
	size_t *moved_to;
	size_t kept = first;

	places = calloc(first - from + 1, sizeof(*places));
	moved_to = calloc(found->nr + 1, sizeof(*moved_to));
	if (!places || !moved_to) {
		comparison->nomem = true;
		goto out;
	}
	for (size_t i = from; i < first; i++) {
		finding = &found->items[i];
		places[i - from] = (struct place){ kind_of(finding),
						   finding->as_id, finding->gpa,
						   i };
	}
	if (first - from > 1)
		qsort(places, first - from, sizeof(*places), by_place);
	for (size_t i = first; i < found->nr; i++) {
		finding = &found->items[i];
		before = same_before(found, places, first - from, finding);
		if (!before) {
			moved_to[i] = kept;
			found->items[kept++] = *finding;
			continue;
		}
		before->views |= finding->views;
		if (!before->seq)
			before->seq = finding->seq;
		moved_to[i] = before - found->items;
		finding_deinit(finding);
	}
	found->nr = kept;
	/* causes are within the same pair of views, so from @first on */
	for (size_t i = first; i < kept; i++) {
		finding = &found->items[i];
		if (finding->cause != FINDING_NO_CAUSE)
			finding->cause = moved_to[finding->cause];
	}
out:
	free(places);
	free(moved_to);
}
