// SPDX-License-Identifier: GPL-2.0-or-later
/* The difference between two flat views, told to an address space's listeners */
#include "memory/private.h"

/* The dirty log mask does not count: its change is told by itself */
static bool same_range(const struct flat_range *a, const struct flat_range *b)
{
	return a->region == b->region && a->addr == b->addr &&
	       a->size == b->size &&
	       a->offset_in_region == b->offset_in_region &&
	       a->romd_mode == b->romd_mode && a->readonly == b->readonly &&
	       a->nonvolatile == b->nonvolatile;
}

struct memory_region_section section_of(const struct flat_range *range,
					struct address_space *as,
					const struct flat_view *view)
{
	return (struct memory_region_section){
		.address_space = as,
		.view = view,
		.region = range->region,
		.offset_within_region = range->offset_in_region,
		.offset_within_address_space = range->addr,
		.size = range->size,
		.readonly = range->readonly,
		.nonvolatile = range->nonvolatile,
	};
}

static void tell_del(struct address_space *as, const struct flat_view *view,
		     const struct flat_range *range)
{
	struct memory_region_section section = section_of(range, as, view);

	coalesced_range_del(as, view, range);
	listeners_call_reverse(as, region_del, &section);
}

static void tell_add(struct address_space *as, const struct flat_view *view,
		     const struct flat_range *range)
{
	struct memory_region_section section = section_of(range, as, view);

	listeners_call(as, region_add, &section);
	coalesced_range_add(as, view, range);
}

static void tell_same(struct address_space *as, const struct flat_view *view,
		      const struct flat_range *old,
		      const struct flat_range *new)
{
	struct memory_region_section section = section_of(new, as, view);
	uint8_t was = old->dirty_log_mask, is = new->dirty_log_mask;

	listeners_call(as, region_nop, &section);
	if (is & ~was)
		listeners_call(as, log_start, &section, was, is);
	if (was & ~is)
		listeners_call_reverse(as, log_stop, &section, was, is);
}

/*
 * One of two passes over both views: all that goes is told before anything that
 * comes, since KVM refuses slots that overlap even for a moment.
 */
void topology_pass(struct address_space *as, const struct flat_view *old_view,
		   const struct flat_view *new_view, bool adding)
{
	const struct flat_range *old = flat_view_first(old_view);
	const struct flat_range *new = flat_view_first(new_view);

	while (old || new) {
		if (old && new &&same_range(old, new)) {
			if (adding)
				tell_same(as, new_view, old, new);
			old = flat_view_next(old_view, old);
			new = flat_view_next(new_view, new);
		} else if (old && (!new || old->addr <= new->addr)) {
			if (!adding)
				tell_del(as, old_view, old);
			old = flat_view_next(old_view, old);
		} else {
			if (adding)
				tell_add(as, new_view, new);
			new = flat_view_next(new_view, new);
		}
	}
}
