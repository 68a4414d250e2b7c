// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * KVM takes whole pages only (gpa, size and hva). A MODEL range that has ragged
 * ends can be in a slot but for these; QEMU rounds its begin up and its end
 * down. Where gpa and hva are not congruent no rounding helps.
 */
#include <stdio.h>

#include "check/say.h"
#include "check/verdict.h"

static void note(struct verdict *verdict, const struct slot *slot, gpa_t gpa,
		 gpa_t last, const char *why)
{
	struct finding finding = {
		.id = FINDING_UNALIGNED,
		.as_id = slot->as_id,
		.gpa = gpa,
		.size = last - gpa + 1,
		.slot_id = -1,
		.hva = slot->hva ? slot->hva + (gpa - slot->gpa) : 0,
		.views = 1U << CHECK_MODEL,
		.cause = FINDING_NO_CAUSE,
	};

	verdict_add(verdict, &finding, "%s of %s cannot be in a slot: %s",
		    SAY_RANGE(gpa, finding.size), SAY_WHAT(slot), why);
}

/* The pages that hold [gpa, last] cannot be compared */
static void blind(struct verdict *verdict, uint16_t as_id, gpa_t gpa,
		  gpa_t last)
{
	const uint64_t mask = verdict->page_size - 1;
	struct span span = { as_id, gpa & ~mask, last | mask, NULL };

	if (spans_add(&verdict->sides[VIEW_MODEL].blind, &span))
		verdict->nomem = true;
}

/* Return: false if nothing of the range can be in a slot */
static bool shrink(struct verdict *verdict, struct span *span, uint32_t fields)
{
	const uint64_t mask = verdict->page_size - 1;
	const struct slot *slot = span->slot;
	gpa_t gpa = span->gpa;
	gpa_t last = span->last;
	char why[96];

	if (fields & SLOT_FIELD_HVA && (slot->gpa ^ slot->hva) & mask) {
		note(verdict, slot, gpa, last,
		     "its guest and host address differ within the page");
		blind(verdict, span->as_id, gpa, last);
		return false;
	}
	snprintf(why, sizeof(why), "pages are %s", SAY_SIZE(mask + 1));
	if ((gpa & ~mask) == (last & ~mask) && (gpa & mask || ~last & mask)) {
		note(verdict, slot, gpa, last, why);
		blind(verdict, span->as_id, gpa, last);
		return false;
	}
	if (gpa & mask) {
		note(verdict, slot, gpa, gpa | mask, why);
		blind(verdict, span->as_id, gpa, gpa | mask);
		span->gpa = (gpa | mask) + 1;
	}
	if (~last & mask) {
		note(verdict, slot, last & ~mask, last, why);
		blind(verdict, span->as_id, last & ~mask, last);
		/* ragged at both ends, and no whole page between */
		if ((last & ~mask) == span->gpa)
			return false;
		span->last = (last & ~mask) - 1;
	}
	return true;
}

void check_ragged(struct verdict *verdict)
{
	struct side *side = &verdict->sides[VIEW_MODEL];
	struct spans *slots = &side->slots;
	uint32_t fields;
	size_t kept = 0;

	if (!side->usable)
		return;
	for (size_t i = 0; i < slots->nr; i++) {
		fields = side->state->coverage.fields &
			 ~slots->items[i].slot->unknown;
		if (shrink(verdict, &slots->items[i], fields))
			slots->items[kept++] = slots->items[i];
	}
	slots->nr = kept;
}
