// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * KVM makes slots for itself (x86: APIC access page, TSS, identity map). No
 * VMM sees them, and a request that meets one fails with EEXIST. Worth a note
 * where a MODEL has RAM, and beside something that was found; not elsewhere, or
 * every VM would have three.
 */
#include "check/near.h"
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

static void judge(struct comparison *c, const struct near *near,
		  struct finding *note, const struct slot *slot)
{
	size_t view;
	const struct slot *meant = in_the_way_of(c, slot, &view);
	const struct finding *found;
	bool overlaps;
	size_t at = near_find(near, slot->as_id, slot->gpa, slot_last(slot),
			      &overlaps);

	/* with what it explains, and there with the cause of that */
	note->cause = near_cause(near, at);
	if (meant) {
		comparison_add(c, note,
			       "KVM's own slot %d at %s is where %s has %s",
			       slot->id, SAY_RANGE(slot->gpa, slot->size),
			       comparison_party(c, view)->name,
			       SAY_WHAT(meant));
	} else if (at != FINDING_NO_CAUSE) {
		found = &c->findings.items[at];
		comparison_add(c, note, "KVM's own slot %d at %s is %s %s",
			       slot->id, SAY_RANGE(slot->gpa, slot->size),
			       overlaps ? "in the way of" : "next to",
			       SAY_RANGE(found->gpa, found->size));
	}
}

static void check_slots_of(struct comparison *c, const struct slot_state *state,
			   size_t view, const struct near *near)
{
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
		judge(c, near, &note, slot);
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
	struct near near;
	size_t view;

	state = comparison_holder(c, &view);
	if (!state || c->nomem || !has_own(state))
		return;
	if (near_init(&near, c, 1U << FINDING_MISMATCH | 1U << FINDING_NOTE))
		c->nomem = true;
	else
		check_slots_of(c, state, view, &near);
	near_deinit(&near);
}
