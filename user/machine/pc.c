// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Regions are not given back one by one: they go with the model, here as on any
 * error.
 */
#include <errno.h>

#include "machine/board_ram.h"
#include "machine/pc.h"

#define KIB 1024ULL
#define GIB (1ULL << 30)

#define VGA_WINDOW	0xa0000
#define VGA_WINDOW_SIZE (128 * KIB)
#define OPTION_ROMS	0xc0000
#define OPTION_ROM_SIZE (128 * KIB)
#define ISA_BIOS_MAX	(128 * KIB)
#define PAM_EXPAN	0xc0000
#define PAM_EXPAN_SIZE	(16 * KIB)
#define PAM_EXPANS	12
#define PAM_BIOS	0xf0000
#define PAM_BIOS_SIZE	(64 * KIB)
#define IO_APIC		0xfec00000
#define IO_APIC_SIZE	(4 * KIB)
#define HPET		0xfed00000
#define HPET_SIZE	KIB
#define LOCAL_APIC	0xfee00000
#define LOCAL_APIC_SIZE (1024 * KIB)
#define LOCAL_APIC_PRIO 4096 /* whatever else is there, a CPU sees its APIC */

/* Owners as QEMU names them, for `info mtree -o` */
#define PARENT_BOARD "obj path=/machine/unattached"
#define OWNER_BRIDGE "dev path=/machine/i440fx"

struct pc {
	struct machine *m;
	const struct machine_options *options;
	struct slotscope_error *err;
	struct memory_region *ram, *bios, *pci;
};

/* One range that the bridge's PAM registers can switch; QEMU's PAMMemoryRegion */
struct pam {
	struct memory_region *pci; /* reads and writes go to PCI: after reset */
	struct memory_region *rom; /* reads from RAM */
	struct memory_region *write_ram;
	struct memory_region *ram;
};

static int own(struct pc *pc, struct memory_region *region, const char *owner)
{
	return memory_region_set_owner(region, owner,
				       owner ? NULL : PARENT_BOARD, pc->err);
}

static int place(struct pc *pc, struct memory_region *container,
		 struct memory_region *region, gpa_t addr, int32_t priority,
		 const char *owner)
{
	int ret = own(pc, region, owner);

	if (ret)
		return ret;
	return memory_region_add_subregion_overlap(container, addr, priority,
						   region, pc->err);
}

/* A window that is only reserved: no device answers in it yet */
static int add_window(struct pc *pc, struct memory_region *container,
		      const char *name, gpa_t addr, uint64_t size,
		      int32_t priority, const char *owner)
{
	struct memory_region *region;
	int ret;

	ret = memory_region_create_io(pc->m->model, name, size, NULL, NULL,
				      &region, pc->err);
	if (ret)
		return ret;
	return place(pc, container, region, addr, priority, owner);
}

static int add_alias(struct pc *pc, struct memory_region *container,
		     const char *name, gpa_t addr, uint64_t size,
		     int32_t priority, struct memory_region *target,
		     uint64_t offset, const char *owner)
{
	struct memory_region *region;
	int ret;

	ret = memory_region_create_alias(pc->m->model, name, target, offset,
					 size, &region, pc->err);
	if (ret)
		return ret;
	return place(pc, container, region, addr, priority, owner);
}

static int create_ram(struct pc *pc)
{
	int ret = board_create_ram(pc->m, "pc.ram", pc->err);

	pc->ram = pc->m->ram;
	return ret;
}

static int create_rom(struct pc *pc, const char *name, uint64_t size,
		      struct memory_region **rom)
{
	struct ram_block_options ram = { .flags = RAM_MIGRATABLE };
	int ret;

	ret = pc->m->ops->alloc(pc->m->ops->opaque, name, size, &ram, pc->err);
	if (ret)
		return ret;
	ret = memory_region_create_rom(pc->m->model, name, size, &ram, rom,
				       pc->err);
	if (ret)
		return ret;
	return own(pc, *rom, NULL);
}

/* The names that QEMU gives to the kernel's devices */
static bool kernel_irqchip(const struct pc *pc)
{
	return pc->options->irqchip == MACHINE_IRQCHIP_ON;
}

static int add_cpu(struct pc *pc)
{
	struct address_space *as;
	int ret;

	ret = address_space_create(pc->m->model, "cpu-memory-0",
				   pc->m->system_memory, &as, pc->err);
	if (ret)
		return ret;
	return add_window(pc, pc->m->system_memory,
			  kernel_irqchip(pc) ? "kvm-apic-msi" : "apic-msi",
			  LOCAL_APIC, LOCAL_APIC_SIZE, LOCAL_APIC_PRIO,
			  "dev path=/machine/unattached/device[0]/lapic");
}

static int add_ram(struct pc *pc)
{
	return board_map_ram(pc->m, pc->err);
}

/* The firmware ends at 4 GiB; its last 128 KiB show below 1 MiB once more */
static int add_firmware(struct pc *pc)
{
	uint64_t size = pc->options->bios_size;
	uint64_t isa_size = size < ISA_BIOS_MAX ? size : ISA_BIOS_MAX;
	struct memory_region *rom, *isa;
	int ret;

	ret = create_rom(pc, "pc.bios", size, &pc->bios);
	if (ret)
		return ret;
	ret = memory_region_create(pc->m->model, "pci", MEMORY_SIZE_2_64,
				   &pc->pci, pc->err);
	if (ret)
		return ret;
	ret = own(pc, pc->pci, NULL);
	if (ret)
		return ret;
	ret = memory_region_create_alias(pc->m->model, "isa-bios", pc->bios,
					 size - isa_size, isa_size, &isa,
					 pc->err);
	if (ret)
		return ret;
	ret = place(pc, pc->pci, isa, 1024 * KIB - isa_size, 1, NULL);
	if (ret)
		return ret;
	ret = memory_region_set_readonly(isa, true, pc->err);
	if (ret)
		return ret;
	ret = memory_region_add_subregion(pc->pci, 4 * GIB - size, pc->bios,
					  pc->err);
	if (ret)
		return ret;
	ret = create_rom(pc, "pc.rom", OPTION_ROM_SIZE, &rom);
	if (ret)
		return ret;
	return memory_region_add_subregion_overlap(pc->pci, OPTION_ROMS, 1, rom,
						   pc->err);
}

static int pam_alias(struct pc *pc, const char *name, gpa_t addr, uint64_t size,
		     struct memory_region *target, struct memory_region **out)
{
	int ret;

	ret = memory_region_create_alias(pc->m->model, name, target, addr, size,
					 out, pc->err);
	if (ret)
		return ret;
	ret = own(pc, *out, OWNER_BRIDGE);
	if (ret)
		return ret;
	ret = memory_region_set_enabled(*out, false, pc->err);
	if (ret)
		return ret;
	return memory_region_add_subregion_overlap(pc->m->system_memory, addr,
						   1, *out, pc->err);
}

static int add_pam(struct pc *pc, struct pam *pam, gpa_t addr, uint64_t size)
{
	int ret;

	ret = pam_alias(pc, "pam-pci", addr, size, pc->pci, &pam->pci);
	if (ret)
		return ret;
	ret = pam_alias(pc, "pam-rom", addr, size, pc->ram, &pam->rom);
	if (ret)
		return ret;
	ret = memory_region_set_readonly(pam->rom, true, pc->err);
	if (ret)
		return ret;
	/* QEMU has its writes go to RAM and its reads too, under PCI's name */
	ret = pam_alias(pc, "pam-pci", addr, size, pc->ram, &pam->write_ram);
	if (ret)
		return ret;
	return pam_alias(pc, "pam-ram", addr, size, pc->ram, &pam->ram);
}

/*
 * The host bridge. After reset its registers are 0: every PAM range shows PCI
 * (where the firmware is), and SMRAM is closed, so its window shows PCI too.
 */
static int add_bridge(struct pc *pc)
{
	struct pam pam[PAM_EXPANS + 1];
	struct slotscope_error *err = pc->err;
	int i, ret;

	ret = memory_region_add_subregion_overlap(pc->m->system_memory, 0, -1,
						  pc->pci, err);
	if (ret)
		return ret;
	ret = add_alias(pc, pc->m->system_memory, "smram-region", VGA_WINDOW,
			VGA_WINDOW_SIZE, 1, pc->pci, VGA_WINDOW, OWNER_BRIDGE);
	if (ret)
		return ret;
	ret = add_pam(pc, &pam[0], PAM_BIOS, PAM_BIOS_SIZE);
	if (ret)
		return ret;
	for (i = 0; i < PAM_EXPANS; i++) {
		ret = add_pam(pc, &pam[i + 1], PAM_EXPAN + i * PAM_EXPAN_SIZE,
			      PAM_EXPAN_SIZE);
		if (ret)
			return ret;
	}
	memory_model_begin(pc->m->model);
	for (i = 0; i <= PAM_EXPANS; i++) {
		ret = memory_region_set_enabled(pam[i].pci, true, err);
		if (ret)
			return ret;
	}
	return memory_model_commit(pc->m->model, err);
}

static int add_devices(struct pc *pc)
{
	int ret;

	ret = add_window(pc, pc->m->system_memory,
			 kernel_irqchip(pc) ? "kvm-ioapic" : "ioapic", IO_APIC,
			 IO_APIC_SIZE, 0, OWNER_BRIDGE "/ioapic");
	if (ret)
		return ret;
	ret = add_window(pc, pc->m->system_memory, "hpet", HPET, HPET_SIZE, 0,
			 NULL);
	if (ret || !pc->options->vga_window)
		return ret;
	return add_window(pc, pc->pci, "vga-lowmem", VGA_WINDOW,
			  VGA_WINDOW_SIZE, 1, NULL);
}

static int pc_check(const struct machine_options *options,
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

static int pc_init(struct machine *m, struct slotscope_error *err)
{
	static int (*const steps[])(struct pc * pc) = {
		create_ram,   add_cpu,	  add_ram,
		add_firmware, add_bridge, add_devices,
	};
	struct pc pc = { .m = m, .options = m->options, .err = err };
	size_t i;
	int ret;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		ret = steps[i](&pc);
		if (ret)
			return ret;
	}
	return 0;
}

const struct machine_class machine_pc = {
	.name = "pc",
	.about = "i440FX and PIIX, of 1996",
	.ram_board = RAM_BOARD_PC,
	.check = pc_check,
	.init = pc_init,
};
