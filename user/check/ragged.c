// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * KVM takes whole pages only (gpa, size and hva). A range that is meant that has ragged
 * ends can be in a slot but for these; QEMU rounds its begin up and its end
 * down. Where gpa and hva are not congruent no rounding helps.
 */
#include <stdio.h>

#include "base/size_text.h"
#include "check/say.h"
#include "check/comparison.h"

/* A view whose ranges are meant, and not asked for */
struct meant {
	struct comparison *comparison;
	size_t view;
};

static void note(const struct meant *meant, const struct slot *slot, gpa_t gpa,
		 gpa_t last, const char *why)
{
	struct finding finding = {
		.id = FINDING_UNALIGNED,
		.as_id = slot->as_id,
		.gpa = gpa,
		.size = last - gpa + 1,
		.slot_id = -1,
		.hva = slot->hva ? slot->hva + (gpa - slot->gpa) : 0,
		.views = 1ULL << meant->view,
		.cause = FINDING_NO_CAUSE,
	};

	comparison_add(meant->comparison, &finding,
		       "%s of %s cannot be in a slot: %s",
		       SAY_RANGE(gpa, finding.size), SAY_WHAT(slot), why);
}

/* The pages that hold [gpa, last] cannot be compared */
static void blind(const struct meant *meant, uint16_t as_id, gpa_t gpa,
		  gpa_t last)
{
	const uint64_t mask = meant->comparison->page_size - 1;
	struct span span = { as_id, gpa & ~mask, last | mask, NULL };

	if (spans_add(&meant->comparison->views[meant->view].blind, &span))
		meant->comparison->nomem = true;
}

/* Return: false if nothing of the range can be in a slot */
static bool shrink(const struct meant *meant, struct span *span,
		   uint32_t fields)
{
	const uint64_t mask = meant->comparison->page_size - 1;
	const struct slot *slot = span->slot;
	gpa_t gpa = span->gpa;
	gpa_t last = span->last;
	char why[96];

	if (fields & SLOT_FIELD_HVA && (slot->gpa ^ slot->hva) & mask) {
		note(meant, slot, gpa, last,
		     "its guest and host address differ within the page");
		blind(meant, span->as_id, gpa, last);
		return false;
	}
	snprintf(why, sizeof(why), "pages are %s", SIZE_IN_TEXT(mask + 1));
	if ((gpa & ~mask) == (last & ~mask) && (gpa & mask || ~last & mask)) {
		note(meant, slot, gpa, last, why);
		blind(meant, span->as_id, gpa, last);
		return false;
	}
	if (gpa & mask) {
		note(meant, slot, gpa, gpa | mask, why);
		blind(meant, span->as_id, gpa, gpa | mask);
		span->gpa = (gpa | mask) + 1;
	}
	if (~last & mask) {
		note(meant, slot, last & ~mask, last, why);
		blind(meant, span->as_id, last & ~mask, last);
		/* ragged at both ends, and no whole page between */
		if ((last & ~mask) == span->gpa)
			return false;
		span->last = (last & ~mask) - 1;
	}
	return true;
}

static void check_view(const struct meant *meant)
{
	struct spans *slots = &meant->comparison->views[meant->view].slots;
	const struct slot_state *state =
		comparison_state(meant->comparison, meant->view);
	uint32_t fields;
	size_t kept = 0;

	for (size_t i = 0; i < slots->nr; i++) {
		fields = state->coverage.fields &
			 ~slots->items[i].slot->unknown;
		if (shrink(meant, &slots->items[i], fields))
			slots->items[kept++] = slots->items[i];
	}
	slots->nr = kept;
}

void check_ragged(struct comparison *comparison)
{
	struct meant meant = { .comparison = comparison };

	for (; meant.view < comparison->input->nr_views; meant.view++) {
		if (comparison->views[meant.view].usable &&
		    comparison_party(comparison, meant.view)->traits &
			    PARTY_MEANS)
			check_view(&meant);
	}
}
