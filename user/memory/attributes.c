// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What can be changed on a region in place. Which of these make a commit
 * necessary though the region is disabled differs, and follows QEMU.
 */
#include <errno.h>

#include "memory/observe.h"
#include "memory/probes.h"
#include "memory/region.h"

static int set_flag(struct memory_region *region, bool *flag, bool value,
		    struct slotscope_error *err)
{
	struct memory_model *model = region->model;
	int r;

	if (*flag == value)
		return 0;
	change_begin(model);
	*flag = value;
	PROBE1(region_change, region->name);
	region_touch(region);
	if (region->info.enabled)
		model->update_pending = true;
	r = change_end(model, err);
	if (r)
		*flag = !value;
	return r;
}

static void set_enabled(struct memory_region *region, bool enabled)
{
	/* What is hidden touches nothing: one of the two does */
	PROBE1(region_change, region->name);
	region_touch(region);
	region->info.enabled = enabled;
	if (region->info.container && enabled)
		by_addr_insert(region);
	else if (region->info.container)
		by_addr_erase(region);
	region_touch(region);
}

int memory_region_set_enabled(struct memory_region *region, bool enabled,
			      struct slotscope_error *err)
{
	struct memory_model *model = region->model;
	const struct memory_event event = {
		.kind = MEMORY_EVENT_ENABLE,
		.region = region,
	};
	int r;

	if (region->info.enabled == enabled)
		return 0;
	observe_begin(model, &event);
	change_begin(model);
	set_enabled(region, enabled);
	model->update_pending = true;
	r = change_end(model, err);
	if (r)
		set_enabled(region, !enabled);
	observe_end(model, &event);
	return r;
}

int memory_region_set_readonly(struct memory_region *region, bool readonly,
			       struct slotscope_error *err)
{
	const struct memory_event event = {
		.kind = MEMORY_EVENT_READONLY,
		.region = region,
	};
	int r;

	observe_begin(region->model, &event);
	r = set_flag(region, &region->info.readonly, readonly, err);
	observe_end(region->model, &event);
	return r;
}

int memory_region_set_nonvolatile(struct memory_region *region,
				  bool nonvolatile, struct slotscope_error *err)
{
	return set_flag(region, &region->info.nonvolatile, nonvolatile, err);
}

int memory_region_set_romd(struct memory_region *region, bool romd_mode,
			   struct slotscope_error *err)
{
	if (!region->info.rom_device) {
		error_set(err, EINVAL, "switch ROM mode of memory region %s",
			  region->name);
		return error_why(err, "it is no ROM device");
	}
	return set_flag(region, &region->info.romd_mode, romd_mode, err);
}

int memory_region_set_log(struct memory_region *region, bool log,
			  struct slotscope_error *err)
{
	struct memory_model *model = region->model;
	unsigned int old_count = region->log_count;
	uint8_t old_mask = region->info.dirty_log_mask;
	int r;

	if (!log && !old_count) {
		error_set(err, EINVAL, "stop dirty logging of memory region %s",
			  region->name);
		return error_why(err, "it was not started");
	}
	region->log_count += log ? 1 : -1;
	if (!old_count == !region->log_count)
		return 0;
	change_begin(model);
	if (log)
		region->info.dirty_log_mask |= DIRTY_MEMORY_VGA;
	else
		region->info.dirty_log_mask &= ~DIRTY_MEMORY_VGA;
	PROBE1(region_change, region->name);
	region_touch(region);
	if (region->info.enabled)
		model->update_pending = true;
	r = change_end(model, err);
	if (r) {
		region->log_count = old_count;
		region->info.dirty_log_mask = old_mask;
	}
	return r;
}

static void set_size(struct memory_region *region, memory_size_t size)
{
	PROBE1(region_change, region->name);
	region_touch(region);
	region->info.size = size;
	if (region->info.container && region->info.enabled)
		treap_refresh(&region->by_addr, &by_addr_ops);
	region_touch(region);
}

int memory_region_set_size(struct memory_region *region, memory_size_t size,
			   struct slotscope_error *err)
{
	const struct ram_block *block = region->info.ram_block;
	struct memory_model *model = region->model;
	memory_size_t old_size = region->info.size;
	int r;

	if (size == old_size)
		return 0;
	if (size > MEMORY_SIZE_2_64) {
		error_set(err, EOVERFLOW, "resize region %s", region->name);
		return error_why(err, "the size is above 2^64");
	}
	if (block && size > block->used_length) {
		error_set(err, EINVAL, "resize region %s", region->name);
		return error_why(err, "it has 0x%llx bytes of RAM, not more",
				 (unsigned long long)block->used_length);
	}
	if (region->info.container && !region->may_overlap) {
		r = region_check_overlap(region->info.container, region,
					 region->info.addr, size, err);
		if (r)
			return r;
	}
	change_begin(model);
	set_size(region, size);
	model->update_pending = true;
	r = change_end(model, err);
	if (r)
		set_size(region, old_size);
	return r;
}

int memory_region_set_alias_offset(struct memory_region *region,
				   uint64_t offset, struct slotscope_error *err)
{
	struct memory_model *model = region->model;
	uint64_t old_offset = region->info.alias_offset;
	int r;

	if (!region->info.alias) {
		error_set(err, EINVAL, "set the alias offset of region %s",
			  region->name);
		return error_why(err, "it is no alias");
	}
	if (offset == old_offset)
		return 0;
	change_begin(model);
	region->info.alias_offset = offset;
	PROBE1(region_change, region->name);
	region_touch(region);
	if (region->info.enabled)
		model->update_pending = true;
	r = change_end(model, err);
	if (r)
		region->info.alias_offset = old_offset;
	return r;
}

uint8_t memory_region_dirty_log_mask(const struct memory_region *region)
{
	const struct ram_block *block = region->info.ram_block;
	const struct memory_model *model = region->model;
	uint8_t mask = region->info.dirty_log_mask;

	if (model->global_dirty &&
	    ((block && block->flags & RAM_MIGRATABLE) || region->info.iommu))
		mask |= DIRTY_MEMORY_MIGRATION;
	if (model->options.tcg && block)
		mask |= DIRTY_MEMORY_CODE;
	return mask;
}
