/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Views as sorted, disjoint ranges, and cursors that walk several of them side
 * by side.
 */
#ifndef CHECK_RANGES_H
#define CHECK_RANGES_H

#include <slotscope/check.h>

/** spans_add() - append; 0 or -ENOMEM */
int spans_add(struct spans *spans, const struct span *span);
/** spans_add_blind() - append what a view is blind for; 0 or -ENOMEM */
int spans_add_blind(struct spans *spans, const struct coverage *coverage);
/** spans_sort() - by (as_id, gpa) */
void spans_sort(struct spans *spans);
/** spans_join() - sort, and make one of those that touch; for blind ranges */
void spans_join(struct spans *spans);
void spans_deinit(struct spans *spans);

/** spans_from() - the first that ends at or after (@as_id, @gpa), or NULL */
const struct span *spans_from(const struct spans *spans, uint16_t as_id,
			      gpa_t gpa);

/** spans_cover() - is all of [gpa, last] in one of them? Of joined ranges */
bool spans_cover(const struct spans *spans, uint16_t as_id, gpa_t gpa,
		 gpa_t last);

/**
 * struct span_cursor - where a walk upwards is; one for each list
 *
 * Zero but for @spans is the beginning.
 */
struct span_cursor {
	const struct spans *spans;
	size_t at;
};

/**
 * span_cursor_at() - what is at @gpa
 * @until: lowered to the last address up to which the answer is the same
 *
 * (as_id, gpa) must not go down from call to call.
 */
const struct span *span_cursor_at(struct span_cursor *cursor, uint16_t as_id,
				  gpa_t gpa, gpa_t *until);

#endif
