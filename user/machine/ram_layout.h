/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where RAM lies in a machine's physical addresses. Pure arithmetic. */
#ifndef SLOTSCOPE_MACHINE_RAM_LAYOUT_H
#define SLOTSCOPE_MACHINE_RAM_LAYOUT_H

#include <stdint.h>

#include <slotscope/memory.h>

struct machine_options;

/* Each board splits RAM by a rule of its own */
enum ram_board {
	RAM_BOARD_PC,
	RAM_BOARD_Q35,
	RAM_BOARD_ISAPC,
	RAM_BOARD_MICROVM,
};

/**
 * struct ram_layout - RAM around the hole below 4 GiB, and what comes after it
 * @below_4g:	    bytes from address 0
 * @above_4g:	    bytes from @above_4g_start
 * @above_4g_start: 4 GiB, or 1 TiB on AMD's CPUs if what is above 4 GiB would
 *		    reach into the range below 1 TiB that HyperTransport takes
 * @device_start:   where the room for DIMMs begins
 * @device_size:    its bytes: 0 for none
 * @ram_end:	    the first address above all RAM and room for DIMMs
 * @end:	    the first address above what the board may use: @ram_end and
 *		    the window for 64-bit PCI addresses
 */
struct ram_layout {
	uint64_t below_4g;
	uint64_t above_4g;
	gpa_t above_4g_start;
	gpa_t device_start;
	uint64_t device_size;
	gpa_t ram_end;
	gpa_t end;
};

/**
 * ram_layout() - lay out RAM as QEMU 7.2's board does
 * @options: ram_size, max_ram, ram_slots, max_below_4g and amd are looked at.
 *	     ram_layout_check() them before
 *
 * pc: up to 3.5 GiB all of it is below 4 GiB; from 3.5 GiB on, 3 GiB are, so that
 * the rest begins at a whole GiB of the block too. q35 has more PCI there: 2.75
 * and 2 GiB. isapc fills 3.5 GiB, microvm 3 GiB, before anything goes above.
 * max-ram-below-4g replaces pc's and isapc's 3.5 GiB (pc keeps to 3 GiB above
 * it), and can only lower q35's.
 */
struct ram_layout ram_layout(enum ram_board board,
			     const struct machine_options *options);

/**
 * ram_layout_check() - is there an address for all of it?
 * @options: as above, and phys_bits
 *
 * As strict as QEMU, whose board wants the window for PCI addressable too. Where
 * it does not look (microvm, 32 bits), KVM would refuse RAM: so does this.
 *
 * Errors: -EINVAL.
 */
int ram_layout_check(enum ram_board board,
		     const struct machine_options *options,
		     struct slotscope_error *err);

#endif
