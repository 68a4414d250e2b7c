/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The board "pc": the guest memory of QEMU 7.2's `-M pc -nodefaults -vga none`,
 * region for region and in the same order, so that the same requests follow.
 * Pure: it is handed memory, and makes no system call.
 *
 * Modelled is what memory needs. Devices that are nothing but a window here (the
 * I/O APIC, HPET, MSI) reserve it and do not answer. Not there yet: registers that
 * move PAM and SMRAM, SMM's address space, the I/O ports, and the hole that QEMU
 * leaves below 1 TiB on AMD's CPUs.
 */
#ifndef SLOTSCOPE_MACHINE_PC_H
#define SLOTSCOPE_MACHINE_PC_H

#include <slotscope/memory.h>

#define PC_BIOS_SIZE_DEFAULT (256UL << 10)
#define PC_BIOS_SIZE_UNIT    (64UL << 10) /* of its size */
#define PC_BIOS_SIZE_MAX     (16UL << 20) /* below is the APICs' window */

/**
 * struct pc_ram_layout - how RAM lies around the hole below 4 GiB
 * @below_4g: bytes from address 0
 * @above_4g: bytes from address 4 GiB
 */
struct pc_ram_layout {
	uint64_t below_4g;
	uint64_t above_4g;
};

/**
 * pc_ram_split() - split RAM as QEMU does
 *
 * Up to 3.5 GiB all of it is below 4 GiB; from 3.5 GiB on, 3 GiB are, so that the
 * rest begins at a whole GiB of the block too.
 */
struct pc_ram_layout pc_ram_split(uint64_t ram_size);

/**
 * pc_ram_top() - the first address above all RAM
 */
gpa_t pc_ram_top(uint64_t ram_size);

/**
 * struct pc_options - what to build
 * @ram_size:	    bytes, in whole host pages, 1 MiB or more
 * @bios_size:	    bytes, a multiple of PC_BIOS_SIZE_UNIT up to PC_BIOS_SIZE_MAX
 * @kernel_irqchip: only names differ: QEMU calls the kernel's devices kvm-*
 * @vga_window:	    a graphics card's window at 0xa0000 (vga-lowmem)
 * @alloc:	    called once for each RAMBlock, in QEMU's order: gives it its
 *		    memory by filling @ram->host, or @ram->hva alone. Return: 0 or
 *		    a negative errno
 * @opaque:	    for @alloc
 */
struct pc_options {
	uint64_t ram_size;
	uint64_t bios_size;
	bool kernel_irqchip;
	bool vga_window;
	int (*alloc)(void *opaque, const char *name, uint64_t size,
		     struct ram_block_options *ram,
		     struct slotscope_error *err);
	void *opaque;
};

/**
 * struct machine_memory - what is there before any board; memory_map_init()
 * @model:	   everything belongs to it
 * @system_memory: the region "system": all that a CPU can address
 * @memory:	   the address space "memory", rooted in it: KVM's
 */
struct machine_memory {
	struct memory_model *model;
	struct memory_region *system_memory;
	struct address_space *memory;
};

/** memory_map_init() - make the empty system memory; KVM listens from then on */
int memory_map_init(struct memory_model *model, struct machine_memory *mem,
		    struct slotscope_error *err);

/**
 * pc_init() - build the board
 *
 * On failure part of it may be there: destroy the model.
 */
int pc_init(const struct machine_memory *mem, const struct pc_options *options,
	    struct slotscope_error *err);

#endif
