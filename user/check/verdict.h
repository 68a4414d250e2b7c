/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules of crosscheck() share while they look */
#ifndef CHECK_VERDICT_H
#define CHECK_VERDICT_H

#include <slotscope/check.h>

#include "check/ranges.h"

/**
 * struct side - one view, made ready to be compared
 * @state:   the view; NULL: not there
 * @usable:  it can be compared
 * @absence: where it has no slot there is none; false if it was cut off
 * @slots:   what it says there is. Without slots in transition, and without
 *	     KVM's own; a MODEL's ranges are shrunk to whole pages
 * @blind:   where it cannot be compared. Disjoint, may overlap @slots
 */
struct side {
	const struct slot_state *state;
	bool usable;
	bool absence;
	struct spans slots;
	struct spans blind;
};

/**
 * struct verdict - a cross-check under way
 * @nomem:   memory ran out: nothing that was found means anything
 * @torn:    by as_id, up to @nr_torn: this address space of TRACED is not at
 *	     the same moment as that of KERNEL
 */
struct verdict {
	const struct check_input *input;
	struct findings *found;
	uint64_t page_size;
	struct side sides[VIEW_SOURCES];
	bool *torn;
	size_t nr_torn;
	bool nomem;
};

/**
 * verdict_add() - record a finding
 * @proto: copied; @sentence and @says are not taken from it
 * @fmt:   the sentence
 *
 * What each view says about the range is looked up here.
 *
 * Return: its place among the findings, or FINDING_NO_CAUSE if memory ran out.
 */
size_t verdict_add(struct verdict *verdict, const struct finding *proto,
		   const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/** verdict_covers() - does this view speak for this address space? */
bool verdict_covers(const struct verdict *verdict, enum view_source view,
		    uint16_t as_id);

/** verdict_holder() - the view that says what KVM holds: KERNEL, else TRACED */
const struct slot_state *verdict_holder(const struct verdict *verdict,
					enum view_source *view);

/**
 * join_same() - findings from @first on that say what one before them says go
 * @from: the earlier ones begin here. No other finding has those for a cause
 */
void join_same(struct verdict *verdict, size_t from, size_t first);

/** finding_deinit() - free the strings */
void finding_deinit(struct finding *finding);

/* The rules, one file each. They look at the views, and add findings. */
void check_trust(struct verdict *verdict);
void check_ragged(struct verdict *verdict);
void check_pair(struct verdict *verdict, enum view_source expected,
		enum view_source actual);
void check_backing(struct verdict *verdict);
void check_requests(struct verdict *verdict);
void check_hidden(struct verdict *verdict);

#endif
