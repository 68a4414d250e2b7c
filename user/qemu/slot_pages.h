/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which slot a flat range becomes: KVM takes whole pages of the host, and a QEMU
 * rounds the begin of a range up and its end down. Pure.
 */
#ifndef SLOTSCOPE_QEMU_SLOT_PAGES_H
#define SLOTSCOPE_QEMU_SLOT_PAGES_H

#include "qemu/regions.h"

enum slot_pages {
	SLOT_PAGES_EXACT,   /* the range as it is */
	SLOT_PAGES_SMALLER, /* without its ragged ends */
	SLOT_PAGES_NONE,    /* it holds no whole page */
	SLOT_PAGES_ASKEW, /* guest and host address differ within the page: KVM refuses */
};

/**
 * slot_pages() - which part of a range is whole pages
 * @page_size: of the host; a power of 2
 * @first, @last: set, but for SLOT_PAGES_NONE
 *
 * Host memory of a region begins at a page, as QEMU allocates it; so a range's
 * place within its page is that of its offset.
 */
enum slot_pages slot_pages(const struct mtree_range *range, uint64_t page_size,
			   uint64_t *first, uint64_t *last);

/**
 * slot_mark() - why has a range the mark "KVM", or not?
 * @what:      what it is to KVM
 * @page_size: of the host
 * @contradicts: set if no rule explains it: QEMU's slot table is not what its flat
 *	       view says
 *
 * QEMU prints the mark if its slot table has a slot of exactly the range, whole
 * pages or not.
 *
 * Return: words for people.
 */
const char *slot_mark(const struct mtree_range *range, enum range_slot what,
		      uint64_t page_size, bool *contradicts);

#endif
