// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/slot_pages.h"

enum slot_pages slot_pages(const struct mtree_range *range, uint64_t page_size,
			   uint64_t *first, uint64_t *last)
{
	const uint64_t mask = page_size - 1;
	bool begins = !(range->first & mask);
	bool ends = (range->last & mask) == mask;

	/* The last page of all: rounding up would wrap */
	if (!begins && range->first > UINT64_MAX - mask)
		return SLOT_PAGES_NONE;
	*first = (range->first + mask) & ~mask;
	if (ends)
		*last = range->last;
	else if ((range->last & ~mask) <= *first)
		return SLOT_PAGES_NONE;
	else
		*last = (range->last & ~mask) - 1;
	if (*last < *first)
		return SLOT_PAGES_NONE;
	if ((range->first ^ range->offset) & mask)
		return SLOT_PAGES_ASKEW;
	return begins && ends ? SLOT_PAGES_EXACT : SLOT_PAGES_SMALLER;
}

const char *slot_mark(const struct mtree_range *range, enum range_slot what,
		      uint64_t page_size, bool *contradicts)
{
	uint64_t first, last;
	enum slot_pages pages = slot_pages(range, page_size, &first, &last);

	*contradicts = false;
	if (what == RANGE_NO_SLOT) {
		*contradicts = range->kvm;
		return range->kvm ? "marked, and no memory" : "no memory";
	}
	if (range->kvm) {
		*contradicts = pages != SLOT_PAGES_EXACT;
		switch (pages) {
		case SLOT_PAGES_EXACT:
			return "marked: a slot of exactly this range";
		case SLOT_PAGES_ASKEW:
			return "marked, though KVM refuses it";
		default:
			return "marked, though it is no whole pages: is the "
			       "page size right?";
		}
	}
	switch (pages) {
	case SLOT_PAGES_NONE:
		return "no mark: it holds no whole page, so no slot";
	case SLOT_PAGES_SMALLER:
		return "no mark: it asks for the exact range, and the slot has "
		       "whole pages";
	case SLOT_PAGES_ASKEW:
		return "no mark: guest and host address differ within the page";
	default:
		break;
	}
	if (what == RANGE_UNKNOWN)
		return "no mark: no memory, perhaps";
	return "no mark, and no rule explains it, if this QEMU runs on KVM";
}
