/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RAM on a board: what all boards have in common. */
#ifndef SLOTSCOPE_MACHINE_BOARD_RAM_H
#define SLOTSCOPE_MACHINE_BOARD_RAM_H

#include "machine/machine.h"

/**
 * board_create_ram() - make @m->ram, not mapped yet
 * @name: of its RAMBlock, if options do not name a backend; with NUMA, of the
 *	  container that shows the nodes' RAM, one behind the other
 *
 * Asks for all memory at once, and before any CPU is there, as QEMU does.
 */
int board_create_ram(struct machine *m, const char *name,
		     struct slotscope_error *err);

/** board_create_block() - ask for memory of the board's own, such as a card's */
int board_create_block(struct machine *m, const char *name, uint64_t size,
		       struct memory_region **out, struct slotscope_error *err);

/**
 * board_map_ram() - map "ram-below-4g" and "ram-above-4g" where @m->layout has
 * them, and @m->device_memory, in which DIMMs are plugged, if there is room for it
 */
int board_map_ram(struct machine *m, struct slotscope_error *err);

#endif
