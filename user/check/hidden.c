// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * KVM makes slots for itself (x86: APIC access page, TSS, identity map). No
 * VMM sees them, and a request that meets one fails with EEXIST. Worth a note
 * where a MODEL has RAM, and beside something that was found; not elsewhere, or
 * every VM would have three.
 */
#include "check/say.h"
#include "check/comparison.h"

/* Does a range overlap the slot, or touch it? */
static bool is_near(const struct slot *slot, gpa_t gpa, uint64_t size,
		    bool *overlaps)
{
	gpa_t last = gpa + (size - 1);

	*overlaps = gpa <= slot_last(slot) && slot->gpa <= last;
	return *overlaps || (slot->gpa && slot->gpa - 1 == last) ||
	       (gpa && gpa - 1 == slot_last(slot));
}

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
		for (size_t i = 0; i < spans->nr; i++) {
			span = &spans->items[i];
			if (span->as_id == slot->as_id &&
			    span->gpa <= slot_last(slot) &&
			    slot->gpa <= span->last)
				return span->slot;
		}
	}
	return NULL;
}

/* The first finding that it overlaps, else one that it touches, else @nr */
static size_t near_finding(const struct comparison *c, const struct slot *slot,
			   size_t nr, bool *overlaps)
{
	const struct finding *items = c->findings.items;
	size_t touched = nr;

	for (size_t i = 0; i < nr; i++) {
		if (!items[i].size || items[i].as_id != slot->as_id ||
		    finding_id_kind(items[i].id) == FINDING_UNKNOWN ||
		    !is_near(slot, items[i].gpa, items[i].size, overlaps))
			continue;
		if (*overlaps)
			return i;
		if (touched == nr)
			touched = i;
	}
	*overlaps = false;
	return touched;
}

static void judge(struct comparison *c, struct finding *note,
		  const struct slot *slot, size_t nr)
{
	size_t view;
	const struct slot *meant = in_the_way_of(c, slot, &view);
	const struct finding *items = c->findings.items;
	bool overlaps;
	size_t at = near_finding(c, slot, nr, &overlaps);

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

void check_hidden(struct comparison *c)
{
	const struct slot_state *state;
	const struct slot *slot;
	size_t view;
	struct finding note;
	size_t nr;

	state = comparison_holder(c, &view);
	if (!state || c->nomem)
		return;
	nr = c->findings.nr;
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
		judge(c, &note, slot, nr);
	}
}
