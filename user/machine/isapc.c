// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The board "isapc": a PC from before PCI, as QEMU 7.2's `-M isapc -nodefaults -vga
 * none`. Nothing here moves: no PAM, no SMRAM, no PCI. Its 486 has no APIC.
 * Firmware and option ROMs are in plain RAM, which the guest may write to.
 */
#include <errno.h>

#include "machine/board.h"
#include "machine/board_ram.h"
#include "machine/isa_boards.h"
#include "machine/pc.h"

#define KIB 1024ULL

#define OPTION_ROMS	 0xc0000
#define OPTION_ROM_SIZE	 (128 * KIB)
#define VGA_WINDOW	 0xa0000
#define VGA_WINDOW_SIZE	 (128 * KIB)
#define VGA_MEMORY	 0xe0000000
#define VGA_MEMORY_SIZE	 (8192 * KIB) /* of an ISA card, which is smaller */
#define VGA_WINDOW_OWNER "dev path=/machine/unattached/device[7]"

/* The card's memory is watched: a display has to know what was drawn */
static int add_vga(struct machine *m, struct slotscope_error *err)
{
	const struct board_io window = {
		.name = "vga-lowmem",
		.addr = VGA_WINDOW,
		.size = VGA_WINDOW_SIZE,
		.priority = 1,
		.owner = VGA_WINDOW_OWNER,
	};
	struct memory_region *memory;
	int ret;

	ret = board_create_block(m, "vga.vram", VGA_MEMORY_SIZE, &memory, err);
	if (!ret)
		ret = memory_region_set_log(memory, true, err);
	if (!ret)
		ret = board_add_io(m, m->system_memory, &window, NULL, err);
	if (ret)
		return ret;
	return board_place(m->system_memory, memory, VGA_MEMORY, 0,
			   VGA_WINDOW_OWNER, err);
}

static int isapc_init(struct machine *m, struct slotscope_error *err)
{
	struct memory_region *rom;
	int ret;

	ret = board_create_ram(m, "pc.ram", err);
	if (!ret)
		ret = board_add_cpus(m, NULL, err);
	if (!ret)
		ret = board_map_ram(m, err);
	if (!ret)
		ret = board_map_bios_ram(m, err);
	if (!ret)
		ret = board_create_block(m, "pc.rom", OPTION_ROM_SIZE, &rom,
					 err);
	if (!ret)
		ret = board_place(m->system_memory, rom, OPTION_ROMS, 1, NULL,
				  err);
	return ret || !m->options->vga_window ? ret : add_vga(m, err);
}

const struct machine_class machine_isapc = {
	.name = "isapc",
	.about = "a PC with an ISA bus and nothing else, of 1989",
	.ram_board = RAM_BOARD_ISAPC,
	.bios_size = 128 * KIB,
	.bios_in_ram = true,
	.check = board_check_bios,
	.init = isapc_init,
};
