// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include "machine/board.h"
#include "machine/board_ram.h"
#include "machine/pc.h"
#include "narrate/narrate.h"

#define KIB 1024ULL
#define GIB (1ULL << 30)

#define OPTION_ROMS	0xc0000
#define OPTION_ROM_SIZE (128 * KIB)
#define LOCAL_APIC	0xfee00000
#define LOCAL_APIC_SIZE (1024 * KIB)
#define LOCAL_APIC_PRIO 4096 /* whatever else is there, a CPU sees its APIC */
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

static int map_bios(struct machine *m, struct memory_region *container,
		    struct memory_region *bios, bool readonly,
		    struct slotscope_error *err)
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
	struct memory_region *isa;
	int ret;
	NARRATE_ID(m->class->ram_board == RAM_BOARD_MICROVM ?
			   NARRATE_BIOS_MAP :
			   NARRATE_PC_SYSTEM_FIRMWARE_INIT,
		   NULL, NULL, "%s", "");

	ret = board_add_alias(m, container, &isa_bios, &isa, err);
	if (!ret && readonly)
		ret = memory_region_set_readonly(isa, true, err);
	if (ret)
		return ret;
	return memory_region_add_subregion(container, 4 * GIB - size, bios,
					   err);
}

int board_map_bios(struct machine *m, struct memory_region *container,
		   struct memory_region *bios, struct slotscope_error *err)
{
	struct memory_region *rom;
	int ret;

	ret = map_bios(m, container, bios, true, err);
	if (ret)
		return ret;
	ret = board_create_rom(m, "pc.rom", OPTION_ROM_SIZE, &rom, err);
	if (ret)
		return ret;
	return memory_region_add_subregion_overlap(container, OPTION_ROMS, 1,
						   rom, err);
}

int board_map_bios_ram(struct machine *m, struct slotscope_error *err)
{
	struct memory_region *bios;
	int ret;

	ret = board_create_block(m, "pc.bios", m->options->bios_size, &bios,
				 err);
	if (!ret)
		ret = board_own(bios, NULL, err);
	return ret ? ret : map_bios(m, m->system_memory, bios, false, err);
}

const char *board_apic(const struct machine *m)
{
	return m->options->irqchip == MACHINE_IRQCHIP_OFF ? "apic-msi" :
							    "kvm-apic-msi";
}

int board_add_cpus(struct machine *m, const char *apic,
		   struct slotscope_error *err)
{
	const struct board_io io = {
		.name = apic,
		.addr = LOCAL_APIC,
		.size = LOCAL_APIC_SIZE,
		.priority = LOCAL_APIC_PRIO,
		.owner = "dev path=/machine/unattached/device[0]/lapic",
	};
	struct address_space *as;
	unsigned int i;
	char name[32];
	int ret;
	NARRATE(X86_CPUS_INIT, NULL, NULL, "%u", m->options->nr_cpus);

	for (i = 0; i < m->options->nr_cpus || !i; i++) {
		snprintf(name, sizeof(name), "cpu-memory-%u", i);
		ret = address_space_create(m->model, name, m->system_memory,
					   &as, err);
		if (ret)
			return ret;
	}
	return apic ? board_add_io(m, m->system_memory, &io, NULL, err) : 0;
}
