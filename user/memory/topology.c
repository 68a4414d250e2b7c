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

	PROBE4(section_del, range->region->name, as->name, range->addr,
	       (uint64_t)range->size);
	coalesced_range_del(as, view, range);
	listeners_call_reverse(as, region_del, &section);
}

static void tell_add(struct address_space *as, const struct flat_view *view,
		     const struct flat_range *range)
{
	struct memory_region_section section = section_of(range, as, view);

	PROBE4(section_add, range->region->name, as->name, range->addr,
	       (uint64_t)range->size);
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

/* A place in a view; behind its last range if leaf == nr_leaves */
struct cursor {
	const struct flat_view *view;
	size_t leaf;
	unsigned int range;
};

static const struct flat_range *here(const struct cursor *c)
{
	return c->leaf < c->view->nr_leaves ?
		       &c->view->leaves[c->leaf]->ranges[c->range] :
		       NULL;
}

static void step(struct cursor *c)
{
	if (++c->range == c->view->leaves[c->leaf]->nr) {
		c->range = 0;
		c->leaf++;
	}
}

/* Both at the start of one leaf: nothing in it changed */
static bool skip_shared(struct cursor *old, struct cursor *new)
{
	if (old->range || new->range || old->leaf == old->view->nr_leaves ||
	    new->leaf == new->view->nr_leaves ||
	    old->view->leaves[old->leaf] != new->view->leaves[new->leaf])
		return false;
	old->leaf++;
	new->leaf++;
	return true;
}

/*
 * One of two passes over both views: all that goes is told before anything that
 * comes, since KVM refuses slots that overlap even for a moment.
 */
void topology_pass(struct address_space *as, const struct flat_view *old_view,
		   const struct flat_view *new_view, bool adding)
{
	struct cursor old_at = { .view = old_view };
	struct cursor new_at = { .view = new_view };
	const struct flat_range *old, *new;

	for (;;) {
		if (skip_shared(&old_at, &new_at))
			continue;
		old = here(&old_at);
		new = here(&new_at);
		if (!old && !new)
			return;
		if (old && new &&same_range(old, new)) {
			if (adding)
				tell_same(as, new_view, old, new);
			step(&old_at);
			step(&new_at);
		} else if (old && (!new || old->addr <= new->addr)) {
			if (!adding)
				tell_del(as, old_view, old);
			step(&old_at);
		} else {
			if (adding)
				tell_add(as, new_view, new);
			step(&new_at);
		}
	}
}
