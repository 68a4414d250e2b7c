// SPDX-License-Identifier: GPL-2.0-or-later
/* Coalesced MMIO and PIO: writes that need not be seen at once. */
#include <stdlib.h>

#include "memory/address_space.h"
#include "memory/flat_view.h"
#include "memory/listener.h"
#include "memory/model.h"
#include "memory/region.h"

/*
 * The part of a region's coalesced range that a flat range shows.
 *
 * Return: false if none.
 */
static bool clip(const struct flat_range *range,
		 const struct coalesced_range *coalesced, gpa_t *addr,
		 memory_size_t *size)
{
	memory_size_t shown_end = range->offset_in_region + range->size;
	memory_size_t end = (memory_size_t)coalesced->offset + coalesced->size;
	uint64_t start = coalesced->offset;

	if (start < range->offset_in_region)
		start = range->offset_in_region;
	if (end > shown_end)
		end = shown_end;
	if (start >= end)
		return false;
	*addr = range->addr + (start - range->offset_in_region);
	*size = end - start;
	return true;
}

static void tell(struct address_space *as, const struct flat_view *view,
		 const struct flat_range *range,
		 const struct coalesced_range *coalesced, bool add)
{
	struct memory_region_section section = section_of(range, as, view);
	struct listener_call call = {
		.callback = add ? LISTENER_COALESCED_ADD :
				  LISTENER_COALESCED_DEL,
		.section = &section,
	};

	if (clip(range, coalesced, &call.addr, &call.size))
		listeners_call(as, &call);
}

void coalesced_range_add(struct address_space *as, const struct flat_view *view,
			 const struct flat_range *range)
{
	const struct memory_region *region = range->region;
	size_t i;

	for (i = 0; i < region->nr_coalesced; i++)
		tell(as, view, range, &region->coalesced[i], true);
}

void coalesced_range_del(struct address_space *as, const struct flat_view *view,
			 const struct flat_range *range)
{
	const struct memory_region *region = range->region;
	size_t i;

	for (i = 0; i < region->nr_coalesced; i++)
		tell(as, view, range, &region->coalesced[i], false);
}

/* In every view that shows the region, now */
static void tell_everywhere(const struct memory_region *region,
			    const struct coalesced_range *coalesced, bool add)
{
	const struct flat_range *range;
	struct address_space *as;

	TAILQ_FOREACH(as, &region->model->address_spaces, link)
		flat_view_for_each(range, as->view)
			if (range->region == region)
				tell(as, as->view, range, coalesced, add);
}

int memory_region_add_coalescing(struct memory_region *region, uint64_t offset,
				 uint64_t size, struct slotscope_error *err)
{
	struct coalesced_range *ranges;

	ranges = reallocarray(region->coalesced, region->nr_coalesced + 1,
			      sizeof(*ranges));
	if (!ranges)
		return error_nomem(err, "coalesce writes to", region->name);
	region->coalesced = ranges;
	ranges += region->nr_coalesced++;
	ranges->offset = offset;
	ranges->size = size;
	tell_everywhere(region, ranges, true);
	return 0;
}

void memory_region_clear_coalescing(struct memory_region *region)
{
	size_t i;

	for (i = 0; i < region->nr_coalesced; i++)
		tell_everywhere(region, &region->coalesced[i], false);
	region->nr_coalesced = 0;
}
