// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include <slotscope/view.h>

void stage2_audit_deinit(struct stage2_audit *audit)
{
	free(audit->faults);
	free(audit->unread);
	memset(audit, 0, sizeof(*audit));
}

enum stage2_fault_kind stage2_judge(const struct slot_state *slots,
				    const struct stage2_mapping *page,
				    const uint64_t *host_page)
{
	const struct slot *slot =
		slot_state_find(slots, page->as_id, page->gpa);

	if (!slot)
		return STAGE2_NO_SLOT;
	if (page->writable && slot->flags & SLOT_READONLY)
		return STAGE2_WRITABLE;
	/* What of it is behind the hva, and what behind the file, is not told */
	if (slot->flags & SLOT_GUEST_MEMFD || !slot->hva)
		return STAGE2_FINE;
	if (!host_page)
		return STAGE2_NO_PAGE;
	return *host_page == page->hpa ? STAGE2_FINE : STAGE2_OTHER_PAGE;
}
