// SPDX-License-Identifier: GPL-2.0-or-later
/* Access to an address space: which region answers, and how far it reaches. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory/access.h"
#include "memory/address_space.h"
#include "memory/flat_view.h"
#include "memory/model.h"
#include "memory/region.h"

/* IOMMUs behind IOMMUs; more are a loop */
#define MAX_HOPS 16

/* Where an access goes. Holds the view; the range lives as long */
struct place {
	const struct flat_view *view;
	const struct flat_range *range; /* NULL: nothing answers */
	uint64_t offset;
	uint64_t len;	 /* that can be accessed there at once; not 0 */
	bool translated; /* by an IOMMU */
};

/* In one view, without IOMMUs */
static void look_up(struct place *place, gpa_t addr)
{
	const struct dispatch *dispatch = &place->view->dispatch;
	const struct flat_range *range = dispatch_lookup(dispatch, addr);
	memory_size_t left = MEMORY_SIZE_2_64 - addr;

	place->range = range;
	if (range) {
		place->offset = range->offset_in_region + (addr - range->addr);
		left = range_end(range) - addr;
	} else if (place->len > 1) {
		/* Nothing, and how much of it */
		range = dispatch_at_or_behind(dispatch, addr);
		if (range)
			left = range->addr - addr;
	}
	if (left < place->len)
		place->len = left;
}

static void translate(const struct flat_view *view, gpa_t addr, uint64_t len,
		      bool is_write, struct place *place)
{
	const struct memory_region *iommu;
	const struct iommu_ops *ops;
	struct iommu_tlb_entry entry;
	uint64_t left;
	int hops;

	place->len = len;
	place->translated = false;
	place->view = flat_view_ref(view);
	look_up(place, addr);
	for (hops = 0; place->range && place->range->region->info.iommu;
	     hops++) {
		iommu = place->range->region;
		ops = iommu->iommu_ops;
		entry = (struct iommu_tlb_entry){ 0 };
		if (ops && ops->translate && hops < MAX_HOPS)
			ops->translate(iommu->info.opaque, place->offset,
				       is_write, &entry);
		if (!entry.target ||
		    !(entry.perm & (is_write ? IOMMU_WRITE : IOMMU_READ))) {
			place->range = NULL;
			return;
		}
		addr = (entry.translated & ~entry.mask) |
		       (place->offset & entry.mask);
		left = entry.mask - (addr & entry.mask);
		if (left < place->len - 1)
			place->len = left + 1;
		place->translated = true;
		flat_view_unref(place->view);
		place->view = address_space_get_flat_view(entry.target);
		look_up(place, addr);
	}
}

unsigned int address_space_rw(struct address_space *as, gpa_t addr, void *buf,
			      uint64_t len, bool is_write)
{
	/* One view for all of it: a commit meanwhile is seen whole or not */
	const struct flat_view *view = address_space_get_flat_view(as);
	unsigned int result = MEMTX_OK;
	struct place place;
	uint8_t *at = buf;

	for (; len; len -= place.len, addr += place.len, at += place.len) {
		translate(view, addr, len, is_write, &place);
		if (place.range && !place.translated &&
		    !range_is_direct(place.range, is_write) &&
		    !place.range->region->info.ram_device &&
		    len <= MEMORY_SIZE_2_64 - addr)
			place.len = range_device_len(place.range, place.offset,
						     len);
		if (place.range) {
			result |= range_rw(place.range, place.offset, at,
					   place.len, is_write);
		} else {
			result |= MEMTX_DECODE_ERROR;
			if (!is_write)
				memset(at, 0, place.len);
		}
		flat_view_unref(place.view);
	}
	flat_view_unref(view);
	return result;
}

/* As above, in the current view */
static void translate_now(struct address_space *as, gpa_t addr, uint64_t len,
			  bool is_write, struct place *place)
{
	const struct flat_view *view = address_space_get_flat_view(as);

	translate(view, addr, len, is_write, place);
	flat_view_unref(view);
}

unsigned int address_space_read(struct address_space *as, gpa_t addr, void *buf,
				uint64_t len)
{
	return address_space_rw(as, addr, buf, len, false);
}

unsigned int address_space_write(struct address_space *as, gpa_t addr,
				 const void *buf, uint64_t len)
{
	return address_space_rw(as, addr, (void *)buf, len, true);
}

/* Ranges of one region that follow each other in the RAM are one mapping */
static uint64_t extend(const struct place *place, gpa_t addr, uint64_t len)
{
	const struct dispatch *dispatch = &place->view->dispatch;
	const struct flat_range *range;
	uint64_t have = place->len;

	/* Behind 2^64 there is nothing: addr + have is 0 then */
	while (have < len && addr + have &&
	       (range = dispatch_lookup(dispatch, addr + have)) &&
	       range->region == place->range->region &&
	       range->offset_in_region == place->offset + have)
		have = range->size < len - have ? have + range->size : len;
	return have;
}

static int map_bounced(struct address_space *as, const struct place *place,
		       gpa_t addr, bool is_write, struct memory_mapping *out)
{
	struct memory_model *model = as->model;
	uint64_t page = model->options.page_size;

	if (atomic_flag_test_and_set(&model->bounce_used))
		return -EAGAIN;
	out->len = place->len < page ? place->len : page;
	out->host = calloc(1, out->len);
	if (!out->host) {
		atomic_flag_clear(&model->bounce_used);
		return -ENOMEM;
	}
	out->bounced = true;
	if (!is_write)
		range_rw(place->range, place->offset, out->host, out->len,
			 false);
	return 0;
}

int address_space_map(struct address_space *as, gpa_t addr, uint64_t len,
		      bool is_write, struct memory_mapping *out)
{
	struct place place;
	int r = 0;

	if (!len)
		return -EINVAL;
	*out = (struct memory_mapping){ .as = as,
					.addr = addr,
					.is_write = is_write };
	translate_now(as, addr, len, is_write, &place);
	out->view = place.view;
	if (!place.range) {
		r = -ENXIO;
	} else if (!range_is_direct(place.range, is_write)) {
		r = map_bounced(as, &place, addr, is_write, out);
	} else if (!place.range->region->info.ram_block->host) {
		r = -ENXIO;
	} else {
		out->host =
			(uint8_t *)place.range->region->info.ram_block->host +
			place.offset;
		out->region = place.range->region;
		out->addr = place.offset;
		/* Behind an IOMMU the next page may be anywhere */
		out->len = place.translated ? place.len :
					      extend(&place, addr, len);
	}
	if (r)
		flat_view_unref(place.view);
	return r;
}

unsigned int address_space_unmap(struct memory_mapping *mapping,
				 uint64_t written)
{
	unsigned int result = MEMTX_OK;

	if (written > mapping->len)
		written = mapping->len;
	if (!mapping->is_write)
		written = 0;
	if (!mapping->bounced) {
		ram_written(mapping->region, mapping->addr, written);
	} else {
		if (written)
			result = address_space_write(mapping->as, mapping->addr,
						     mapping->host, written);
		free(mapping->host);
		atomic_flag_clear(&mapping->as->model->bounce_used);
	}
	flat_view_unref(mapping->view);
	*mapping = (struct memory_mapping){ 0 };
	return result;
}

int memory_region_cache_init(struct memory_region_cache *cache,
			     struct address_space *as, gpa_t addr, uint64_t len,
			     bool is_write)
{
	struct place place;

	*cache = (struct memory_region_cache){ 0 };
	if (!len)
		return -EINVAL;
	translate_now(as, addr, len, is_write, &place);
	if (!place.range) {
		flat_view_unref(place.view);
		return -ENXIO;
	}
	cache->view = place.view;
	cache->range = place.range;
	cache->offset = place.offset;
	cache->len = place.len;
	return 0;
}

void memory_region_cache_deinit(struct memory_region_cache *cache)
{
	flat_view_unref(cache->view);
	*cache = (struct memory_region_cache){ 0 };
}

unsigned int memory_region_cache_rw(const struct memory_region_cache *cache,
				    uint64_t offset, void *buf, uint64_t len,
				    bool is_write)
{
	if (offset > cache->len || len > cache->len - offset)
		return MEMTX_DECODE_ERROR;
	return range_rw(cache->range, cache->offset + offset, buf, len,
			is_write);
}
