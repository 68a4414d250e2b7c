// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/board.h"
#include "machine/board_ram.h"
#include "machine/pc_common.h"

#define KIB 1024ULL

#define VGA_WINDOW	0xa0000
#define VGA_WINDOW_SIZE (128 * KIB)
#define IO_APIC		0xfec00000
#define IO_APIC_SIZE	(4 * KIB)
#define HPET		0xfed00000
#define HPET_SIZE	KIB

int pc_common_init_memory(struct pc_common *pc, struct machine *m,
			  struct slotscope_error *err)
{
	struct memory_region *bios, *pci;
	int ret;

	ret = board_create_ram(m, "pc.ram", err);
	if (!ret)
		ret = board_add_cpus(m, board_apic(m), err);
	if (!ret)
		ret = board_map_ram(m, err);
	if (!ret)
		ret = board_create_rom(m, "pc.bios", m->options->bios_size,
				       &bios, err);
	if (!ret)
		ret = memory_region_create(m->model, "pci", MEMORY_SIZE_2_64,
					   &pci, err);
	if (!ret)
		ret = board_own(pci, NULL, err);
	if (!ret)
		ret = board_map_bios(m, pci, bios, err);
	if (!ret)
		ret = fw_cfg_init(&pc->fw_cfg, m, err);
	if (ret)
		return ret;
	pci_bus_init(&pc->pci, m, pci);
	return pci_host_init(&pc->pci, pc->host, err);
}

int pc_common_init_devices(struct pc_common *pc, struct machine *m,
			   struct slotscope_error *err)
{
	const struct board_io ioapic = {
		.name = m->options->irqchip == MACHINE_IRQCHIP_ON ?
				"kvm-ioapic" :
				"ioapic",
		.addr = IO_APIC,
		.size = IO_APIC_SIZE,
		.owner = pc->ioapic,
	};
	const struct board_io hpet = { .name = "hpet",
				       .addr = HPET,
				       .size = HPET_SIZE };
	const struct board_io vga = { .name = "vga-lowmem",
				      .addr = VGA_WINDOW,
				      .size = VGA_WINDOW_SIZE,
				      .priority = 1 };
	int ret;

	ret = board_add_io(m, m->system_memory, &ioapic, NULL, err);
	if (!ret)
		ret = board_add_io(m, m->system_memory, &hpet, NULL, err);
	if (!ret && m->options->vga_window)
		ret = board_add_io(m, pc->pci.memory, &vga, NULL, err);
	if (!ret)
		ret = cmos_init(&pc->cmos, m, err);
	if (!ret)
		ret = i8042_init(&pc->kbd, m, err);
	return ret ? ret : ports_init(&pc->ports, m, pc->reset_port, err);
}

int pc_common_reset(struct pc_common *pc, struct slotscope_error *err)
{
	fw_cfg_reset(&pc->fw_cfg);
	i8042_reset(&pc->kbd);
	ports_reset(&pc->ports);
	return pci_bus_reset(&pc->pci, err);
}
