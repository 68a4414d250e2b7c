// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "learn/scene.h"

/* Where the memory of the nth region is in a VMM that there is not */
#define HVA_FIRST 0x7f0000000000
#define HVA_APART 0x1000000000

static const struct scene_region spare; /* what there is no room for */

static const struct scene_region *region_at(const struct scene *scene, size_t i)
{
	return i < scene->nr_regions ? &scene->regions[i] : &spare;
}

size_t scene_region(struct scene *scene, enum scene_kind kind, const char *name,
		    uint64_t size)
{
	struct scene_region *region;

	if (scene->nr_regions == SCENE_REGIONS)
		return SCENE_REGIONS;
	region = &scene->regions[scene->nr_regions];
	*region = (struct scene_region){ .kind = kind, .size = size };
	snprintf(region->name, sizeof(region->name), "%s", name);
	return scene->nr_regions++;
}

size_t scene_alias(struct scene *scene, const char *name, size_t target,
		   uint64_t offset, uint64_t size)
{
	size_t place = scene_region(scene, SCENE_ALIAS, name, size);

	if (place < SCENE_REGIONS) {
		scene->regions[place].target = target;
		scene->regions[place].offset = offset;
	}
	return place;
}

static void add_step(struct scene *scene, struct scene_step step)
{
	if (scene->nr_steps < SCENE_STEPS)
		scene->steps[scene->nr_steps++] = step;
}

void scene_map(struct scene *scene, size_t container, uint64_t addr,
	       size_t region, int32_t priority)
{
	add_step(scene, (struct scene_step){
				.kind = SCENE_MAP,
				.region = region,
				.container = container,
				.addr = addr,
				.priority = priority,
			});
}

void scene_step(struct scene *scene, enum scene_step_kind kind, size_t region,
		uint64_t addr)
{
	add_step(scene, (struct scene_step){
				.kind = kind,
				.region = region,
				.addr = addr,
			});
}

/*
 * Printing
 */

static void print_region(const struct scene *scene,
			 const struct scene_region *region, FILE *out)
{
	switch (region->kind) {
	case SCENE_CONTAINER:
		if (region->size)
			fprintf(out,
				"memory_region_init(%s, size 0x%" PRIx64 ")",
				region->name, region->size);
		else
			fprintf(out, "memory_region_init(%s, size 2^64)",
				region->name);
		break;
	case SCENE_RAM:
		fprintf(out, "memory_region_init_ram(%s, size 0x%" PRIx64 ")",
			region->name, region->size);
		break;
	case SCENE_ROM:
		fprintf(out, "memory_region_init_rom(%s, size 0x%" PRIx64 ")",
			region->name, region->size);
		break;
	case SCENE_IO:
		fprintf(out, "memory_region_init_io(%s, size 0x%" PRIx64 ")",
			region->name, region->size);
		break;
	case SCENE_ALIAS:
		fprintf(out,
			"memory_region_init_alias(%s, of %s, offset 0x%" PRIx64
			", size 0x%" PRIx64 ")",
			region->name, region_at(scene, region->target)->name,
			region->offset, region->size);
		break;
	}
}

static void print_step(const struct scene *scene, const struct scene_step *step,
		       FILE *out)
{
	const char *name = region_at(scene, step->region)->name;
	const char *container = region_at(scene, step->container)->name;

	switch (step->kind) {
	case SCENE_MAP:
		fprintf(out,
			"memory_region_add_subregion_overlap(%s, 0x%" PRIx64
			", %s, priority %d)",
			container, step->addr, name, step->priority);
		break;
	case SCENE_UNMAP:
		fprintf(out, "memory_region_del_subregion(%s)", name);
		break;
	case SCENE_MOVE:
		fprintf(out, "memory_region_set_address(%s, 0x%" PRIx64 ")",
			name, step->addr);
		break;
	case SCENE_SHOW:
		fprintf(out, "memory_region_set_enabled(%s, true)", name);
		break;
	case SCENE_HIDE:
		fprintf(out, "memory_region_set_enabled(%s, false)", name);
		break;
	}
}

void scene_print(const struct scene *scene, FILE *out, const char *indent)
{
	bool several = scene->nr_steps - scene->asked > 1;

	for (size_t i = 0; i < scene->nr_regions; i++) {
		fputs(indent, out);
		print_region(scene, &scene->regions[i], out);
		fputs("\n", out);
	}
	fprintf(out, "%saddress_space_init(memory, root %s)\n", indent,
		scene->regions[0].name);
	for (size_t i = 0; i < scene->nr_steps; i++) {
		if (i == scene->asked)
			fprintf(out, "%s-- and now:\n", indent);
		if (i == scene->asked && several)
			fprintf(out, "%smemory_region_transaction_begin()\n",
				indent);
		fputs(indent, out);
		print_step(scene, &scene->steps[i], out);
		fputs("\n", out);
	}
	if (scene->asked < scene->nr_steps && several)
		fprintf(out, "%smemory_region_transaction_commit()\n", indent);
}

/*
 * Playing
 */

/**
 * struct play - a scene on the memory model
 * @regions: as those of the scene
 * @asked:   what is asked about is under way
 * @over:    requests are of no interest any more
 * @ret:     the first error of what takes them
 */
struct play {
	const struct scene *scene;
	struct memory_model *model;
	struct address_space *as;
	struct memory_region *regions[SCENE_REGIONS];
	struct scene_played *out;
	bool asked;
	bool over;
	int ret;
};

static int make_region(struct play *play, size_t i, struct slotscope_error *err)
{
	const struct scene_region *region = &play->scene->regions[i];
	struct ram_block_options ram = { .hva = HVA_FIRST + i * HVA_APART };
	memory_size_t size = region->size ? region->size : MEMORY_SIZE_2_64;
	struct memory_region **out = &play->regions[i];

	switch (region->kind) {
	case SCENE_CONTAINER:
		return memory_region_create(play->model, region->name, size,
					    out, err);
	case SCENE_RAM:
		return memory_region_create_ram(play->model, region->name,
						region->size, &ram, out, err);
	case SCENE_ROM:
		return memory_region_create_rom(play->model, region->name,
						region->size, &ram, out, err);
	case SCENE_IO:
		return memory_region_create_io(play->model, region->name, size,
					       NULL, NULL, out, err);
	default:
		if (region->target >= i)
			return error_set(err, EINVAL, "make the alias %s",
					 region->name);
		return memory_region_create_alias(play->model, region->name,
						  play->regions[region->target],
						  region->offset, size, out,
						  err);
	}
}

static int make_step(struct play *play, const struct scene_step *step,
		     struct slotscope_error *err)
{
	struct memory_region *region;

	if (step->region >= play->scene->nr_regions ||
	    step->container >= play->scene->nr_regions)
		return error_set(err, EINVAL, "play a step");
	region = play->regions[step->region];
	switch (step->kind) {
	case SCENE_MAP:
		return memory_region_add_subregion_overlap(
			play->regions[step->container], step->addr,
			step->priority, region, err);
	case SCENE_UNMAP:
		if (!memory_region_info(region)->container)
			return error_set(err, ENOENT, "unmap %s",
					 memory_region_info(region)->name);
		return memory_region_del_subregion(
			memory_region_info(region)->container, region, err);
	case SCENE_MOVE:
		return memory_region_set_address(region, step->addr, err);
	case SCENE_SHOW:
	case SCENE_HIDE:
		return memory_region_set_enabled(region,
						 step->kind == SCENE_SHOW, err);
	}
	return 0;
}

static void note(struct play *play, int ret)
{
	if (ret && !play->ret)
		play->ret = ret;
}

static struct range range_of(const struct memory_region *region, uint64_t first,
			     memory_size_t size, uint64_t offset)
{
	struct range range = {
		.first = first,
		.last = (uint64_t)(first + size - 1),
		.offset = offset,
	};

	snprintf(range.name, sizeof(range.name), "%s",
		 memory_region_info(region)->name);
	return range;
}

static int take_request(void *opaque, const struct kvm_slot_request *request)
{
	struct play *play = opaque;
	struct scene_played *out = play->out;
	struct range range;

	if (play->over)
		return 0;
	if (out->nr_all == SCENE_REQUESTS) {
		note(play, -E2BIG);
		return 0;
	}
	out->all[out->nr_all] = *request;
	out->all[out->nr_all++].region = NULL;
	if (!play->asked)
		return 0;
	if (request->size) {
		range = range_of(request->region, request->gpa, request->size,
				 request->offset);
		range.deed = RANGE_ADDED;
		note(play, ranges_add(&out->requests, &range));
	}
	return 0;
}

/* What a deletion takes away: the request itself names a slot alone */
static void take_deletions(struct play *play, const struct ranges *slots,
			   const uint32_t *ids)
{
	struct scene_played *out = play->out;
	struct range range;

	for (size_t i = out->asked_from; i < out->nr_all; i++) {
		if (out->all[i].size)
			continue;
		for (size_t s = 0; s < slots->nr; s++) {
			if (ids[s] != out->all[i].slot)
				continue;
			range = slots->items[s];
			range.deed = RANGE_DELETED;
			note(play, ranges_add(&out->requests, &range));
		}
	}
}

static int list_view(struct address_space *as, struct ranges *out)
{
	const struct flat_view *view = address_space_get_flat_view(as);
	const struct flat_range *flat;
	struct range range;
	int ret = 0;

	out->nr = 0;
	flat_view_for_each(flat, view) {
		range = range_of(flat->region, flat->addr, flat->size,
				 flat->offset_in_region);
		ret = ret ? ret : ranges_add(out, &range);
	}
	flat_view_unref(view);
	return ret;
}

/* By number, as kvm_slots_next() has them; @ids as the ranges are added */
static int list_slots(const struct kvm_slots *slots, struct ranges *out,
		      uint32_t *ids)
{
	const struct kvm_slot *slot = NULL;
	struct range range;
	int ret = 0;

	out->nr = 0;
	while (!ret && (slot = kvm_slots_next(slots, slot))) {
		range = range_of(slot->region, slot->gpa, slot->size,
				 slot->offset);
		ret = ranges_add(out, &range);
		for (size_t i = 0; !ret && i < out->nr; i++)
			if (out->items[i].first == slot->gpa) {
				memmove(&ids[i + 1], &ids[i],
					(out->nr - i - 1) * sizeof(*ids));
				ids[i] = slot->id;
				break;
			}
	}
	return ret;
}

static int make_steps(struct play *play, size_t from, size_t to,
		      struct slotscope_error *err)
{
	int ret = 0;

	for (size_t i = from; i < to && !ret; i++)
		ret = make_step(play, &play->scene->steps[i], err);
	return ret;
}

static int play_begin(struct play *play, struct slotscope_error *err)
{
	const struct scene *scene = play->scene;
	int ret = memory_model_create(NULL, &play->model, err);

	for (size_t i = 0; i < scene->nr_regions && !ret; i++)
		ret = make_region(play, i, err);
	if (!ret)
		ret = address_space_create(play->model, "memory",
					   play->regions[0], &play->as, err);
	return ret;
}

static int play_all(struct play *play, struct kvm_slots *slots,
		    struct slotscope_error *err)
{
	struct scene_played *out = play->out;
	const struct scene *scene = play->scene;
	uint32_t ids[RANGES_MAX + 1];
	struct ranges stood;
	int ret;

	ret = make_steps(play, 0, scene->asked, err);
	ret = ret ? ret : list_view(play->as, &out->before);
	ret = ret ? ret : list_slots(slots, &stood, ids);
	if (ret)
		return ret;
	out->asked_from = out->nr_all;
	play->asked = true;
	memory_model_begin(play->model);
	ret = make_steps(play, scene->asked, scene->nr_steps, err);
	note(play, memory_model_commit(play->model, err));
	play->asked = false;
	take_deletions(play, &stood, ids);
	ret = ret ? ret : list_view(play->as, &out->after);
	ret = ret ? ret : list_slots(slots, &out->slots, ids);
	return ret ? ret : play->ret;
}

int scene_play(const struct scene *scene, uint64_t page_size,
	       struct scene_played *out, struct slotscope_error *err)
{
	struct play play = { .scene = scene, .out = out };
	const struct kvm_slots_options options = {
		.page_size = page_size,
		.request = take_request,
		.opaque = &play,
	};
	struct kvm_slots *slots = NULL;
	int ret = play_begin(&play, err);

	memset(out, 0, sizeof(*out));
	if (!ret)
		ret = kvm_slots_create(play.as, &options, &slots, err);
	if (!ret)
		ret = play_all(&play, slots, err);
	/* its own end asks for deletions, too: they are no part of it */
	play.over = true;
	kvm_slots_destroy(slots);
	memory_model_destroy(play.model);
	if (ret && !err->code)
		error_set(err, ret, "play a scene");
	return ret;
}

/*
 * What lies at an address
 */

/**
 * struct stack - the way to what is looked at
 * @path: "pci(-1) > vga(0)"
 */
struct stack {
	char path[160];
	char *out;
	size_t size;
};

static void stack_found(struct stack *stack)
{
	size_t len = strlen(stack->out);

	snprintf(stack->out + len, stack->size - len, "%s%s",
		 len ? ", then " : "", stack->path);
}

/* @at: as an offset into @region; outside of it there is nothing */
static void stack_walk(struct stack *stack, const struct memory_region *region,
		       uint64_t at, bool named)
{
	const struct memory_region_info *info = memory_region_info(region);
	size_t len = strlen(stack->path);
	const struct memory_region *child;

	if (!info->enabled || at >= info->size)
		return;
	if (named)
		snprintf(stack->path + len, sizeof(stack->path) - len,
			 info->container ? "%s%s(%d)" : "%s%s",
			 len ? " > " : "", info->name, info->priority);
	if (info->alias)
		stack_walk(stack, info->alias, at + info->alias_offset, true);
	for (child = memory_region_first_child(region); child;
	     child = memory_region_next_sibling(child))
		if (at >= memory_region_info(child)->addr)
			stack_walk(stack, child,
				   at - memory_region_info(child)->addr, true);
	if (info->terminates)
		stack_found(stack);
	stack->path[len] = '\0';
}

void scene_stack(const struct scene *scene, uint64_t addr, char *out,
		 size_t size)
{
	struct play play = { .scene = scene };
	struct stack stack = { .out = out, .size = size };
	struct slotscope_error err = {};

	out[0] = '\0';
	if (!play_begin(&play, &err) &&
	    !make_steps(&play, 0, scene->nr_steps, &err))
		stack_walk(&stack, play.regions[0], addr, false);
	memory_model_destroy(play.model);
}
