// SPDX-License-Identifier: GPL-2.0-or-later
/* MemoryRegion: making, counting references, going. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory/observe.h"
#include "memory/ram_block.h"
#include "memory/region.h"

int error_nomem(struct slotscope_error *err, const char *what, const char *name)
{
	return error_set(err, ENOMEM, "%s %s", what, name);
}

const struct memory_region_info *
memory_region_info(const struct memory_region *region)
{
	return &region->info;
}

static char *copy_name(const char *name)
{
	return strdup(name ? name : "");
}

static int region_create(struct memory_model *model, const char *name,
			 memory_size_t size, struct memory_region **out,
			 struct slotscope_error *err)
{
	struct memory_region *region;

	if (size > MEMORY_SIZE_2_64) {
		error_set(err, EOVERFLOW, "create memory region %s",
			  name ? name : "");
		return error_why(err, "its size is above 2^64");
	}
	region = calloc(1, sizeof(*region));
	if (!region)
		goto nomem;
	region->name = copy_name(name);
	if (!region->name)
		goto nomem_name;
	region->model = model;
	region->refs = 1;
	region->info.name = region->name;
	region->info.size = size;
	region->info.enabled = true;
	region->info.romd_mode = true;
	LIST_INIT(&region->aliases);
	TAILQ_INIT(&region->spaces);
	TAILQ_INSERT_TAIL(&model->regions, region, link);
	*out = region;
	return 0;

nomem_name:
	free(region);
nomem:
	return error_nomem(err, "create memory region", name ? name : "");
}

static struct memory_event begin(const struct memory_model *model,
				 const char *name, enum memory_region_kind what)
{
	struct memory_event event = {
		.kind = MEMORY_EVENT_REGION,
		.name = name ? name : "",
		.what = what,
	};

	observe_begin(model, &event);
	return event;
}

static int end(const struct memory_model *model, struct memory_event *event,
	       int r, struct memory_region **out)
{
	if (!r)
		event->region = *out;
	observe_end(model, event);
	return r;
}

int memory_region_create(struct memory_model *model, const char *name,
			 memory_size_t size, struct memory_region **out,
			 struct slotscope_error *err)
{
	struct memory_event event = begin(model, name, MEMORY_REGION_CONTAINER);

	return end(model, &event, region_create(model, name, size, out, err),
		   out);
}

int memory_region_create_io(struct memory_model *model, const char *name,
			    memory_size_t size,
			    const struct memory_region_ops *ops, void *opaque,
			    struct memory_region **out,
			    struct slotscope_error *err)
{
	struct memory_event event = begin(model, name, MEMORY_REGION_IO);
	int r = region_create(model, name, size, out, err);

	if (r)
		return end(model, &event, r, out);
	(*out)->info.terminates = true;
	(*out)->info.opaque = opaque;
	(*out)->ops = ops;
	return end(model, &event, 0, out);
}

int memory_region_create_iommu(struct memory_model *model, const char *name,
			       memory_size_t size, const struct iommu_ops *ops,
			       void *opaque, struct memory_region **out,
			       struct slotscope_error *err)
{
	struct memory_event event = begin(model, name, MEMORY_REGION_IOMMU);
	int r = region_create(model, name, size, out, err);

	if (r)
		return end(model, &event, r, out);
	(*out)->info.terminates = true;
	(*out)->info.iommu = true;
	(*out)->info.opaque = opaque;
	(*out)->iommu_ops = ops;
	return end(model, &event, 0, out);
}

/* All that has a RAMBlock behind it */
static int create_with_block(struct memory_model *model, const char *name,
			     uint64_t size,
			     const struct ram_block_options *options,
			     struct memory_region **out,
			     struct slotscope_error *err)
{
	struct ram_block *block = options ? options->block : NULL;
	struct memory_region *region;
	int r;

	if (block && block->region) {
		error_set(err, EBUSY, "create memory region %s on RAMBlock %s",
			  name ? name : "", block->idstr);
		return error_why(err, "the block belongs to region %s",
				 block->region->name);
	}
	if (block && size > block->used_length) {
		error_set(err, EINVAL, "create memory region %s on RAMBlock %s",
			  name ? name : "", block->idstr);
		return error_why(err, "the block is smaller");
	}
	r = region_create(model, name, size, &region, err);
	if (r)
		return r;
	if (!block) {
		r = ram_block_create(model, name, size, options, &block, err);
		if (r) {
			memory_region_unref(region);
			return r;
		}
	}
	block->region = region;
	region->info.ram_block = block;
	region->info.terminates = true;
	*out = region;
	return 0;
}

int memory_region_create_ram(struct memory_model *model, const char *name,
			     uint64_t size, const struct ram_block_options *ram,
			     struct memory_region **out,
			     struct slotscope_error *err)
{
	struct memory_event event = begin(model, name, MEMORY_REGION_RAM);
	int r = create_with_block(model, name, size, ram, out, err);

	if (!r)
		(*out)->info.ram = true;
	return end(model, &event, r, out);
}

int memory_region_create_rom(struct memory_model *model, const char *name,
			     uint64_t size, const struct ram_block_options *ram,
			     struct memory_region **out,
			     struct slotscope_error *err)
{
	struct memory_event event = begin(model, name, MEMORY_REGION_RAM);
	int r = create_with_block(model, name, size, ram, out, err);

	if (!r) {
		(*out)->info.ram = true;
		(*out)->info.readonly = true;
	}
	return end(model, &event, r, out);
}

int memory_region_create_rom_device(struct memory_model *model,
				    const char *name, uint64_t size,
				    const struct ram_block_options *ram,
				    const struct memory_region_ops *ops,
				    void *opaque, struct memory_region **out,
				    struct slotscope_error *err)
{
	struct memory_event event =
		begin(model, name, MEMORY_REGION_ROM_DEVICE);
	int r = create_with_block(model, name, size, ram, out, err);

	if (r)
		return end(model, &event, r, out);
	(*out)->info.rom_device = true;
	(*out)->info.opaque = opaque;
	(*out)->ops = ops;
	return end(model, &event, 0, out);
}

int memory_region_create_ram_device(struct memory_model *model,
				    const char *name, uint64_t size,
				    const struct ram_block_options *ram,
				    struct memory_region **out,
				    struct slotscope_error *err)
{
	struct memory_event event = begin(model, name, MEMORY_REGION_RAM);
	int r = create_with_block(model, name, size, ram, out, err);

	if (!r) {
		(*out)->info.ram = true;
		(*out)->info.ram_device = true;
	}
	return end(model, &event, r, out);
}

int memory_region_create_alias(struct memory_model *model, const char *name,
			       struct memory_region *target, uint64_t offset,
			       memory_size_t size, struct memory_region **out,
			       struct slotscope_error *err)
{
	struct memory_region *region;
	struct memory_event event;
	int r;

	if (target->model != model) {
		error_set(err, EINVAL, "create alias %s of memory region %s",
			  name ? name : "", target->name);
		return error_why(err, "the target is of another model");
	}
	event = begin(model, name, MEMORY_REGION_ALIAS);
	r = region_create(model, name, size, &region, err);
	if (r)
		return end(model, &event, r, out);
	region->info.alias = memory_region_ref(target);
	region->info.alias_offset = offset;
	LIST_INSERT_HEAD(&target->aliases, region, alias_link);
	*out = region;
	return end(model, &event, 0, out);
}

struct memory_region *memory_region_ref(struct memory_region *region)
{
	region->refs++;
	return region;
}

unsigned int memory_region_refs(const struct memory_region *region)
{
	return region->refs;
}

static void region_free(struct memory_region *region)
{
	struct memory_model *model = region->model;

	TAILQ_REMOVE(&model->regions, region, link);
	root_settle(region, true);
	if (region->info.ram_block) {
		region->info.ram_block->region = NULL;
		ram_block_free(model, region->info.ram_block);
	}
	if (region->destroy)
		region->destroy(region->destroy_opaque);
	model->nr_ioeventfds -= region->nr_ioeventfds;
	free(region->windows.list);
	free(region->coalesced);
	free(region->ioeventfds);
	free(region->parent);
	free(region->owner);
	free(region->name);
	free(region);
}

/*
 * What a region holds may go with it, and so on: those that are to go are
 * queued, not nested, for the chain may be as long as the input likes.
 */
void memory_region_unref(struct memory_region *region)
{
	struct memory_model *model;
	struct memory_region *child;

	if (!region || --region->refs)
		return;
	model = region->model;
	region->walk_next = model->dying;
	model->dying = region;
	if (model->reaping)
		return;
	model->reaping = true;
	while ((region = model->dying)) {
		model->dying = region->walk_next;
		/* Nothing shows it any more, so nobody needs to be told */
		while ((child = memory_region_first_child(region)))
			region_detach(child);
		if (region->info.alias) {
			LIST_REMOVE(region, alias_link);
			memory_region_unref(region->info.alias);
		}
		region_free(region);
	}
	model->reaping = false;
}

void regions_destroy_all(struct memory_model *model)
{
	struct memory_region *region;

	/* No order is right for all, so links are not followed */
	while ((region = TAILQ_FIRST(&model->regions)))
		region_free(region);
}

void memory_region_set_destructor(struct memory_region *region,
				  void (*destroy)(void *opaque), void *opaque)
{
	region->destroy = destroy;
	region->destroy_opaque = opaque;
}

int memory_region_set_owner(struct memory_region *region, const char *owner,
			    const char *parent, struct slotscope_error *err)
{
	char *new_owner = owner ? strdup(owner) : NULL;
	char *new_parent = parent ? strdup(parent) : NULL;

	if ((owner && !new_owner) || (parent && !new_parent)) {
		free(new_parent);
		free(new_owner);
		return error_nomem(err, "set the owner of", region->name);
	}
	free(region->owner);
	free(region->parent);
	region->owner = new_owner;
	region->parent = new_parent;
	region->info.owner = new_owner;
	region->info.parent = new_parent;
	return 0;
}

struct memory_region *memory_region_first(const struct memory_model *model)
{
	return TAILQ_FIRST(&model->regions);
}

struct memory_region *memory_region_next(const struct memory_region *region)
{
	return TAILQ_NEXT(region, link);
}
