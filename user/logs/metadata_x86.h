/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much memory KVM takes beside the slots of a VM. Pure */
#ifndef LOGS_METADATA_X86_H
#define LOGS_METADATA_X86_H

#include <slotscope/view.h>

enum slot_metadata_kind {
	METADATA_DIRTY_BITMAP, /* two bits a page: it is handed over in turns */
	METADATA_HUGE_PAGES, /* struct kvm_lpage_info, a huge page of each size */
	METADATA_REVERSE_MAP, /* struct kvm_rmap_head, a page of each size */
	METADATA_WRITE_TRACK, /* unsigned short, a page */
	METADATA_DIRTY_RING,  /* of the vCPUs */
	METADATA_KINDS,
};

/**
 * struct slot_metadata - of all slots of a VM
 * @told:	   the rest is known
 * @bytes:	   that KVM asked the kernel for, by enum slot_metadata_kind
 * @nr_dirty:	   pages that are marked in dirty bitmaps
 * @nr_disallowed: huge pages that KVM must not map as one
 */
struct slot_metadata {
	bool told;
	uint64_t bytes[METADATA_KINDS];
	uint64_t nr_dirty;
	uint64_t nr_disallowed;
};

/**
 * slot_metadata_count() - add up what the module told
 * @state:  the slots that @detail is of
 *
 * Sizes of entries are those of x86's kvm_alloc_memslot_metadata() and
 * kvm_alloc_dirty_bitmap(), Linux 6.1 to 7.2. Of a slot that changed while it was
 * counted nothing is known: then of none.
 */
void slot_metadata_count(const struct slot_state *state,
			 const struct vm_detail *detail,
			 struct slot_metadata *out);

/** slot_metadata_name() - "dirty_bitmap" */
const char *slot_metadata_name(enum slot_metadata_kind kind);

#endif
