/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine: a board's memory and the few devices that move it. Pure: whatever it
 * needs of the world (host memory, time, interrupts) it asks of struct machine_ops.
 *
 * One lock guards model, devices and slots, as QEMU's big lock does. Whoever calls
 * in here, or into the model, holds it: the main loop all the time but in poll(2),
 * a vCPU while it handles an exit. A device's callbacks are therefore never
 * entered twice at a time, and may change the model.
 */
#ifndef SLOTSCOPE_MACHINE_MACHINE_H
#define SLOTSCOPE_MACHINE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <slotscope/memory.h>

#include "machine/ram_layout.h"

struct machine;

/* Who has the interrupt controllers; names of devices differ with it */
enum machine_irqchip {
	MACHINE_IRQCHIP_OFF,
	MACHINE_IRQCHIP_SPLIT, /* the local APICs in the kernel */
	MACHINE_IRQCHIP_ON,
};

/**
 * struct machine_ops - what a machine asks of its surroundings
 * @alloc:    called once for each RAMBlock, in QEMU's order: give it its memory by
 *	      filling @ram->host (or @ram->hva alone). Return: 0 or -errno
 * @now_ns:   the guest's clock: nanoseconds since it was started
 * @wall_s:   seconds since 1970, for the real-time clock
 * @smi:      a system management interrupt, for the first vCPU, or for the one that
 *	      made the access
 * @reset:    the guest wants a reset; done once the access is over
 * @shutdown: the guest wants to be switched off; likewise
 * @debugcon: a byte on the debug console
 * @opaque:   given to each
 *
 * All but @alloc may be NULL: then nothing happens, and clocks stand still.
 */
struct machine_ops {
	int (*alloc)(void *opaque, const char *name, uint64_t size,
		     struct ram_block_options *ram,
		     struct slotscope_error *err);
	uint64_t (*now_ns)(void *opaque);
	uint64_t (*wall_s)(void *opaque);
	void (*smi)(void *opaque, bool first);
	void (*reset)(void *opaque);
	void (*shutdown)(void *opaque);
	void (*debugcon)(void *opaque, uint8_t c);
	void *opaque;
};

#define MACHINE_NODES_MAX 16 /* of NUMA */

/**
 * struct machine_node - RAM of one NUMA node
 * @name: of its RAMBlock: the backend's id
 * @size: bytes
 */
struct machine_node {
	const char *name;
	uint64_t size;
};

/**
 * struct machine_options - what to build
 * @ram_size:	bytes, in whole host pages; the sum of @nodes
 * @max_ram:	bytes with all DIMMs; 0 or @ram_size: no room for any (maxmem=)
 * @ram_slots:	how many DIMMs can be plugged (slots=)
 * @max_below_4g: bytes of RAM below 4 GiB (max-ram-below-4g); 0: as the board has
 *		it
 * @ram_name:	the backend that is all RAM (memory-backend=); NULL: the board's own
 *		name for it, such as "pc.ram"
 * @nodes:	NUMA: where RAM comes from instead, @nr_nodes of them; 0: no NUMA
 * @nr_cpus:	1 or more
 * @irqchip:	who has the interrupt controllers
 * @phys_bits:	of the CPU; 0: not known, nothing is refused for it
 * @amd:	the CPU is AMD's: a hole below 1 TiB (HyperTransport)
 * @smm:	System Management Mode: the registers of SMRAM work, and the address
 *		space "KVM-SMRAM" is made
 * @vga_window:	a graphics card's window at 0xa0000 (vga-lowmem)
 * @bios_size:	bytes of pc.bios
 */
struct machine_options {
	uint64_t ram_size;
	uint64_t max_ram;
	unsigned int ram_slots;
	uint64_t max_below_4g;
	const char *ram_name;
	struct machine_node nodes[MACHINE_NODES_MAX];
	size_t nr_nodes;
	unsigned int nr_cpus;
	enum machine_irqchip irqchip;
	unsigned int phys_bits;
	bool amd;
	bool smm;
	bool vga_window;
	uint64_t bios_size;
};

/**
 * struct machine_class - one board
 * @name:  of -M
 * @about: a few words for -M help
 * @ram_board: how it splits RAM; ram_layout_check() is done for all boards
 * @bios_size: bytes of pc.bios for firmware of our own; 0: 256 KiB
 * @bios_in_ram: pc.bios is RAM, which the guest may write to
 * @split_irqchip: kernel-irqchip=split is its default
 * @check: refuse options that this board cannot have, before anything is made
 * @init:  build it below @m->system_memory and @m->system_io. On failure part of
 *	   it may be there: the model is destroyed
 * @reset: registers back to what they are at power on; NULL: it has none
 */
struct machine_class {
	const char *name;
	const char *about;
	enum ram_board ram_board;
	uint64_t bios_size;
	bool bios_in_ram;
	bool split_irqchip;
	int (*check)(const struct machine_options *options,
		     struct slotscope_error *err);
	int (*init)(struct machine *m, struct slotscope_error *err);
	int (*reset)(struct machine *m, struct slotscope_error *err);
};

/** machine_find() - the board of that name, or NULL; "pc" and its like */
const struct machine_class *machine_find(const char *name);

/* All boards, ended by NULL */
extern const struct machine_class *const machine_classes[];

/**
 * struct machine - a board, built
 * @model:	   all memory belongs to it
 * @system_memory: the region "system": all that a CPU can address
 * @system_io:	   the region "io": 64 KiB of ports
 * @memory:	   the address space "memory", KVM's as_id 0
 * @io:		   the address space "I/O"
 * @smram:	   what SMM sees more than others, or NULL (QEMU's "smram")
 * @layout:	   where RAM is
 * @ram:	   the region that is all RAM, before any alias
 * @device_memory: the room for DIMMs, or NULL
 * @board:	   the board's own state; owned by it, freed by machine_deinit()
 */
struct machine {
	const struct machine_class *class;
	const struct machine_options *options;
	const struct machine_ops *ops;
	struct memory_model *model;
	struct memory_region *system_memory;
	struct memory_region *system_io;
	struct address_space *memory;
	struct address_space *io;
	struct memory_region *smram;
	struct ram_layout layout;
	struct memory_region *ram;
	struct memory_region *device_memory;
	void *board;
};

/** memory_map_init() - make the empty system memory; KVM listens from then on */
int memory_map_init(struct memory_model *model, struct machine *m,
		    struct slotscope_error *err);

/** machine_init() - build the board that @class is, after memory_map_init() */
int machine_init(struct machine *m, const struct machine_class *class,
		 const struct machine_options *options,
		 const struct machine_ops *ops, struct slotscope_error *err);

/** machine_reset() - as if switched off and on; RAM keeps what it holds */
int machine_reset(struct machine *m, struct slotscope_error *err);

/** machine_deinit() - free the board's state, after the model is destroyed */
void machine_deinit(struct machine *m);

#endif
