// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/footing.h"

/* What is at @hva, up to where it may become something else */
static struct footing at(const struct footing_walk *walk, hva_t hva)
{
	const struct host_map *map = walk->map;
	size_t i = host_map_from(map, hva);
	const struct host_range *range = &map->ranges[i];
	struct footing found = { .first = hva, .last = walk->last };
	hva_t end;

	if (i == map->nr || hva < range->start) {
		found.kind = i == map->nr && map->truncated ? FOOTING_UNKNOWN :
							      FOOTING_NOTHING;
		if (i < map->nr && range->start - 1 < found.last)
			found.last = range->start - 1;
		return found;
	}
	found.range = range;
	found.sure = !range->inode || range->file != HOST_FILE_UNKNOWN;
	end = range->start + host_range_reach(range);
	if (hva >= end) {
		found.kind = FOOTING_BEYOND;
		end = range->end;
	} else if (!range->read) {
		found.kind = FOOTING_UNREADABLE;
	} else if (!range->write && walk->writes) {
		found.kind = FOOTING_UNWRITABLE;
	}
	if (end - 1 < found.last)
		found.last = end - 1;
	return found;
}

static bool is_one(const struct footing *a, const struct footing *b)
{
	if (a->kind != b->kind || a->sure != b->sure)
		return false;
	return a->kind != FOOTING_GOOD ||
	       host_range_same_memory(a->range, b->range);
}

bool footing_next(struct footing_walk *walk, struct footing *out)
{
	struct footing more;

	if (walk->done)
		return false;
	*out = at(walk, walk->next);
	while (out->last < walk->last) {
		more = at(walk, out->last + 1);
		if (!is_one(out, &more))
			break;
		out->last = more.last;
	}
	walk->done = out->last >= walk->last;
	walk->next = out->last + 1;
	return true;
}
