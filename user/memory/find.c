// SPDX-License-Identifier: GPL-2.0-or-later
/* From an address, or a region, to what is shown there. */
#include "memory/address_space.h"
#include "memory/flat_view.h"
#include "memory/listener.h"
#include "memory/model.h"
#include "memory/region.h"

bool flat_view_find_section(const struct flat_view *view, gpa_t addr,
			    struct memory_region_section *out)
{
	const struct flat_range *range = dispatch_lookup(&view->dispatch, addr);

	if (!range)
		return false;
	*out = section_of(range, NULL, view);
	return true;
}

/* The lowest range of a view that has a byte in [start, end), or NULL */
static const struct flat_range *first_in(const struct flat_view *view,
					 memory_size_t start, memory_size_t end)
{
	const struct flat_range *range;

	if (start >= end || start >= MEMORY_SIZE_2_64)
		return NULL;
	range = dispatch_at_or_behind(&view->dispatch, start);
	return range && range->addr < end ? range : NULL;
}

bool memory_region_find(struct memory_region *region, uint64_t addr,
			memory_size_t size, struct memory_region_section *out)
{
	memory_size_t start = addr, end, range_start;
	const struct memory_region *root = region;
	const struct flat_range *range;
	struct address_space *as;

	for (; root->info.container; root = root->info.container)
		start += root->info.addr;
	start += root->info.addr;
	as = TAILQ_FIRST(&root->spaces);
	if (!as)
		return false;
	end = start + size;
	range = first_in(as->view, start, end);
	if (!range)
		return false;
	*out = section_of(range, as, NULL);
	range_start = range->addr > start ? range->addr : start;
	if (range_end(range) < end)
		end = range_end(range);
	out->offset_within_region += range_start - range->addr;
	out->offset_within_address_space = range_start;
	out->size = end - range_start;
	memory_region_ref(out->region);
	return true;
}

/* A part of a range, where that shows [start, end) of its region */
static bool clip(const struct flat_range *range, memory_size_t start,
		 memory_size_t end, struct memory_region_section *section)
{
	memory_size_t from = range->offset_in_region;
	memory_size_t to = from + range->size;

	if (start > from) {
		if (start >= to)
			return false;
		section->offset_within_region = start;
		section->offset_within_address_space += start - from;
		from = start;
	}
	if (end < to)
		to = end;
	section->size = to - from;
	return from < to;
}

void memory_region_clear_dirty(struct memory_region *region, uint64_t start,
			       memory_size_t size)
{
	struct memory_region_section section;
	struct memory_listener *listener;
	const struct flat_range *range;

	model_for_each_listener(listener, region->model) {
		if (!listener->ops->log_clear)
			continue;
		flat_view_for_each(range, listener->as->view) {
			if (range->region != region || !range->dirty_log_mask)
				continue;
			section = section_of(range, listener->as,
					     listener->as->view);
			if (clip(range, start, start + size, &section))
				listener_call_section(
					listener, LISTENER_LOG_CLEAR, &section);
		}
	}
}
