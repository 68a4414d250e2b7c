/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which pages of RAM were written to: a bitmap for each RAMBlock and client
 * (QEMU's ram_list.dirty_memory). Pure: who found out, and how, is another's.
 */
#ifndef SLOTSCOPE_KVM_DIRTY_PAGES_H
#define SLOTSCOPE_KVM_DIRTY_PAGES_H

#include <slotscope/memory.h>

#define DIRTY_PAGE_SIZE \
	((uint64_t)4096) /* x86's, and that of KVM's bitmaps there */
#define DIRTY_CLIENTS 3	 /* bits of DIRTY_MEMORY_* */

struct dirty_block;

/** struct dirty_pages - all 0 at first; private to dirty_pages.c */
struct dirty_pages {
	struct dirty_block *blocks;
};

void dirty_pages_deinit(struct dirty_pages *dirty);

/**
 * dirty_pages_set() - pages were written to
 * @clients: DIRTY_MEMORY_*, who wants to know
 * @first:   page of the block that bit 0 of @bits is
 * @nr:	     bits. Those beyond the block's end are dropped
 *
 * Return: 0 or -ENOMEM: nothing is marked then.
 */
int dirty_pages_set(struct dirty_pages *dirty, unsigned int clients,
		    const struct ram_block *block, uint64_t first,
		    const uint64_t *bits, uint64_t nr);

/** dirty_pages_count() - how many are dirty for a client; @client is one bit */
uint64_t dirty_pages_count(const struct dirty_pages *dirty, unsigned int client,
			   const struct ram_block *block);

/**
 * dirty_pages_next() - the next run of dirty pages
 * @page: where to begin; set to the run's first page
 *
 * Return: its length; 0 if there is none.
 */
uint64_t dirty_pages_next(const struct dirty_pages *dirty, unsigned int client,
			  const struct ram_block *block, uint64_t *page);

/** dirty_pages_clear() - forget them */
void dirty_pages_clear(struct dirty_pages *dirty, unsigned int client,
		       const struct ram_block *block);

#endif
