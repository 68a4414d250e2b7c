// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What KVM's page tables map, held against KVM's own slots and the host's pages. The
 * holding is done where both are read (session/stage2_view.c), as what moves has to be
 * read again; here it is said.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/plural.h"
#include "base/size_text.h"
#include "check/comparison.h"

#define SAY_FAULT 192

static void say_fault(char buf[SAY_FAULT], const struct stage2_fault *fault)
{
	switch (fault->kind) {
	case STAGE2_OTHER_PAGE:
		snprintf(buf, SAY_FAULT,
			 "to host page 0x%" PRIx64
			 ", and host address 0x%" PRIx64 " has page 0x%" PRIx64,
			 fault->hpa, fault->hva, fault->host);
		return;
	case STAGE2_NO_PAGE:
		snprintf(buf, SAY_FAULT,
			 "to host page 0x%" PRIx64
			 ", and host address 0x%" PRIx64 " has none",
			 fault->hpa, fault->hva);
		return;
	case STAGE2_NO_SLOT:
		snprintf(buf, SAY_FAULT,
			 "to host page 0x%" PRIx64 ", and no slot is there",
			 fault->hpa);
		return;
	case STAGE2_WRITABLE:
		snprintf(buf, SAY_FAULT,
			 "to be written, and the slot is "
			 "read-only");
		return;
	default:
		snprintf(buf, SAY_FAULT, "wrong in a way of number %d",
			 (int)fault->kind);
	}
}

static void judge(struct comparison *c, size_t view,
		  const struct stage2_fault *fault)
{
	const struct finding finding = {
		.id = FINDING_STAGE2,
		.as_id = fault->as_id,
		.gpa = fault->gpa,
		.size = fault->size,
		.hva = fault->hva,
		.slot_id = fault->slot_id,
		.views = 1ULL << view,
		.cause = FINDING_NO_CAUSE,
	};
	char text[SAY_FAULT];

	say_fault(text, fault);
	comparison_add(c, &finding,
		       "KVM's page tables map 0x%" PRIx64 "-0x%" PRIx64
		       " of address space %u %s",
		       fault->gpa, fault->gpa + fault->size - 1, fault->as_id,
		       text);
}

static void say_unknown(struct comparison *c, size_t view,
			const struct stage2_audit *stage2)
{
	const struct finding finding = { .id = FINDING_UNREAD,
					 .slot_id = -1,
					 .views = 1ULL << view,
					 .cause = FINDING_NO_CAUSE };

	if (stage2->unread)
		comparison_add(c, &finding,
			       "what KVM's page tables map could not be told: "
			       "%s",
			       stage2->unread);
	if (stage2->moving)
		comparison_add(c, &finding,
			       "of %s in KVM's page tables it could "
			       "not be told whether they map the right pages: "
			       "these moved each time they were looked at",
			       SIZE_IN_TEXT(stage2->moving));
	if (stage2->nr_all > stage2->nr)
		comparison_add(c, &finding,
			       "KVM's page tables have %" PRIu64
			       " fault%s; told: %zu",
			       stage2->nr_all, plural(stage2->nr_all),
			       stage2->nr);
}

void check_stage2(struct comparison *c)
{
	const struct stage2_audit *stage2;

	for (size_t view = 0; view < c->input->nr_views; view++) {
		stage2 = c->input->views[view].stage2;
		if (!stage2)
			continue;
		for (size_t i = 0; i < stage2->nr; i++)
			judge(c, view, &stage2->faults[i]);
		say_unknown(c, view, stage2);
	}
}
