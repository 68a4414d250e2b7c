// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>

#include <slotscope/memory.h>

static uint64_t fnv1a(uint64_t hash, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3;
	return hash;
}

uint64_t flat_view_hash(const struct flat_view *view,
			int (*id)(void *opaque,
				  const struct memory_region *region),
			void *opaque)
{
	uint64_t hash = 0xcbf29ce484222325;
	const struct flat_range *range;
	char text[192];
	int len;

	flat_view_for_each(range, view) {
		len = snprintf(text, sizeof(text),
			       "0%016" PRIx64 "+%x%016" PRIx64
			       " mr=%d off=%" PRIx64
			       " log=%d romd=%d ro=%d nv=%d\n",
			       range->addr, (unsigned int)(range->size >> 64),
			       (uint64_t)range->size, id(opaque, range->region),
			       range->offset_in_region, range->dirty_log_mask,
			       range->romd_mode, range->readonly,
			       range->nonvolatile);
		hash = fnv1a(hash, text, len);
	}
	return hash;
}
