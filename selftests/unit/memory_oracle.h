/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A second renderer, for tests: obviously right, and slow. It knows the rules
 * only for one address at a time: which region answers at this address? All
 * edges of all regions, through every path, cut the address space into
 * intervals in which the answer cannot change; each is asked for once.
 *
 * It uses the public header alone, and shares no code with the library.
 */
#ifndef SLOTSCOPE_TEST_MEMORY_ORACLE_H
#define SLOTSCOPE_TEST_MEMORY_ORACLE_H

#include <stdlib.h>

#include <slotscope/memory.h>

#define ORACLE_MAX_EDGES 20000

struct oracle {
	__int128 edges[ORACLE_MAX_EDGES];
	size_t nr_edges;
	bool too_many;
	struct flat_range *ranges;
	size_t nr;
};

/* What answers at one address: a point of a flat range */
struct oracle_point {
	struct memory_region *region;
	__int128 offset;
	bool readonly;
	bool nonvolatile;
};

/* @addr: relative to the region's own start */
static bool oracle_ask(struct memory_region *region, __int128 addr,
		       bool readonly, bool nonvolatile,
		       struct oracle_point *point)
{
	const struct memory_region_info *info = memory_region_info(region);
	struct memory_region *child;

	if (!info->enabled || addr < 0 || addr >= (__int128)info->size)
		return false;
	readonly |= info->readonly;
	nonvolatile |= info->nonvolatile;
	if (info->alias)
		return oracle_ask(info->alias, addr + info->alias_offset,
				  readonly, nonvolatile, point);
	for (child = memory_region_first_child(region); child;
	     child = memory_region_next_sibling(child))
		if (oracle_ask(child, addr - memory_region_info(child)->addr,
			       readonly, nonvolatile, point))
			return true;
	if (!info->terminates)
		return false;
	point->region = region;
	point->offset = addr;
	point->readonly = readonly;
	point->nonvolatile = nonvolatile;
	return true;
}

static void oracle_edge(struct oracle *o, __int128 at)
{
	if (at <= 0 || at >= (__int128)MEMORY_SIZE_2_64)
		return;
	if (o->nr_edges == ORACLE_MAX_EDGES)
		o->too_many = true;
	else
		o->edges[o->nr_edges++] = at;
}

/* @base: address of the region's own start; disabled ones may be left in */
static void oracle_edges(struct oracle *o, struct memory_region *region,
			 __int128 base)
{
	const struct memory_region_info *info = memory_region_info(region);
	struct memory_region *child;

	if (o->too_many || !info->enabled)
		return;
	oracle_edge(o, base);
	oracle_edge(o, base + info->size);
	if (info->alias) {
		oracle_edges(o, info->alias,
			     base - (__int128)info->alias_offset);
		return;
	}
	for (child = memory_region_first_child(region); child;
	     child = memory_region_next_sibling(child))
		oracle_edges(o, child, base + memory_region_info(child)->addr);
}

static int oracle_compare(const void *a, const void *b)
{
	__int128 x = *(const __int128 *)a, y = *(const __int128 *)b;

	return x < y ? -1 : x > y;
}

/* Which region a view is rendered from; QEMU's rule for sharing views */
static struct memory_region *oracle_root(struct memory_region *region)
{
	struct memory_region *child, *only;
	const struct memory_region_info *info;
	int enabled;

	for (;;) {
		info = memory_region_info(region);
		if (!info->enabled)
			return NULL;
		if (info->alias) {
			if (info->alias_offset ||
			    info->size < memory_region_info(info->alias)->size)
				return region;
			region = info->alias;
			continue;
		}
		if (info->terminates)
			return region;
		enabled = 0;
		only = NULL;
		for (child = memory_region_first_child(region); child;
		     child = memory_region_next_sibling(child)) {
			if (memory_region_info(child)->enabled) {
				enabled++;
				only = child;
			}
		}
		if (!enabled)
			return NULL;
		if (enabled > 1 || memory_region_info(only)->addr ||
		    info->size < memory_region_info(only)->size)
			return region;
		region = only;
	}
}

static void oracle_add(struct oracle *o, __int128 from, __int128 to,
		       const struct oracle_point *point)
{
	struct flat_range *last = o->nr ? &o->ranges[o->nr - 1] : NULL;

	if (last && last->region == point->region &&
	    last->readonly == point->readonly &&
	    last->nonvolatile == point->nonvolatile &&
	    (__int128)(last->addr + last->size) == from &&
	    (__int128)(last->offset_in_region + last->size) == point->offset) {
		last->size += to - from;
		return;
	}
	o->ranges[o->nr++] = (struct flat_range){
		.region = point->region,
		.addr = from,
		.size = to - from,
		.offset_in_region = point->offset,
		.dirty_log_mask = memory_region_dirty_log_mask(point->region),
		.romd_mode = memory_region_info(point->region)->romd_mode,
		.readonly = point->readonly,
		.nonvolatile = point->nonvolatile,
	};
}

/* Return: false if there are too many edges to tell */
static bool oracle_render(struct oracle *o, struct memory_region *root)
{
	struct memory_region *region = oracle_root(root);
	struct oracle_point point;
	__int128 base, to;
	size_t i;

	o->nr_edges = 0;
	o->too_many = false;
	o->nr = 0;
	if (!region)
		return true;
	/* A root that is also mapped somewhere keeps its offset: as in QEMU */
	base = memory_region_info(region)->addr;
	o->edges[o->nr_edges++] = 0;
	oracle_edges(o, region, base);
	if (o->too_many)
		return false;
	qsort(o->edges, o->nr_edges, sizeof(*o->edges), oracle_compare);
	free(o->ranges);
	o->ranges = calloc(o->nr_edges, sizeof(*o->ranges));
	for (i = 0; i < o->nr_edges; i++) {
		to = i + 1 < o->nr_edges ? o->edges[i + 1] :
					   (__int128)MEMORY_SIZE_2_64;
		if (to == o->edges[i])
			continue;
		if (oracle_ask(region, o->edges[i] - base, false, false,
			       &point))
			oracle_add(o, o->edges[i], to, &point);
	}
	return true;
}

#endif
