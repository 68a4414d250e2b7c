// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "machine/board.h"
#include "machine/board_ram.h"
#include "machine/pc_common.h"
#include "narrate/narrate.h"

#define KIB 1024ULL

#define VGA_WINDOW	0xa0000
#define VGA_WINDOW_SIZE (128 * KIB)
#define IO_APIC		0xfec00000
#define IO_APIC_SIZE	(4 * KIB)
#define HPET		0xfed00000
#define HPET_SIZE	KIB
#define LOCAL_APIC	0xfee00000
#define LOCAL_APIC_SIZE (1024 * KIB)
#define LOCAL_APIC_PRIO 4096 /* whatever else is there, a CPU sees its APIC */

/* Each CPU has an address space of its own, and all show the same */
static int add_cpus(struct machine *m, struct slotscope_error *err)
{
	enum machine_irqchip irqchip = m->options->irqchip;
	const struct board_io apic = {
		.name = irqchip == MACHINE_IRQCHIP_OFF ? "apic-msi" :
							 "kvm-apic-msi",
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
	return board_add_io(m, m->system_memory, &apic, NULL, err);
}

int pc_common_init_memory(struct pc_common *pc, struct machine *m,
			  struct slotscope_error *err)
{
	struct memory_region *bios, *pci;
	int ret;

	ret = board_create_ram(m, "pc.ram", err);
	if (!ret)
		ret = add_cpus(m, err);
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
