// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "check/ranges.h"

int spans_add(struct spans *spans, const struct span *span)
{
	struct span *items;

	items = grown(spans->items, spans->nr, &spans->cap, sizeof(*items));
	if (!items)
		return -ENOMEM;
	spans->items = items;
	items[spans->nr++] = *span;
	return 0;
}

int spans_add_blind(struct spans *spans, const struct coverage *coverage)
{
	const struct blind_range *blind;
	struct span span;
	int ret = 0;

	for (size_t i = 0; i < coverage->nr_blind && !ret; i++) {
		blind = &coverage->blind[i];
		span = (struct span){ blind->as_id, blind->gpa,
				      blind->gpa + (blind->size - 1), NULL };
		ret = spans_add(spans, &span);
	}
	return ret;
}

static int compare(const void *a, const void *b)
{
	const struct span *x = a;
	const struct span *y = b;

	if (x->as_id != y->as_id)
		return x->as_id < y->as_id ? -1 : 1;
	return (x->gpa > y->gpa) - (x->gpa < y->gpa);
}

void spans_sort(struct spans *spans)
{
	if (spans->nr > 1)
		qsort(spans->items, spans->nr, sizeof(*spans->items), compare);
}

void spans_join(struct spans *spans)
{
	struct span *items = spans->items;
	struct span *prev;
	size_t kept = 0;

	spans_sort(spans);
	for (size_t i = 0; i < spans->nr; i++) {
		prev = kept ? &items[kept - 1] : NULL;
		if (!prev || prev->as_id != items[i].as_id ||
		    (prev->last != UINT64_MAX && items[i].gpa > prev->last + 1))
			items[kept++] = items[i];
		else if (items[i].last > prev->last)
			prev->last = items[i].last;
	}
	spans->nr = kept;
}

void spans_deinit(struct spans *spans)
{
	free(spans->items);
	memset(spans, 0, sizeof(*spans));
}

const struct span *spans_from(const struct spans *spans, uint16_t as_id,
			      gpa_t gpa)
{
	const struct span *span;
	size_t high = spans->nr;
	size_t low = 0;
	size_t mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		span = &spans->items[mid];
		if (span->as_id < as_id ||
		    (span->as_id == as_id && span->last < gpa))
			low = mid + 1;
		else
			high = mid;
	}
	return low < spans->nr ? &spans->items[low] : NULL;
}

bool spans_cover(const struct spans *spans, uint16_t as_id, gpa_t gpa,
		 gpa_t last)
{
	const struct span *span = spans_from(spans, as_id, gpa);

	return span && span->as_id == as_id && span->gpa <= gpa &&
	       last <= span->last;
}

const struct span *span_cursor_at(struct span_cursor *cursor, uint16_t as_id,
				  gpa_t gpa, gpa_t *until)
{
	const struct spans *spans = cursor->spans;
	const struct span *span;

	for (; cursor->at < spans->nr; cursor->at++) {
		span = &spans->items[cursor->at];
		if (span->as_id > as_id)
			return NULL;
		if (span->as_id < as_id || span->last < gpa)
			continue;
		if (span->gpa > gpa) {
			if (span->gpa - 1 < *until)
				*until = span->gpa - 1;
			return NULL;
		}
		if (span->last < *until)
			*until = span->last;
		return span;
	}
	return NULL;
}
