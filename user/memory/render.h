/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From regions to the ranges that they show: all of a view, or windows of it */
#ifndef SLOTSCOPE_MEMORY_RENDER_H
#define SLOTSCOPE_MEMORY_RENDER_H

#include <slotscope/memory.h>

#include "memory/windows.h"

/* Regions nested deeper than this are refused at the commit that shows them */
#define MEMORY_MAX_DEPTH  1000
/* And views that need more steps than this: aliases of aliases can double them
 * on each level, and would take for ever
 */
#define MEMORY_MAX_VISITS (1u << 22)

/* Ranges on their way into a view; sorted. Holds no references */
struct flat_ranges {
	struct flat_range *list;
	size_t nr;
	size_t cap;
};

/* render.c */

/* What is handed down, while rendering, from a region to what it shows */
struct render_at {
	/*
	 * Guest address of offset 0 of what the region is mapped in. May be
	 * negative, for an alias of a part
	 */
	__int128 base;
	/* The window that may still be visible */
	__int128 start;
	__int128 end;
	bool readonly;
	bool nonvolatile;
};

/* How far a render came */
struct render_work {
	unsigned int depth;
	unsigned int visits;
};

int render_visit(struct render_work *work);
bool render_enter(struct render_at *at, const struct memory_region *region);
void render_through_alias(struct render_at *at,
			  const struct memory_region *alias);
struct flat_range render_range(const struct render_at *at,
			       struct memory_region *region);
bool flat_ranges_can_merge(const struct flat_range *a,
			   const struct flat_range *b);
int flat_ranges_append(struct flat_ranges *ranges,
		       const struct flat_range *range);
int render_full(struct memory_region *root, struct flat_ranges *out);
struct memory_region *flat_view_find_root(struct memory_region *region);

/* render_window.c */
int render_window(struct memory_region *root, const struct window *window,
		  struct flat_ranges *out);

/* flat_splice.c */
int flat_view_render(struct memory_model *model, struct memory_region *root,
		     struct flat_view **out, struct slotscope_error *err);
int flat_view_update(const struct flat_view *old, struct windows *windows,
		     struct flat_view **out, struct slotscope_error *err);

#endif
