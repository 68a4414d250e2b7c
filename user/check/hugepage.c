// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * KVM maps a huge page only where guest and host address have the same remainder
 * modulo its size: both page tables have it at a multiple of that. Else all of the
 * slot is mapped by the host's smallest pages. Worth a note where the slot is large
 * enough to hold one.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/size_text.h"
#include "check/near.h"
#include "check/say.h"

#define ENTRY_SIZE \
	8 /* bytes, of all architectures that KVM runs 64-bit hosts on */

/* What one entry of the second level maps: 2 MiB where pages are of 4 KiB */
static uint64_t huge_page_size(uint64_t page_size)
{
	return page_size * (page_size / ENTRY_SIZE);
}

/* Is there a place for one in the slot, by its guest addresses? */
static bool holds_one(const struct slot *slot, uint64_t size)
{
	const gpa_t first = (slot->gpa + (size - 1)) & ~(size - 1);

	return first >= slot->gpa && slot->size >= size &&
	       first - slot->gpa <= slot->size - size;
}

struct huge {
	struct comparison *comparison;
	const struct host_map *map;
	struct near near;
	size_t view;
	size_t *able; /* by range of the map: how many before it may have some */
};

static bool may_have_some(const struct host_range *range)
{
	return range->thp != HOST_THP_NO || range->vm_flags & HOST_HUGETLB;
}

static int count_able(struct huge *huge)
{
	const struct host_map *map = huge->map;

	if (!map)
		return 0;
	huge->able = calloc(map->nr + 1, sizeof(*huge->able));
	if (!huge->able)
		return -ENOMEM;
	for (size_t i = 0; i < map->nr; i++)
		huge->able[i + 1] =
			huge->able[i] + may_have_some(&map->ranges[i]);
	return 0;
}

/* Where the host itself has none, nothing is lost; what is not known may have some */
static bool host_has_none(const struct huge *huge, const struct slot *slot)
{
	size_t first, end;
	hva_t last = slot->hva + (slot->size - 1);

	if (!huge->map)
		return false;
	first = host_map_from(huge->map, slot->hva);
	end = host_map_from(huge->map, last);
	if (end < huge->map->nr && huge->map->ranges[end].start <= last)
		end++;
	return huge->able[end] == huge->able[first];
}

/* The size that cannot be used, or 0 */
static uint64_t unusable(const struct huge *huge, const struct slot *slot)
{
	const uint64_t small = huge_page_size(huge->comparison->page_size);
	const uint64_t differ = slot->gpa ^ slot->hva;
	const struct host_range *range;
	uint64_t large;

	if (!holds_one(slot, small) || host_has_none(huge, slot))
		return 0;
	if (differ & (small - 1))
		return small;
	/* hugetlbfs of 1 GiB: KVM falls back to the next smaller size */
	range = huge->map ? host_map_find(huge->map, slot->hva) : NULL;
	large = range ? range->page_size : 0;
	return large > small && !(large & (large - 1)) &&
			       holds_one(slot, large) && differ & (large - 1) ?
		       large :
		       0;
}

static void judge(struct huge *huge, const struct slot *slot)
{
	const uint64_t size = unusable(huge, slot);
	const struct finding note = {
		.id = FINDING_HUGEPAGE,
		.as_id = slot->as_id,
		.gpa = slot->gpa,
		.size = slot->size,
		.slot_id = slot->id,
		.hva = slot->hva,
		.seq = slot->seq,
		.views = 1ULL << huge->view,
		.cause = FINDING_NO_CAUSE,
	};
	bool overlaps;

	/* where the slot should be otherwise, its huge pages are no matter */
	near_find(&huge->near, slot->as_id, slot->gpa, slot_last(slot),
		  &overlaps);
	if (!size || overlaps)
		return;
	comparison_add(huge->comparison, &note,
		       "%s at %s has no huge pages of %s: its guest address "
		       "is 0x%" PRIx64 " behind a multiple of that, and its "
		       "host address 0x%" PRIx64,
		       SAY_WHAT(slot), SAY_RANGE(slot->gpa, slot->size),
		       SIZE_IN_TEXT(size), slot->gpa & (size - 1),
		       slot->hva & (size - 1));
}

void check_hugepage(struct comparison *c)
{
	struct huge huge = { .comparison = c, .map = comparison_ground(c) };
	const struct slot_state *state = comparison_holder(c, &huge.view);
	const struct slot *slot;

	if (!state || c->nomem)
		return;
	if (near_init(&huge.near, c, 1U << FINDING_MISMATCH) ||
	    count_able(&huge))
		c->nomem = true;
	for (size_t i = 0; i < state->nr_slots && !c->nomem; i++) {
		slot = &state->slots[i];
		if (!slot->hidden && comparison_is_at_rest(c, huge.view, slot))
			judge(&huge, slot);
	}
	free(huge.able);
	near_deinit(&huge.near);
}
