// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * KVM makes slots for itself (x86: APIC access page, TSS, identity map). No
 * VMM sees them, and a request that meets one fails with EEXIST. Worth a note
 * where a MODEL has RAM, and beside something that was found; not elsewhere, or
 * every VM would have three.
 */
#include "check/say.h"
#include "check/verdict.h"

/* Does a range overlap the slot, or touch it? */
static bool is_near(const struct slot *slot, gpa_t gpa, uint64_t size,
		    bool *overlaps)
{
	gpa_t last = gpa + (size - 1);

	*overlaps = gpa <= slot_last(slot) && slot->gpa <= last;
	return *overlaps || (slot->gpa && slot->gpa - 1 == last) ||
	       (gpa && gpa - 1 == slot_last(slot));
}

/* What a MODEL has where the slot is, or NULL */
static const struct slot *in_the_way_of(struct verdict *verdict,
					const struct slot *slot)
{
	const struct side *model = &verdict->sides[VIEW_MODEL];
	const struct span *span;

	for (size_t i = 0; model->usable && i < model->slots.nr; i++) {
		span = &model->slots.items[i];
		if (span->as_id == slot->as_id &&
		    span->gpa <= slot_last(slot) && slot->gpa <= span->last)
			return span->slot;
	}
	return NULL;
}

/* The first finding that it overlaps, else one that it touches, else @nr */
static size_t near_finding(const struct verdict *verdict,
			   const struct slot *slot, size_t nr, bool *overlaps)
{
	const struct finding *items = verdict->found->items;
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

static void judge(struct verdict *verdict, struct finding *note,
		  const struct slot *slot, size_t nr)
{
	const struct slot *model_slot = in_the_way_of(verdict, slot);
	const struct finding *items = verdict->found->items;
	bool overlaps;
	size_t at = near_finding(verdict, slot, nr, &overlaps);

	/* with what it explains, and there with the cause of that */
	if (at < nr)
		note->cause = items[at].cause != FINDING_NO_CAUSE ?
				      items[at].cause :
				      at;
	if (model_slot)
		verdict_add(verdict, note,
			    "KVM's own slot %d at %s is where MODEL has %s",
			    slot->id, SAY_RANGE(slot->gpa, slot->size),
			    SAY_WHAT(model_slot));
	else if (at < nr)
		verdict_add(verdict, note, "KVM's own slot %d at %s is %s %s",
			    slot->id, SAY_RANGE(slot->gpa, slot->size),
			    overlaps ? "in the way of" : "next to",
			    SAY_RANGE(items[at].gpa, items[at].size));
}

void check_hidden(struct verdict *verdict)
{
	const struct slot_state *state;
	const struct slot *slot;
	enum view_source view;
	struct finding note;
	size_t nr;

	state = verdict_holder(verdict, &view);
	if (!state || verdict->nomem)
		return;
	nr = verdict->found->nr;
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
			.views = 1U << view,
			.cause = FINDING_NO_CAUSE,
		};
		judge(verdict, &note, slot, nr);
	}
}
