/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was found so far in a place, or beside it: of it a note may be a part */
#ifndef CHECK_NEAR_H
#define CHECK_NEAR_H

#include "check/comparison.h"
#include "check/latest.h"

/** struct near - private */
struct near {
	const struct comparison *comparison;
	struct latest latest;
	struct latest_range *ranges;
	size_t nr;
};

/**
 * near_init() - ready what was found so far; of findings to come it knows nothing
 * @kinds: a bit for each enum finding_kind that counts
 *
 * O(n log n). Return: 0 or -ENOMEM; near_deinit() after either.
 */
int near_init(struct near *near, const struct comparison *comparison,
	      uint32_t kinds);
void near_deinit(struct near *near);

/**
 * near_find() - the first finding that [gpa, last] overlaps, else one that it touches
 * @overlaps: set to which of both
 *
 * Return: its place, or FINDING_NO_CAUSE.
 */
size_t near_find(const struct near *near, uint16_t as_id, gpa_t gpa, gpa_t last,
		 bool *overlaps);

/** near_cause() - what to be listed under, of a finding: it, or the cause of it */
size_t near_cause(const struct near *near, size_t finding);

#endif
