/* SPDX-License-Identifier: GPL-2.0-only */
/* What KVM keeps beside a slot, counted a piece at a time. */
#ifndef SLOTSCOPE_DETAIL_H
#define SLOTSCOPE_DETAIL_H

#include <linux/types.h>

struct kvm_memory_slot;
struct slotscope_detail;

/**
 * struct detail_at - how far the counting of one slot is; zeroed: at its beginning
 * @part: which of its arrays
 * @next: the entry there that comes next
 */
struct detail_at {
	u32 part;
	u64 next;
};

bool detail_count(struct slotscope_detail *to,
		  const struct kvm_memory_slot *slot, struct detail_at *at,
		  u32 *budget);

#endif
