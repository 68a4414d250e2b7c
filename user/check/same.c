// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What one pair of views finds in a range where a pair before it found the same
 * is no second finding: the first one gets another view.
 */
#include <errno.h>
#include <stdlib.h>

#include "check/comparison.h"

struct place {
	enum finding_id kind;
	uint16_t as_id;
	gpa_t gpa;
	size_t at;
};

struct same {
	size_t nr;
	struct place places[];
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
static enum finding_id kind_of(enum finding_id id)
{
	return id == FINDING_EXTRA || id == FINDING_EXTENT ? FINDING_MISSING :
							     id;
}

int same_begin(struct comparison *comparison, size_t from)
{
	const struct findings *found = &comparison->findings;
	const size_t nr = found->nr - from;
	const struct finding *finding;
	struct same *same;

	same = calloc(1, sizeof(*same) + nr * sizeof(same->places[0]));
	if (!same)
		return -ENOMEM;
	for (size_t i = from; i < found->nr; i++) {
		finding = &found->items[i];
		/* flags differ in several ways, and not all views cover all */
		if (finding->size && finding->id != FINDING_FLAGS)
			same->places[same->nr++] =
				(struct place){ kind_of(finding->id),
						finding->as_id, finding->gpa,
						i };
	}
	if (same->nr > 1)
		qsort(same->places, same->nr, sizeof(same->places[0]),
		      by_place);
	comparison->same = same;
	return 0;
}

void same_end(struct comparison *comparison)
{
	free(comparison->same);
	comparison->same = NULL;
}

size_t same_find(const struct comparison *comparison,
		 const struct finding *finding)
{
	const struct same *same = comparison->same;
	const struct place key = { kind_of(finding->id), finding->as_id,
				   finding->gpa, 0 };
	const struct finding *before;
	size_t high = same ? same->nr : 0;
	size_t low = 0;
	size_t mid;

	if (!finding->size)
		return FINDING_NO_CAUSE;
	while (low < high) {
		mid = low + (high - low) / 2;
		if (by_place(&same->places[mid], &key) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || same->places[low - 1].kind != key.kind ||
	    same->places[low - 1].as_id != key.as_id)
		return FINDING_NO_CAUSE;
	before = &comparison->findings.items[same->places[low - 1].at];
	return before->gpa + (before->size - 1) <
			       finding->gpa + (finding->size - 1) ?
		       FINDING_NO_CAUSE :
		       same->places[low - 1].at;
}
