/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of ranges that overlap as they like: the latest one that touches a range */
#ifndef CHECK_LATEST_H
#define CHECK_LATEST_H

#include <slotscope/view.h>

/** struct latest_range - @seq tells which is later; none are equal */
struct latest_range {
	uint16_t as_id;
	gpa_t gpa;
	gpa_t last;
	uint64_t seq;
	void *item;
};

/**
 * struct latest - private
 * @points: where a range begins or ends; from each to the next one the same
 *	    range is the latest
 * @tree:   over the @nr stretches between them: the latest of each subtree
 */
struct latest {
	struct latest_point *points;
	const struct latest_range **tree;
	size_t nr;
};

/**
 * latest_init() - ready a list
 * @ranges: the latest last; borrowed
 *
 * O(n log n). Return: 0 or -ENOMEM; latest_deinit() after either.
 */
int latest_init(struct latest *latest, const struct latest_range *ranges,
		size_t nr);
void latest_deinit(struct latest *latest);

/** latest_find() - the item of the latest that touches [gpa, last], or NULL */
void *latest_find(const struct latest *latest, uint16_t as_id, gpa_t gpa,
		  gpa_t last);

/** latest_seq() - the seq of the latest that touches [gpa, last], or 0 */
uint64_t latest_seq(const struct latest *latest, uint16_t as_id, gpa_t gpa,
		    gpa_t last);

#endif
