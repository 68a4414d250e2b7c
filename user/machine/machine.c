// SPDX-License-Identifier: GPL-2.0-or-later
/* What all boards have in common. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "machine/isa_boards.h"
#include "machine/machine.h"
#include "machine/pc.h"
#include "narrate/narrate.h"

#define IO_PORTS 0x10000

/* Its owner as QEMU names it, for `info mtree -o` */
#define PARENT_BOARD "obj path=/machine/unattached"

const struct machine_class *const machine_classes[] = {
	&machine_pc, &machine_q35, &machine_microvm, &machine_isapc, NULL,
};

const struct machine_class *machine_find(const char *name)
{
	size_t i;

	for (i = 0; machine_classes[i]; i++)
		if (!strcmp(machine_classes[i]->name, name))
			return machine_classes[i];
	return NULL;
}

/* A port that no device has: nobody drives the bus */
static enum memtx_result no_device_read(void *opaque, uint64_t addr,
					unsigned int size, uint64_t *data)
{
	*data = UINT64_MAX;
	return MEMTX_OK;
}

static enum memtx_result no_device_write(void *opaque, uint64_t addr,
					 unsigned int size, uint64_t data)
{
	return MEMTX_OK;
}

static const struct memory_region_ops io_ops = {
	.read = no_device_read,
	.write = no_device_write,
};

int memory_map_init(struct memory_model *model, struct machine *m,
		    struct slotscope_error *err)
{
	int ret;
	NARRATE(CPU_EXEC_INIT_ALL, NULL, NULL, "%s", "");
	NARRATE(MEMORY_MAP_INIT, NULL, NULL, "%s", "");

	m->model = model;
	ret = memory_region_create(model, "system", MEMORY_SIZE_2_64,
				   &m->system_memory, err);
	if (ret)
		return ret;
	ret = memory_region_set_owner(m->system_memory, NULL, PARENT_BOARD,
				      err);
	if (ret)
		return ret;
	ret = address_space_create(model, "memory", m->system_memory,
				   &m->memory, err);
	if (ret)
		return ret;
	ret = memory_region_create_io(model, "io", IO_PORTS, &io_ops, NULL,
				      &m->system_io, err);
	if (ret)
		return ret;
	ret = memory_region_set_owner(m->system_io, NULL, PARENT_BOARD, err);
	if (ret)
		return ret;
	return address_space_create(model, "I/O", m->system_io, &m->io, err);
}

static int init_board(struct machine *m, struct slotscope_error *err)
{
	static const struct {
		const char *name;
		enum narrate_id id;
	} steps[] = {
		{ "q35", NARRATE_PC_Q35_INIT },
		{ "microvm", NARRATE_MICROVM_INIT },
		{}, /* the rest is built as pc is */
	};
	size_t i = 0;
	NARRATE(BOARD_INIT, NULL, NULL, "-M %s", m->class->name);

	while (steps[i].name && strcmp(steps[i].name, m->class->name))
		i++;
	NARRATE_ID(steps[i].name ? steps[i].id : NARRATE_PC_INIT1, NULL, NULL,
		   "%s", "");
	return m->class->init(m, err);
}

int machine_init(struct machine *m, const struct machine_class *class,
		 const struct machine_options *options,
		 const struct machine_ops *ops, struct slotscope_error *err)
{
	int ret = ram_layout_check(class->ram_board, options, err);

	if (!ret && class->check)
		ret = class->check(options, err);
	if (ret)
		return ret;
	m->layout = ram_layout(class->ram_board, options);
	m->class = class;
	m->options = options;
	m->ops = ops;
	return init_board(m, err);
}

int machine_reset(struct machine *m, struct slotscope_error *err)
{
	return m->class->reset ? m->class->reset(m, err) : 0;
}

void machine_deinit(struct machine *m)
{
	free(m->board);
	m->board = NULL;
}
