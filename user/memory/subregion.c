// SPDX-License-Identifier: GPL-2.0-or-later
/* What is mapped where: a container and its children. */
#include <errno.h>

#include "memory/observe.h"
#include "memory/probes.h"
#include "memory/region.h"

static struct memory_region *child_of(const struct treap_node *node)
{
	return container_of(node, struct memory_region, order);
}

/* QEMU's order: highest priority first, among equals the newest */
static bool comes_before(const struct treap_node *a, const struct treap_node *b)
{
	const struct memory_region *ra = child_of(a), *rb = child_of(b);

	if (ra->info.priority != rb->info.priority)
		return ra->info.priority > rb->info.priority;
	return ra->mapped_seq > rb->mapped_seq;
}

static const struct treap_ops order_ops = { .before = comes_before };

struct memory_region *
memory_region_first_child(const struct memory_region *container)
{
	struct treap_node *node = treap_first(&container->children);

	return node ? child_of(node) : NULL;
}

struct memory_region *
memory_region_next_sibling(const struct memory_region *region)
{
	struct treap_node *node;

	if (!region->info.container)
		return NULL;
	node = treap_next(&region->order);
	return node ? child_of(node) : NULL;
}

static void region_attach(struct memory_region *container,
			  struct memory_region *region, uint64_t seq)
{
	region->mapped_seq = seq;
	region->info.container = container;
	treap_insert(&container->children, &region->order, &order_ops);
	if (region->info.enabled)
		by_addr_insert(region);
	memory_region_ref(region);
	PROBE4(region_map, region->name, container->name, region->info.addr,
	       (uint64_t)region->info.size);
}

void region_detach(struct memory_region *region)
{
	PROBE2(region_unmap, region->name, region->info.container->name);
	if (region->info.enabled)
		by_addr_erase(region);
	treap_erase(&region->info.container->children, &region->order,
		    &order_ops);
	region->info.container = NULL;
	memory_region_unref(region);
}

/*
 * Is @above @region, or would it show what is in @region? Walks up: through
 * what @region is mapped in, and through all that alias it.
 */
static bool is_shown_by(struct memory_region *region,
			const struct memory_region *above)
{
	struct memory_region *todo = region, *alias;
	uint64_t walk = ++region->model->seq;

#define VISIT(r)                               \
	do {                                   \
		if ((r)->walk_seq != walk) {   \
			(r)->walk_seq = walk;  \
			(r)->walk_next = todo; \
			todo = (r);            \
		}                              \
	} while (0)

	region->walk_seq = walk;
	region->walk_next = NULL;
	while ((region = todo)) {
		todo = region->walk_next;
		if (region == above)
			return true;
		if (region->info.container)
			VISIT(region->info.container);
		LIST_FOREACH(alias, &region->aliases, alias_link)
			VISIT(alias);
	}
	return false;
#undef VISIT
}

static void map_refused(struct slotscope_error *err, int code,
			const struct memory_region *container,
			const struct memory_region *region, uint64_t addr)
{
	error_set(err, code, "map memory region %s at 0x%llx in %s",
		  region->name, (unsigned long long)addr, container->name);
}

static bool collides(const struct memory_region *region,
		     const struct memory_region *other, uint64_t addr,
		     memory_size_t size)
{
	return other != region && !other->may_overlap &&
	       other->info.addr < addr + size && region_end(other) > addr;
}

int region_check_overlap(const struct memory_region *container,
			 const struct memory_region *region, uint64_t addr,
			 memory_size_t size, struct slotscope_error *err)
{
	struct memory_region *other = NULL;

	while ((other = by_addr_next(container, other, addr, addr + size)))
		if (collides(region, other, addr, size))
			goto refused;
	/* Those that are disabled are not in the tree; mostly there are none */
	if (container->children.nr == container->enabled_children.nr)
		return 0;
	for (other = memory_region_first_child(container); other;
	     other = memory_region_next_sibling(other))
		if (collides(region, other, addr, size))
			goto refused;
	return 0;

refused:
	map_refused(err, EEXIST, container, region, addr);
	error_why(err, "it would overlap %s at 0x%llx", other->name,
		  (unsigned long long)other->info.addr);
	return error_next(err, "if that is meant, use "
			       "memory_region_add_subregion_overlap()");
}

static int check_add(struct memory_region *container,
		     struct memory_region *region, uint64_t offset,
		     struct slotscope_error *err)
{
	if (container->model != region->model) {
		map_refused(err, EINVAL, container, region, offset);
		return error_why(err, "they belong to different models");
	}
	if (container->info.alias) {
		map_refused(err, EINVAL, container, region, offset);
		return error_why(err, "%s is an alias, not a container",
				 container->name);
	}
	if (region->info.container) {
		map_refused(err, EBUSY, container, region, offset);
		return error_why(err, "it is mapped in %s already",
				 region->info.container->name);
	}
	/* What shows nothing of others cannot close a loop */
	if (region == container ||
	    ((region->children.nr || region->info.alias) &&
	     is_shown_by(container, region))) {
		map_refused(err, ELOOP, container, region, offset);
		return error_why(err, "%s is itself shown in %s",
				 container->name, region->name);
	}
	return 0;
}

/* Only while it is not mapped */
static void set_addr(struct memory_region *region, uint64_t addr)
{
	/* A view that is rendered from here moves with it; see render.c */
	if (region->view && addr != region->info.addr)
		view_touch_all(region);
	region->info.addr = addr;
}

static int add_subregion(struct memory_region *container, uint64_t offset,
			 int32_t priority, bool may_overlap,
			 struct memory_region *region,
			 struct slotscope_error *err)
{
	struct memory_model *model = container->model;
	uint64_t old_addr = region->info.addr;
	const struct memory_event event = {
		.kind = MEMORY_EVENT_MAP,
		.region = region,
		.container = container,
		.addr = offset,
	};
	int r;

	r = check_add(container, region, offset, err);
	if (!r && !may_overlap)
		r = region_check_overlap(container, region, offset,
					 region->info.size, err);
	if (r)
		return r;

	observe_begin(model, &event);
	change_begin(model);
	set_addr(region, offset);
	region->info.priority = priority;
	region->may_overlap = may_overlap;
	region_attach(container, region, ++model->seq);
	region_touch(region);
	if (container->info.enabled && region->info.enabled)
		model->update_pending = true;
	r = change_end(model, err);
	if (r) {
		region_detach(region);
		set_addr(region, old_addr);
	}
	observe_end(model, &event);
	return r;
}

int memory_region_add_subregion(struct memory_region *container,
				uint64_t offset, struct memory_region *region,
				struct slotscope_error *err)
{
	return add_subregion(container, offset, 0, false, region, err);
}

int memory_region_add_subregion_overlap(struct memory_region *container,
					uint64_t offset, int32_t priority,
					struct memory_region *region,
					struct slotscope_error *err)
{
	return add_subregion(container, offset, priority, true, region, err);
}

int memory_region_del_subregion(struct memory_region *container,
				struct memory_region *region,
				struct slotscope_error *err)
{
	struct memory_model *model = container->model;
	uint64_t seq = region->mapped_seq;
	const struct memory_event event = {
		.kind = MEMORY_EVENT_UNMAP,
		.region = region,
		.container = container,
	};
	int r;

	if (region->info.container != container) {
		error_set(err, ENOENT, "unmap memory region %s from %s",
			  region->name, container->name);
		return error_why(err, "it is not mapped there");
	}
	observe_begin(model, &event);
	change_begin(model);
	memory_region_ref(region); /* so that there is a way back */
	region_touch(region);
	region_detach(region);
	if (container->info.enabled && region->info.enabled)
		model->update_pending = true;
	r = change_end(model, err);
	if (r)
		region_attach(container, region, seq);
	observe_end(model, &event);
	memory_region_unref(region);
	return r;
}

int memory_region_set_address(struct memory_region *region, uint64_t addr,
			      struct slotscope_error *err)
{
	struct memory_region *container = region->info.container;
	struct memory_model *model = region->model;
	uint64_t old_addr = region->info.addr;
	uint64_t old_seq = region->mapped_seq;
	int r;

	if (addr == old_addr)
		return 0;
	if (!container) {
		set_addr(region, addr);
		return 0;
	}
	if (!region->may_overlap) {
		r = region_check_overlap(container, region, addr,
					 region->info.size, err);
		if (r)
			return r;
	}
	change_begin(model);
	memory_region_ref(region);
	region_touch(region);
	region_detach(region);
	set_addr(region, addr);
	region_attach(container, region, ++model->seq);
	region_touch(region);
	if (container->info.enabled && region->info.enabled)
		model->update_pending = true;
	r = change_end(model, err);
	if (r) {
		region_detach(region);
		set_addr(region, old_addr);
		region_attach(container, region, old_seq);
	}
	memory_region_unref(region);
	return r;
}
