// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * KVM makes slots for itself (x86: APIC access page, TSS, identity map). No
 * VMM sees them, and a request that meets one fails with EEXIST. Worth a note
 * where a MODEL has RAM, and beside something that was found; not elsewhere, or
 * every VM would have three.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check/comparison.h"
#include "check/latest.h"
#include "check/say.h"

/* What is meant to be where the slot is, by the view in place @view; or NULL */
static const struct slot *in_the_way_of(const struct comparison *c,
					const struct slot *slot, size_t *view)
{
	const struct spans *spans;
	const struct span *span;

	for (*view = 0; *view < c->input->nr_views; ++*view) {
		if (!(comparison_party(c, *view)->traits & PARTY_MEANS))
			continue;
		spans = &c->views[*view].slots;
		span = spans_from(spans, slot->as_id, slot->gpa);
		if (span && span->as_id == slot->as_id &&
		    span->gpa <= slot_last(slot))
			return span->slot;
	}
	return NULL;
}

/* What was found so far, the first in the list as the latest */
static int place_findings(const struct comparison *c, struct latest *latest,
			  struct latest_range **ranges)
{
	const struct finding *items = c->findings.items;
	size_t nr = 0;

	memset(latest, 0, sizeof(*latest));
	*ranges = calloc(c->findings.nr + 1, sizeof(**ranges));
	if (!*ranges)
		return -ENOMEM;
	for (size_t i = c->findings.nr; i--;) {
		if (!items[i].size ||
		    finding_id_kind(items[i].id) == FINDING_UNKNOWN)
			continue;
		(*ranges)[nr++] = (struct latest_range){
			.as_id = items[i].as_id,
			.gpa = items[i].gpa,
			.last = items[i].gpa + (items[i].size - 1),
			.seq = c->findings.nr - i,
		};
	}
	return latest_init(latest, *ranges, nr);
}

/* The first finding that it overlaps, else one that it touches, else @nr */
static size_t near_finding(const struct latest *latest, const struct slot *slot,
			   size_t nr, bool *overlaps)
{
	gpa_t last = slot_last(slot);
	uint64_t after = 0;
	uint64_t seq;

	seq = latest_seq(latest, slot->as_id, slot->gpa, last);
	*overlaps = seq;
	if (!seq && slot->gpa)
		seq = latest_seq(latest, slot->as_id, slot->gpa - 1,
				 slot->gpa - 1);
	if (!*overlaps && last != UINT64_MAX)
		after = latest_seq(latest, slot->as_id, last + 1, last + 1);
	return nr - (after > seq ? after : seq);
}

static void judge(struct comparison *c, const struct latest *latest,
		  struct finding *note, const struct slot *slot, size_t nr)
{
	size_t view;
	const struct slot *meant = in_the_way_of(c, slot, &view);
	const struct finding *items = c->findings.items;
	bool overlaps;
	size_t at = near_finding(latest, slot, nr, &overlaps);

	/* with what it explains, and there with the cause of that */
	if (at < nr)
		note->cause = items[at].cause != FINDING_NO_CAUSE ?
				      items[at].cause :
				      at;
	if (meant)
		comparison_add(c, note,
			       "KVM's own slot %d at %s is where %s has %s",
			       slot->id, SAY_RANGE(slot->gpa, slot->size),
			       comparison_party(c, view)->name,
			       SAY_WHAT(meant));
	else if (at < nr)
		comparison_add(c, note, "KVM's own slot %d at %s is %s %s",
			       slot->id, SAY_RANGE(slot->gpa, slot->size),
			       overlaps ? "in the way of" : "next to",
			       SAY_RANGE(items[at].gpa, items[at].size));
}

static void check_slots_of(struct comparison *c, const struct slot_state *state,
			   size_t view, const struct latest *latest)
{
	const size_t nr = c->findings.nr;
	const struct slot *slot;
	struct finding note;

	for (size_t i = 0; i < state->nr_slots; i++) {
		slot = &state->slots[i];
		if (!slot->hidden)
			continue;
		note = (struct finding){
			.id = FINDING_HIDDEN,
			.as_id = slot->as_id,
			.gpa = slot->gpa,
			.size = slot->size,
			.slot_id = slot->id,
			.hva = slot->hva,
			.seq = slot->seq,
			.views = 1ULL << view,
			.cause = FINDING_NO_CAUSE,
		};
		judge(c, latest, &note, slot, nr);
	}
}

static bool has_own(const struct slot_state *state)
{
	for (size_t i = 0; i < state->nr_slots; i++) {
		if (state->slots[i].hidden)
			return true;
	}
	return false;
}

void check_hidden(struct comparison *c)
{
	const struct slot_state *state;
	struct latest_range *ranges;
	struct latest latest;
	size_t view;

	state = comparison_holder(c, &view);
	if (!state || c->nomem || !has_own(state))
		return;
	if (place_findings(c, &latest, &ranges))
		c->nomem = true;
	else
		check_slots_of(c, state, view, &latest);
	latest_deinit(&latest);
	free(ranges);
}
