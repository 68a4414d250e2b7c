// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "machine/board.h"
#include "machine/pc.h"
#include "narrate/narrate.h"

#define KIB 1024ULL
#define GIB (1ULL << 30)

#define OPTION_ROMS	0xc0000
#define OPTION_ROM_SIZE (128 * KIB)
#define ISA_BIOS_MAX	(128 * KIB)

/* What has no owner of its own, as QEMU names it for `info mtree -o` */
#define PARENT_BOARD "obj path=/machine/unattached"

int board_own(struct memory_region *region, const char *owner,
	      struct slotscope_error *err)
{
	return memory_region_set_owner(region, owner,
				       owner ? NULL : PARENT_BOARD, err);
}

int board_place(struct memory_region *container, struct memory_region *region,
		gpa_t addr, int32_t priority, const char *owner,
		struct slotscope_error *err)
{
	int ret = board_own(region, owner, err);

	if (ret)
		return ret;
	return memory_region_add_subregion_overlap(container, addr, priority,
						   region, err);
}

int board_add_io(struct machine *m, struct memory_region *container,
		 const struct board_io *io, struct memory_region **out,
		 struct slotscope_error *err)
{
	struct memory_region *region;
	int ret;

	ret = memory_region_create_io(m->model, io->name, io->size, io->ops,
				      io->opaque, &region, err);
	if (ret)
		return ret;
	if (out)
		*out = region;
	ret = memory_region_set_enabled(region, !io->hidden, err);
	if (ret)
		return ret;
	return board_place(container, region, io->addr, io->priority, io->owner,
			   err);
}

int board_add_alias(struct machine *m, struct memory_region *container,
		    const struct board_alias *alias, struct memory_region **out,
		    struct slotscope_error *err)
{
	struct memory_region *region;
	int ret;

	ret = memory_region_create_alias(m->model, alias->name, alias->target,
					 alias->offset, alias->size, &region,
					 err);
	if (ret)
		return ret;
	if (out)
		*out = region;
	ret = memory_region_set_enabled(region, !alias->hidden, err);
	if (ret)
		return ret;
	return board_place(container, region, alias->addr, alias->priority,
			   alias->owner, err);
}

int board_move(struct memory_region *container, struct memory_region *region,
	       gpa_t addr, int32_t priority, bool wanted,
	       struct slotscope_error *err)
{
	const struct memory_region_info *info = memory_region_info(region);
	int ret;

	if (info->container) {
		if (wanted && info->addr == addr)
			return 0;
		ret = memory_region_del_subregion(container, region, err);
		if (ret)
			return ret;
	}
	if (!wanted)
		return 0;
	return memory_region_add_subregion_overlap(container, addr, priority,
						   region, err);
}

int board_create_rom(struct machine *m, const char *name, uint64_t size,
		     struct memory_region **out, struct slotscope_error *err)
{
	struct ram_block_options ram = { .flags = RAM_MIGRATABLE };
	int ret;

	ret = m->ops->alloc(m->ops->opaque, name, size, &ram, err);
	if (ret)
		return ret;
	ret = memory_region_create_rom(m->model, name, size, &ram, out, err);
	if (ret)
		return ret;
	return board_own(*out, NULL, err);
}

int board_check_bios(const struct machine_options *options,
		     struct slotscope_error *err)
{
	if (options->bios_size && !(options->bios_size % PC_BIOS_SIZE_UNIT) &&
	    options->bios_size <= PC_BIOS_SIZE_MAX)
		return 0;
	error_set(err, EINVAL, "map a firmware of %llu bytes",
		  (unsigned long long)options->bios_size);
	return error_why(err, "its size is not a multiple of 64 KiB, "
			      "up to 16 MiB");
}

int board_map_bios(struct machine *m, struct memory_region *container,
		   struct memory_region *bios, struct slotscope_error *err)
{
	uint64_t size = m->options->bios_size;
	uint64_t isa_size = size < ISA_BIOS_MAX ? size : ISA_BIOS_MAX;
	const struct board_alias isa_bios = {
		.name = "isa-bios",
		.addr = 1024 * KIB - isa_size,
		.size = isa_size,
		.priority = 1,
		.target = bios,
		.offset = size - isa_size,
	};
	struct memory_region *rom, *isa;
	int ret;
	NARRATE(PC_SYSTEM_FIRMWARE_INIT, NULL, NULL, "%s", "");

	ret = board_add_alias(m, container, &isa_bios, &isa, err);
	if (ret)
		return ret;
	ret = memory_region_set_readonly(isa, true, err);
	if (ret)
		return ret;
	ret = memory_region_add_subregion(container, 4 * GIB - size, bios, err);
	if (ret)
		return ret;
	ret = board_create_rom(m, "pc.rom", OPTION_ROM_SIZE, &rom, err);
	if (ret)
		return ret;
	return memory_region_add_subregion_overlap(container, OPTION_ROMS, 1,
						   rom, err);
}
