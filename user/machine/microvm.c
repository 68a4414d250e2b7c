// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The board "microvm": that of QEMU 7.2's `-M microvm -nodefaults`. No PCI, so no
 * PAM and no SMRAM: the firmware is in plain RAM. Windows for 24 virtio devices
 * are there; no device is in them.
 */
#include <errno.h>
#include <stdio.h>

#include "machine/board.h"
#include "machine/board_ram.h"
#include "machine/isa_boards.h"
#include "machine/pc.h"

#define KIB 1024ULL

#define ACPI_EVENTS	0xfea00000
#define ACPI_EVENT_REGS 0xfea00200
#define VIRTIO		0xfeb00000
#define VIRTIO_SIZE	512
#define VIRTIO_NR	24
#define IO_APIC		0xfec00000
#define IO_APIC_2	0xfec10000
#define IO_APIC_SIZE	(4 * KIB)
#define UNATTACHED	"dev path=/machine/unattached/device"

/* The second one is never KVM's, which has only one */
static int add_io_apics(struct machine *m, struct slotscope_error *err)
{
	const struct board_io first = {
		.name = m->options->irqchip == MACHINE_IRQCHIP_ON ?
				"kvm-ioapic" :
				"ioapic",
		.addr = IO_APIC,
		.size = IO_APIC_SIZE,
		.owner = "dev path=/machine/ioapic",
	};
	const struct board_io second = {
		.name = "ioapic",
		.addr = IO_APIC_2,
		.size = IO_APIC_SIZE,
		.owner = UNATTACHED "[3]",
	};
	int ret = board_add_io(m, m->system_memory, &first, NULL, err);

	return ret ? ret :
		     board_add_io(m, m->system_memory, &second, NULL, err);
}

static int add_virtio(struct machine *m, struct slotscope_error *err)
{
	char owner[64];
	int i, ret = 0;

	for (i = 0; i < VIRTIO_NR && !ret; i++) {
		const struct board_io io = {
			.name = "virtio-mmio",
			.addr = VIRTIO + i * VIRTIO_SIZE,
			.size = VIRTIO_SIZE,
			.owner = owner,
		};

		snprintf(owner, sizeof(owner), UNATTACHED "[%d]", 5 + i);
		ret = board_add_io(m, m->system_memory, &io, NULL, err);
	}
	return ret;
}

static int add_acpi_events(struct machine *m, struct slotscope_error *err)
{
	const struct board_io events = { .name = "acpi-ged",
					 .addr = ACPI_EVENTS,
					 .size = 4,
					 .owner = UNATTACHED "[29]" };
	const struct board_io regs = { .name = "acpi-ged-regs",
				       .addr = ACPI_EVENT_REGS,
				       .size = 3,
				       .owner = UNATTACHED "[29]" };
	int ret = board_add_io(m, m->system_memory, &events, NULL, err);

	return ret ? ret : board_add_io(m, m->system_memory, &regs, NULL, err);
}

static int microvm_init(struct machine *m, struct slotscope_error *err)
{
	int ret;

	ret = board_create_ram(m, "microvm.ram", err);
	if (!ret)
		ret = board_map_ram(m, err);
	if (!ret)
		ret = board_add_cpus(m, board_apic(m), err);
	if (!ret)
		ret = add_io_apics(m, err);
	if (!ret)
		ret = add_virtio(m, err);
	if (!ret)
		ret = add_acpi_events(m, err);
	return ret ? ret : board_map_bios_ram(m, err);
}

static int microvm_check(const struct machine_options *options,
			 struct slotscope_error *err)
{
	if (!options->vga_window)
		return board_check_bios(options, err);
	error_set(err, EINVAL, "have a graphics card's window on microvm");
	error_why(err, "the board has no place for a graphics card");
	return error_next(err, "leave --vga-window out, or use another -M");
}

const struct machine_class machine_microvm = {
	.name = "microvm",
	.about = "no PCI, windows for virtio",
	.ram_board = RAM_BOARD_MICROVM,
	.bios_size = 128 * KIB,
	.bios_in_ram = true,
	.split_irqchip = true,
	.check = microvm_check,
	.init = microvm_init,
};
