// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

/* uthash would exit the program when out of memory */
#define HASH_NONFATAL_OOM	     1
#define uthash_nonfatal_oom(element) ((element)->at = SIZE_MAX)

#include "view/slot_index.h"

static uint64_t key_of(uint16_t as_id, int32_t id)
{
	return (uint64_t)as_id << 32 | (uint32_t)id;
}

static struct slot_index *find(const struct slot_index *index, uint16_t as_id,
			       int32_t id)
{
	uint64_t key = key_of(as_id, id);
	struct slot_index *found;

	HASH_FIND(hh, index, &key, sizeof(key), found);
	return found;
}

size_t slot_index_find(const struct slot_index *index, uint16_t as_id,
		       int32_t id)
{
	struct slot_index *found = find(index, as_id, id);

	return found ? found->at : SIZE_MAX;
}

int slot_index_set(struct slot_index **index, uint16_t as_id, int32_t id,
		   size_t at)
{
	struct slot_index *entry = find(*index, as_id, id);

	if (entry) {
		entry->at = at;
		return 0;
	}
	entry = malloc(sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	entry->key = key_of(as_id, id);
	entry->at = at;
	HASH_ADD(hh, *index, key, sizeof(entry->key), entry);
	if (entry->at != at) {
		free(entry);
		return -ENOMEM;
	}
	return 0;
}

void slot_index_remove(struct slot_index **index, uint16_t as_id, int32_t id)
{
	struct slot_index *entry = find(*index, as_id, id);

	if (!entry)
		return;
	HASH_DEL(*index, entry);
	free(entry);
}

void slot_index_deinit(struct slot_index **index)
{
	struct slot_index *entry;
	struct slot_index *next;

	HASH_ITER(hh, *index, entry, next)
	{
		HASH_DEL(*index, entry);
		free(entry);
	}
}
