// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>

#include <slotscope/memory.h>

#include "narrate/memory_watch.h"

static const char *hex_size(memory_size_t size, char *text, size_t len)
{
	if (size == MEMORY_SIZE_2_64)
		return "2^64";
	snprintf(text, len, "0x%" PRIx64, (uint64_t)size);
	return text;
}

static const char *yes(bool is)
{
	return is ? "true" : "false";
}

static const char *name_of(const struct memory_region *region)
{
	return region ? memory_region_info(region)->name : "NULL";
}

void watch_event_region(const void *object, struct narrate_fields *f)
{
	const struct memory_event *event = object;
	const struct memory_region_info *info;
	char size[32];

	if (!event->region)
		return;
	info = memory_region_info(event->region);
	narrate_named(f, "MemoryRegion", event->region, info->name);
	narrate_field(f, "size", NULL, "%s",
		      hex_size(info->size, size, sizeof(size)));
	narrate_ref(f, "container", "NULL", info->container,
		    name_of(info->container));
	narrate_field(f, "addr", "0x0", "0x%" PRIx64, info->addr);
	narrate_field(f, "priority", "0", "%d", info->priority);
	narrate_field(f, "enabled", "true", "%s", yes(info->enabled));
	narrate_field(f, "terminates", "false", "%s", yes(info->terminates));
	narrate_field(f, "ram", "false", "%s", yes(info->ram));
	narrate_field(f, "rom_device", "false", "%s", yes(info->rom_device));
	if (info->rom_device)
		narrate_field(f, "romd_mode", NULL, "%s", yes(info->romd_mode));
	narrate_field(f, "readonly", "false", "%s", yes(info->readonly));
	narrate_field(f, "dirty_log_mask", "0", "%u", info->dirty_log_mask);
	narrate_ref(f, "ram_block", "NULL", info->ram_block,
		    info->ram_block ? info->ram_block->idstr : "NULL");
	narrate_ref(f, "alias", "NULL", info->alias, name_of(info->alias));
	if (info->alias)
		narrate_field(f, "alias_offset", NULL, "0x%" PRIx64,
			      info->alias_offset);
}

void watch_event_block(const void *object, struct narrate_fields *f)
{
	const struct memory_event *event = object;
	const struct ram_block *block = event->block;

	if (!block)
		return;
	narrate_named(f, "RAMBlock", block, block->idstr);
	narrate_field(f, "host", NULL, "0x%" PRIx64, block->hva);
	narrate_field(f, "offset", NULL, "0x%" PRIx64, block->offset);
	narrate_field(f, "used_length", NULL, "0x%" PRIx64, block->used_length);
	narrate_field(f, "max_length", NULL, "0x%" PRIx64, block->max_length);
	narrate_field(f, "page_size", NULL, "%" PRIu64, block->page_size);
	narrate_field(f, "flags", NULL, "0x%x", block->flags);
	narrate_field(f, "fd", NULL, "%d", block->fd);
}

void watch_event_address_space(const void *object, struct narrate_fields *f)
{
	const struct memory_event *event = object;
	const struct flat_view *view;
	char map[64];

	if (!event->as)
		return;
	view = address_space_get_flat_view(event->as);
	narrate_named(f, "AddressSpace", event->as,
		      address_space_name(event->as));
	narrate_ref(f, "root", NULL, address_space_root(event->as),
		    name_of(address_space_root(event->as)));
	snprintf(map, sizeof(map), "a FlatView of %zu FlatRanges",
		 flat_view_nr(view));
	narrate_ref(f, "current_map", NULL, view, map);
	flat_view_unref(view);
}

void watch_flat_view(const void *object, struct narrate_fields *f)
{
	const struct flat_view *view = object;
	const struct flat_range *range;

	narrate_struct(f, "FlatView", "%s", "");
	narrate_object(f, view);
	narrate_ref(f, "root", NULL, flat_view_root(view),
		    name_of(flat_view_root(view)));
	narrate_field(f, "nr", NULL, "%zu", flat_view_nr(view));
	flat_view_for_each(range, view) {
		narrate_struct(f, "FlatRange", "0x%" PRIx64 "-0x%" PRIx64,
			       range->addr,
			       (uint64_t)(range->addr + range->size - 1));
		narrate_ref(f, "mr", NULL, range->region,
			    name_of(range->region));
		narrate_field(f, "offset_in_region", NULL, "0x%" PRIx64,
			      range->offset_in_region);
		narrate_field(f, "readonly", "false", "%s",
			      yes(range->readonly));
		narrate_field(f, "romd_mode", NULL, "%s",
			      yes(range->romd_mode));
		narrate_field(f, "dirty_log_mask", NULL, "%u",
			      range->dirty_log_mask);
	}
}

void watch_section(const void *object, struct narrate_fields *f)
{
	const struct memory_region_section *s = object;
	char size[32];

	narrate_struct(f, "MemoryRegionSection", "%s", "");
	narrate_ref(f, "mr", NULL, s->region, name_of(s->region));
	narrate_field(f, "offset_within_region", NULL, "0x%" PRIx64,
		      s->offset_within_region);
	narrate_field(f, "offset_within_address_space", NULL, "0x%" PRIx64,
		      s->offset_within_address_space);
	narrate_field(f, "size", NULL, "%s",
		      hex_size(s->size, size, sizeof(size)));
	narrate_field(f, "readonly", "false", "%s", yes(s->readonly));
}
