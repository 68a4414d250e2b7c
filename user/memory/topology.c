// SPDX-License-Identifier: GPL-2.0-or-later
/* The difference between two flat views, told to an address space's listeners */
#include "memory/address_space.h"
#include "memory/flat_view.h"
#include "memory/listener.h"
#include "memory/probes.h"
#include "memory/region.h"

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

	PROBE4(section_del, range->region->name, as->name, range->addr,
	       (uint64_t)range->size);
	coalesced_range_del(as, view, range);
	listeners_call_section(as, LISTENER_REGION_DEL, &section);
}

static void tell_add(struct address_space *as, const struct flat_view *view,
		     const struct flat_range *range)
{
	struct memory_region_section section = section_of(range, as, view);

	PROBE4(section_add, range->region->name, as->name, range->addr,
	       (uint64_t)range->size);
	listeners_call_section(as, LISTENER_REGION_ADD, &section);
	coalesced_range_add(as, view, range);
}

/* What stayed, though the change touched it, or all was looked at */
static void tell_nop(struct address_space *as,
		     const struct memory_region_section *section, bool touched)
{
	struct memory_listener *listener;

	TAILQ_FOREACH(listener, &as->listeners, as_link)
		if (touched || listener->ops->nop_all)
			listener_call_section(listener, LISTENER_REGION_NOP,
					      section);
}

static void tell_same(struct address_space *as, const struct flat_view *view,
		      const struct flat_range *old,
		      const struct flat_range *new, bool touched)
{
	struct memory_region_section section = section_of(new, as, view);
	struct listener_call call = {
		.section = &section,
		.old_mask = old->dirty_log_mask,
		.new_mask = new->dirty_log_mask,
	};

	tell_nop(as, &section, touched);
	if (call.new_mask & ~call.old_mask) {
		call.callback = LISTENER_LOG_START;
		listeners_call(as, &call);
	}
	if (call.old_mask & ~call.new_mask) {
		call.callback = LISTENER_LOG_STOP;
		listeners_call(as, &call);
	}
}

/* In one of the windows from *@w on? They and the ranges come by address */
static bool is_touched(const struct windows *touched, size_t *w,
		       const struct flat_range *range)
{
	if (!touched)
		return true;
	while (*w < touched->nr && touched->list[*w].end <= range->addr)
		++*w;
	return *w < touched->nr && touched->list[*w].start < range_end(range);
}

/*
 * One of two passes over both views: all that goes is told before anything that
 * comes, since KVM refuses slots that overlap even for a moment.
 *
 * @touched: the windows that were rendered anew; NULL for all
 */
void topology_pass(struct address_space *as, const struct flat_view *old_view,
		   const struct flat_view *new_view,
		   const struct windows *touched, bool adding)
{
	const struct flat_range *old, *new;
	struct flat_diff diff;
	size_t w = 0;

	flat_diff_begin(&diff, old_view->tree, new_view->tree,
			adding && (!touched || as->nr_nop_all));
	while (flat_diff_next(&diff, &old, &new)) {
		if (old && new) {
			if (adding)
				tell_same(as, new_view, old, new,
					  is_touched(touched, &w, new));
		} else if (old) {
			if (!adding)
				tell_del(as, old_view, old);
		} else if (adding) {
			tell_add(as, new_view, new);
		}
	}
}
