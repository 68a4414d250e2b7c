/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What dirty_log.c and dirty_ring.c share */
#ifndef SLOTSCOPE_KVM_DIRTY_PRIVATE_H
#define SLOTSCOPE_KVM_DIRTY_PRIVATE_H

#include "kvm/dirty_log.h"

static inline uint64_t dirty_slot_pages(const struct kvm_slot *slot)
{
	return slot->size / DIRTY_PAGE_SIZE;
}

/* Pages of a slot were written to: those of @nr from @first on, as @bits say */
void dirty_log_mark(struct dirty_log *log, unsigned int as_id,
		    const struct kvm_slot *slot, uint64_t first,
		    const uint64_t *bits, uint64_t nr);

#endif
