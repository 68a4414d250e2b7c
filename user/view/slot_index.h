/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a slot stands in an array, by address space and id */
#ifndef VIEW_SLOT_INDEX_H
#define VIEW_SLOT_INDEX_H

#include <uthash.h>

#include <slotscope/view.h>

struct slot_index {
	uint64_t key;
	size_t at;
	UT_hash_handle hh;
};

/** slot_index_find() - the place, or SIZE_MAX */
size_t slot_index_find(const struct slot_index *index, uint16_t as_id,
		       int32_t id);
/** slot_index_set() - note or change a place; 0 or -ENOMEM */
int slot_index_set(struct slot_index **index, uint16_t as_id, int32_t id,
		   size_t at);
void slot_index_remove(struct slot_index **index, uint16_t as_id, int32_t id);
void slot_index_deinit(struct slot_index **index);

#endif
