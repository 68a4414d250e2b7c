// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "machine/board_ram.h"
#include "narrate/narrate.h"

/* As QEMU names them, for `info mtree -o` */
#define PARENT_BOARD  "obj path=/machine/unattached"
#define OWNER_MACHINE "obj path=/machine"

static int own_by_backend(struct memory_region *region, const char *id,
			  struct slotscope_error *err)
{
	char owner[128];

	snprintf(owner, sizeof(owner), "obj path=/objects/%s", id);
	return memory_region_set_owner(region, owner, NULL, err);
}

int board_create_block(struct machine *m, const char *name, uint64_t size,
		       struct memory_region **out, struct slotscope_error *err)
{
	struct ram_block_options ram = { .flags = RAM_MIGRATABLE };
	int ret;

	ret = m->ops->alloc(m->ops->opaque, name, size, &ram, err);
	if (ret)
		return ret;
	return memory_region_create_ram(m->model, name, size, &ram, out, err);
}

static int create_block(struct machine *m, const struct machine_node *node,
			struct memory_region **out, struct slotscope_error *err)
{
	int ret = board_create_block(m, node->name, node->size, out, err);

	return ret ? ret : own_by_backend(*out, node->name, err);
}

/* One behind the other, in the order of their numbers */
static int create_nodes(struct machine *m, const char *name,
			struct slotscope_error *err)
{
	const struct machine_options *o = m->options;
	struct memory_region *region;
	uint64_t offset = 0;
	size_t i;
	int ret;

	ret = memory_region_create(m->model, name, o->ram_size, &m->ram, err);
	if (ret)
		return ret;
	ret = memory_region_set_owner(m->ram, OWNER_MACHINE, NULL, err);
	if (ret)
		return ret;
	for (i = 0; i < o->nr_nodes; offset += o->nodes[i++].size) {
		ret = create_block(m, &o->nodes[i], &region, err);
		if (ret)
			return ret;
		ret = memory_region_add_subregion(m->ram, offset, region, err);
		if (ret)
			return ret;
	}
	return 0;
}

int board_create_ram(struct machine *m, const char *name,
		     struct slotscope_error *err)
{
	const struct machine_options *o = m->options;
	const struct machine_node one = {
		.name = o->ram_name ? o->ram_name : name,
		.size = o->ram_size,
	};

	if (o->nr_nodes)
		return create_nodes(m, name, err);
	return create_block(m, &one, &m->ram, err);
}

static int map_part(struct machine *m, const char *name, gpa_t addr,
		    uint64_t offset, uint64_t size, struct slotscope_error *err)
{
	struct memory_region *alias;
	int ret;

	ret = memory_region_create_alias(m->model, name, m->ram, offset, size,
					 &alias, err);
	if (ret)
		return ret;
	ret = memory_region_set_owner(alias, NULL, PARENT_BOARD, err);
	if (ret)
		return ret;
	return memory_region_add_subregion(m->system_memory, addr, alias, err);
}

int board_map_ram(struct machine *m, struct slotscope_error *err)
{
	const struct ram_layout *l = &m->layout;
	int ret;
	NARRATE_ID(m->class->ram_board == RAM_BOARD_MICROVM ?
			   NARRATE_MICROVM_MEMORY_INIT :
			   NARRATE_PC_MEMORY_INIT,
		   NULL, NULL,
		   "0x%" PRIx64 " bytes below 4 GiB, 0x%" PRIx64 " above",
		   l->below_4g, l->above_4g);

	ret = map_part(m, "ram-below-4g", 0, 0, l->below_4g, err);
	if (!ret && l->above_4g)
		ret = map_part(m, "ram-above-4g", l->above_4g_start,
			       l->below_4g, l->above_4g, err);
	if (ret || !l->device_size)
		return ret;
	ret = memory_region_create(m->model, "device-memory", l->device_size,
				   &m->device_memory, err);
	if (ret)
		return ret;
	ret = memory_region_set_owner(m->device_memory, OWNER_MACHINE, NULL,
				      err);
	if (ret)
		return ret;
	return memory_region_add_subregion(m->system_memory, l->device_start,
					   m->device_memory, err);
}
