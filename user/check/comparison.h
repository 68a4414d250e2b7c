/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules of crosscheck() share while they look */
#ifndef CHECK_COMPARISON_H
#define CHECK_COMPARISON_H

#include <slotscope/check.h>

#include "check/ranges.h"

/**
 * comparison_add() - record a finding
 * @proto: copied; @sentence is not taken from it
 * @fmt:   the sentence
 *
 * Return: its place among the findings, or FINDING_NO_CAUSE if memory ran out.
 */
size_t comparison_add(struct comparison *comparison,
		      const struct finding *proto, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** comparison_party() - whose the view in place @view is */
const struct party *comparison_party(const struct comparison *comparison,
				     size_t view);

/** comparison_state() - the slots of the view in place @view, or NULL */
const struct slot_state *comparison_state(const struct comparison *comparison,
					  size_t view);

/** comparison_covers() - may this view be trusted for this address space? */
bool comparison_covers(const struct comparison *comparison, size_t view,
		       uint16_t as_id);

/** comparison_is_restless() - does somebody know what moved in it meanwhile? */
bool comparison_is_restless(const struct comparison *comparison,
			    uint16_t as_id);

/** comparison_views_with() - a bit for each view whose party has this trait */
uint64_t comparison_views_with(const struct comparison *comparison,
			       enum party_trait trait);

/**
 * comparison_holder() - the view that says what KVM holds: at first hand, else
 * from a log. NULL if there is none that can be trusted
 */
const struct slot_state *comparison_holder(const struct comparison *comparison,
					   size_t *view);

/**
 * comparison_model() - the view that says what is meant, if it can be trusted
 *
 * NULL if there is none; else @view is its place.
 */
const struct slot_state *comparison_model(const struct comparison *comparison,
					  size_t *view);

/** comparison_ground() - what lies under host addresses; NULL: nobody has looked */
const struct host_map *comparison_ground(const struct comparison *comparison);

/**
 * comparison_is_at_rest() - may a slot of KVM's be judged by itself?
 * @view: the place of the view that it is of
 *
 * Not one under update, in an address space that is torn, where slots changed while
 * the views were read, where the view is blind, of unknown place or host address, or
 * on a guest_memfd.
 */
bool comparison_is_at_rest(const struct comparison *comparison, size_t view,
			   const struct slot *slot);

/** comparison_agree() - both views of a pair speak for this range, and agree */
void comparison_agree(struct comparison *comparison, struct compared_pair *pair,
		      uint16_t as_id, gpa_t gpa, gpa_t last);

/**
 * same_begin() - from here on, what says what a finding from @from on says is
 * no second one: comparison_add() returns that one, and adds the views. 0 or -ENOMEM
 */
int same_begin(struct comparison *comparison, size_t from);
void same_end(struct comparison *comparison);

/** same_find() - the place of that one, or FINDING_NO_CAUSE */
size_t same_find(const struct comparison *comparison,
		 const struct finding *finding);

void findings_deinit(struct findings *findings);

/* The rules, one file each. They look at the views, and add findings. */
void check_trust(struct comparison *comparison);
void check_index(struct comparison *comparison);
void check_ragged(struct comparison *comparison);
void check_pairs(struct comparison *comparison);
void check_moment(struct comparison *comparison, struct compared_pair *pair);
void check_slots(struct comparison *comparison, struct compared_pair *pair);
void check_ground(struct comparison *comparison, struct compared_pair *pair);
void check_answered(struct comparison *comparison);
void check_requests(struct comparison *comparison);
void check_hidden(struct comparison *comparison);
void check_aliased(struct comparison *comparison);
void check_hugepage(struct comparison *comparison);
void check_gaps(struct comparison *comparison);
void check_stage2(struct comparison *comparison);
void check_stopped(struct comparison *comparison);

#endif
