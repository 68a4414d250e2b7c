/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each board is put together from: a region made, given its owner, and mapped
 * by one call.
 *
 * Regions are not given back one by one: they go with the model, on errors too. So
 * no function here hands out a reference of its own.
 */
#ifndef SLOTSCOPE_MACHINE_BOARD_H
#define SLOTSCOPE_MACHINE_BOARD_H

#include "machine/machine.h"

/**
 * struct board_io - a device's registers, or a window that is only reserved
 * @name:     as QEMU names it in `info mtree`
 * @addr:     in its container
 * @size:     bytes
 * @priority: see memory_region_add_subregion_overlap()
 * @ops:      NULL: nothing answers
 * @opaque:   for @ops
 * @owner:    as QEMU names it in `info mtree -o`; NULL: the board itself
 * @hidden:   make it disabled
 */
struct board_io {
	const char *name;
	gpa_t addr;
	uint64_t size;
	int32_t priority;
	const struct memory_region_ops *ops;
	void *opaque;
	const char *owner;
	bool hidden;
};

/**
 * struct board_alias - a part of @target, shown once more
 * @offset: in @target
 *
 * The rest as in struct board_io.
 */
struct board_alias {
	const char *name;
	gpa_t addr;
	uint64_t size;
	int32_t priority;
	struct memory_region *target;
	uint64_t offset;
	const char *owner;
	bool hidden;
};

/** board_own() - say whose @region is; NULL: the board's */
int board_own(struct memory_region *region, const char *owner,
	      struct slotscope_error *err);

/** board_place() - own and map @region */
int board_place(struct memory_region *container, struct memory_region *region,
		gpa_t addr, int32_t priority, const char *owner,
		struct slotscope_error *err);

/** board_add_io() - make and map what @io says; @out may be NULL */
int board_add_io(struct machine *m, struct memory_region *container,
		 const struct board_io *io, struct memory_region **out,
		 struct slotscope_error *err);

/** board_add_alias() - make and map what @alias says; @out may be NULL */
int board_add_alias(struct machine *m, struct memory_region *container,
		    const struct board_alias *alias, struct memory_region **out,
		    struct slotscope_error *err);

/**
 * board_move() - let @region be at @addr of @container, or, if not @wanted, nowhere
 *
 * Nothing happens if it is so already.
 */
int board_move(struct memory_region *container, struct memory_region *region,
	       gpa_t addr, int32_t priority, bool wanted,
	       struct slotscope_error *err);

/** board_create_rom() - ask for memory and make it a ROM, not mapped yet */
int board_create_rom(struct machine *m, const char *name, uint64_t size,
		     struct memory_region **out, struct slotscope_error *err);

/** board_check_bios() - refuse a firmware's size that a PC cannot map */
int board_check_bios(const struct machine_options *options,
		     struct slotscope_error *err);

/**
 * board_map_bios() - map pc.bios, and make and map pc.rom, where a PC has them
 * @container: "pci" on boards that have it, else all memory
 * @bios:      by board_create_rom()
 *
 * The firmware ends at 4 GiB; its last 128 KiB show below 1 MiB once more
 * ("isa-bios").
 */
int board_map_bios(struct machine *m, struct memory_region *container,
		   struct memory_region *bios, struct slotscope_error *err);

/** board_map_bios_ram() - make and map pc.bios likewise, as RAM; no pc.rom */
int board_map_bios_ram(struct machine *m, struct slotscope_error *err);

/** board_apic() - what QEMU calls the local APICs, which depends on who has them */
const char *board_apic(const struct machine *m);

/**
 * board_add_cpus() - an address space for each CPU, which all show the same
 * @apic: board_apic(); NULL: these CPUs have none
 */
int board_add_cpus(struct machine *m, const char *apic,
		   struct slotscope_error *err);

#endif
