/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where slots stand in an array that is in no order: by address space and id; and
 * where that is asked for by guest address and by place in a guest_memfd, with
 * sums. For questions that come so often that nobody can look through all slots.
 */
#ifndef VIEW_SLOT_INDEX_H
#define VIEW_SLOT_INDEX_H

#include <uthash.h>

#include <slotscope/view.h>

#include "base/treap.h"

/**
 * struct slot_entry - a slot in the index
 * @at:    its place in the array
 * @slot:  as it was noted
 * @count: entries of the subtree of @by_gpa
 */
struct slot_entry {
	uint64_t key;
	size_t at;
	struct slot slot;
	struct treap_node by_gpa;
	struct treap_node by_gmem;
	size_t count;
	UT_hash_handle hh;
};

/**
 * struct slot_index - zero-initialise it
 * @ordered: keep the orders and the sums below, too; set before the first slot
 * @kib:     of all slots; KVM's are whole pages
 * @nr_readonly, @nr_gmem: slots with the flag
 * @nr_gmem_unknown: slots with a guest_memfd whose descriptor is not known
 *
 * In order are slots that do not overlap, as KVM has them.
 */
struct slot_index {
	struct slot_entry *by_id;
	bool ordered;
	struct treap by_gpa;
	struct treap by_gmem;
	uint64_t kib;
	size_t nr_readonly;
	size_t nr_gmem;
	size_t nr_gmem_unknown;
};

/** slot_index_find() - the place, or SIZE_MAX */
size_t slot_index_find(const struct slot_index *index, uint16_t as_id,
		       int32_t id);

/** slot_index_add() - note a slot of a new id, and its place; 0 or -ENOMEM */
int slot_index_add(struct slot_index *index, const struct slot *slot,
		   size_t at);
/** slot_index_set() - a slot that is noted has changed, or its place has */
void slot_index_set(struct slot_index *index, const struct slot *slot,
		    size_t at);
void slot_index_remove(struct slot_index *index, uint16_t as_id, int32_t id);
void slot_index_deinit(struct slot_index *index);

/**
 * slot_index_overlap() - what overlaps [gpa, last], but for slot @but
 * @nr: how many
 *
 * Return: the place of the first of them by address, or SIZE_MAX.
 */
size_t slot_index_overlap(const struct slot_index *index, uint16_t as_id,
			  gpa_t gpa, gpa_t last, int32_t but, size_t *nr);

/**
 * slot_index_gmem() - a slot that has a part of [offset, offset + size) of @fd
 *
 * Return: its place, or SIZE_MAX.
 */
size_t slot_index_gmem(const struct slot_index *index, int32_t fd,
		       uint64_t offset, uint64_t size);

#endif
