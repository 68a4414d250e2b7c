/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FlatView: what an address space shows, as ranges that do not overlap */
#ifndef SLOTSCOPE_MEMORY_FLAT_VIEW_H
#define SLOTSCOPE_MEMORY_FLAT_VIEW_H

#include <stdatomic.h>

#include <slotscope/memory.h>

#include "memory/dispatch.h"
#include "memory/flat_tree.h"
#include "memory/lists.h"

struct flat_view {
	atomic_uint refs;
	struct memory_model *model;
	struct memory_region *root;
	struct address_space_list users; /* who show it now */
	struct flat_view *next_dead;
	struct flat_node *tree;	  /* NULL: nothing is shown */
	struct dispatch dispatch; /* the same by address, for accesses */
};

static inline memory_size_t range_end(const struct flat_range *range)
{
	return range->addr + range->size;
}

/* flat_view.c */
struct flat_view *flat_view_create(struct memory_model *model,
				   struct memory_region *root,
				   struct flat_node *tree);
void flat_view_free(struct flat_view *view);
void flat_view_reap(struct memory_model *model);

/* topology.c: a view as its address space's listeners are told of it */
struct windows;

void topology_pass(struct address_space *as, const struct flat_view *old_view,
		   const struct flat_view *new_view,
		   const struct windows *touched, bool adding);

struct memory_region_section section_of(const struct flat_range *range,
					struct address_space *as,
					const struct flat_view *view);

/* coalesced.c */
void coalesced_range_add(struct address_space *as, const struct flat_view *view,
			 const struct flat_range *range);
void coalesced_range_del(struct address_space *as, const struct flat_view *view,
			 const struct flat_range *range);

#endif
