// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "logs/metadata_x86.h"

#define PAGE	      4096
#define WORD_BITS     64
#define LPAGE_INFO    4 /* struct kvm_lpage_info: an int */
#define RMAP_HEAD     8 /* struct kvm_rmap_head: a long */
#define TRACK_COUNT   2 /* unsigned short */
#define DIRTY_BITMAPS 2 /* kvm_dirty_bitmap_bytes(), twice */

static void count_slot(const struct slot *slot,
		       const struct slot_detail *detail,
		       struct slot_metadata *out)
{
	const uint64_t pages = slot->size / PAGE;
	const uint64_t words = (pages + WORD_BITS - 1) / WORD_BITS;
	uint64_t huge = 0;

	for (size_t i = 0; i < detail->nr_huge; i++) {
		huge += detail->huge[i].nr_pages;
		out->nr_disallowed += detail->huge[i].nr_disallowed;
	}
	out->bytes[METADATA_HUGE_PAGES] += huge * LPAGE_INFO;
	if (detail->rmap)
		out->bytes[METADATA_REVERSE_MAP] += (pages + huge) * RMAP_HEAD;
	if (detail->write_track)
		out->bytes[METADATA_WRITE_TRACK] += pages * TRACK_COUNT;
	if (detail->dirty_log)
		out->bytes[METADATA_DIRTY_BITMAP] +=
			words * (WORD_BITS / 8) * DIRTY_BITMAPS;
	out->nr_dirty += detail->nr_dirty;
}

void slot_metadata_count(const struct slot_state *state,
			 const struct vm_detail *detail,
			 struct slot_metadata *out)
{
	*out = (struct slot_metadata){};
	if (!detail->slots || detail->nr_slots != state->nr_slots ||
	    !detail->vm_told || state->coverage.truncated)
		return;
	for (size_t i = 0; i < state->nr_slots; i++) {
		if (!detail->slots[i].told) {
			*out = (struct slot_metadata){};
			return;
		}
		count_slot(&state->slots[i], &detail->slots[i], out);
	}
	out->bytes[METADATA_DIRTY_RING] =
		detail->dirty_ring_bytes * detail->nr_vcpus;
	out->told = true;
}

const char *slot_metadata_name(enum slot_metadata_kind kind)
{
	static const char *const names[METADATA_KINDS] = {
		[METADATA_DIRTY_BITMAP] = "dirty_bitmap",
		[METADATA_HUGE_PAGES] = "huge_pages",
		[METADATA_REVERSE_MAP] = "reverse_map",
		[METADATA_WRITE_TRACK] = "write_track",
		[METADATA_DIRTY_RING] = "dirty_ring",
	};

	return names[kind];
}
