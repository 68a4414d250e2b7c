// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* uthash would exit the program when out of memory */
#define HASH_NONFATAL_OOM	     1
#define uthash_nonfatal_oom(element) ((element)->at = SIZE_MAX)

#include "view/slot_index.h"

static uint64_t key_of(uint16_t as_id, int32_t id)
{
	return (uint64_t)as_id << 32 | (uint32_t)id;
}

static struct slot_entry *by_gpa(const struct treap_node *node)
{
	return container_of(node, struct slot_entry, by_gpa);
}

static struct slot_entry *by_gmem(const struct treap_node *node)
{
	return container_of(node, struct slot_entry, by_gmem);
}

static bool gpa_before(const struct treap_node *a, const struct treap_node *b)
{
	const struct slot *x = &by_gpa(a)->slot;
	const struct slot *y = &by_gpa(b)->slot;

	if (x->as_id != y->as_id)
		return x->as_id < y->as_id;
	return x->gpa != y->gpa ? x->gpa < y->gpa : x->id < y->id;
}

static size_t count_of(const struct treap_node *node)
{
	return node ? by_gpa(node)->count : 0;
}

static void gpa_update(struct treap_node *node)
{
	by_gpa(node)->count = 1 + count_of(node->left) + count_of(node->right);
}

static bool gmem_before(const struct treap_node *a, const struct treap_node *b)
{
	const struct slot *x = &by_gmem(a)->slot;
	const struct slot *y = &by_gmem(b)->slot;

	if (x->gmem_fd != y->gmem_fd)
		return x->gmem_fd < y->gmem_fd;
	if (x->gmem_offset != y->gmem_offset)
		return x->gmem_offset < y->gmem_offset;
	return by_gmem(a)->key < by_gmem(b)->key;
}

static const struct treap_ops gpa_ops = { gpa_before, gpa_update };
static const struct treap_ops gmem_ops = { gmem_before, NULL };

static struct slot_entry *find(const struct slot_index *index, uint16_t as_id,
			       int32_t id)
{
	uint64_t key = key_of(as_id, id);
	struct slot_entry *found;

	HASH_FIND(hh, index->by_id, &key, sizeof(key), found);
	return found;
}

size_t slot_index_find(const struct slot_index *index, uint16_t as_id,
		       int32_t id)
{
	struct slot_entry *found = find(index, as_id, id);

	return found ? found->at : SIZE_MAX;
}

static void put_in_order(struct slot_index *index, struct slot_entry *entry)
{
	const struct slot *slot = &entry->slot;

	if (!index->ordered)
		return;
	treap_insert(&index->by_gpa, &entry->by_gpa, &gpa_ops);
	index->kib += slot->size >> 10;
	index->nr_readonly += !!(slot->flags & SLOT_READONLY);
	if (!(slot->flags & SLOT_GUEST_MEMFD))
		return;
	index->nr_gmem++;
	index->nr_gmem_unknown += slot->gmem_fd < 0;
	treap_insert(&index->by_gmem, &entry->by_gmem, &gmem_ops);
}

static void take_out(struct slot_index *index, struct slot_entry *entry)
{
	const struct slot *slot = &entry->slot;

	if (!index->ordered)
		return;
	treap_erase(&index->by_gpa, &entry->by_gpa, &gpa_ops);
	index->kib -= slot->size >> 10;
	index->nr_readonly -= !!(slot->flags & SLOT_READONLY);
	if (!(slot->flags & SLOT_GUEST_MEMFD))
		return;
	index->nr_gmem--;
	index->nr_gmem_unknown -= slot->gmem_fd < 0;
	treap_erase(&index->by_gmem, &entry->by_gmem, &gmem_ops);
}

static void note(struct slot_index *index, struct slot_entry *entry,
		 const struct slot *slot, size_t at)
{
	entry->at = at;
	entry->slot = *slot;
	entry->slot.name = NULL;
	put_in_order(index, entry);
}

int slot_index_add(struct slot_index *index, const struct slot *slot, size_t at)
{
	struct slot_entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return -ENOMEM;
	entry->key = key_of(slot->as_id, slot->id);
	entry->at = at;
	HASH_ADD(hh, index->by_id, key, sizeof(entry->key), entry);
	if (entry->at != at) {
		free(entry);
		return -ENOMEM;
	}
	note(index, entry, slot, at);
	return 0;
}

void slot_index_set(struct slot_index *index, const struct slot *slot,
		    size_t at)
{
	struct slot_entry *entry = find(index, slot->as_id, slot->id);

	if (!entry)
		return;
	take_out(index, entry);
	note(index, entry, slot, at);
}

void slot_index_remove(struct slot_index *index, uint16_t as_id, int32_t id)
{
	struct slot_entry *entry = find(index, as_id, id);

	if (!entry)
		return;
	take_out(index, entry);
	HASH_DEL(index->by_id, entry);
	free(entry);
}

void slot_index_deinit(struct slot_index *index)
{
	const bool ordered = index->ordered;
	struct slot_entry *entry;
	struct slot_entry *next;

	HASH_ITER(hh, index->by_id, entry, next)
	{
		HASH_DEL(index->by_id, entry);
		free(entry);
	}
	memset(index, 0, sizeof(*index));
	index->ordered = ordered;
}

/* How many begin at or before @gpa; @last: the last of them */
static size_t rank(const struct slot_index *index, uint16_t as_id, gpa_t gpa,
		   const struct slot_entry **last)
{
	const struct treap_node *node = index->by_gpa.root;
	const struct slot *slot;
	size_t nr = 0;

	*last = NULL;
	while (node) {
		slot = &by_gpa(node)->slot;
		if (slot->as_id < as_id ||
		    (slot->as_id == as_id && slot->gpa <= gpa)) {
			nr += count_of(node->left) + 1;
			*last = by_gpa(node);
			node = node->right;
		} else {
			node = node->left;
		}
	}
	return nr;
}

static bool overlaps(const struct slot_entry *entry, uint16_t as_id, gpa_t gpa,
		     gpa_t last)
{
	return entry && entry->slot.as_id == as_id && entry->slot.gpa <= last &&
	       gpa <= slot_last(&entry->slot);
}

size_t slot_index_overlap(const struct slot_index *index, uint16_t as_id,
			  gpa_t gpa, gpa_t last, int32_t but, size_t *nr)
{
	const struct slot_entry *first;
	const struct slot_entry *end;
	struct treap_node *next;
	size_t before;

	before = rank(index, as_id, gpa, &first);
	*nr = rank(index, as_id, last, &end) - before;
	if (overlaps(first, as_id, gpa, last)) {
		++*nr;
	} else {
		next = first ? treap_next(&first->by_gpa) :
			       treap_first(&index->by_gpa);
		first = next ? by_gpa(next) : NULL;
	}
	if (overlaps(find(index, as_id, but), as_id, gpa, last)) {
		--*nr;
		if (first->slot.id == but && *nr)
			first = by_gpa(treap_next(&first->by_gpa));
	}
	return *nr ? first->at : SIZE_MAX;
}

size_t slot_index_gmem(const struct slot_index *index, int32_t fd,
		       uint64_t offset, uint64_t size)
{
	const struct treap_node *node = index->by_gmem.root;
	const struct slot_entry *found = NULL;
	const struct slot *slot;

	/* the last that begins before the end of the part */
	while (node) {
		slot = &by_gmem(node)->slot;
		if (slot->gmem_fd < fd || (slot->gmem_fd == fd &&
					   slot->gmem_offset < offset + size)) {
			found = by_gmem(node);
			node = node->right;
		} else {
			node = node->left;
		}
	}
	if (!found || found->slot.gmem_fd != fd ||
	    offset >= found->slot.gmem_offset + found->slot.size)
		return SIZE_MAX;
	return found->at;
}
