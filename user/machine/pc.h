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

#include "machine/machine.h"

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

/* "pc": QEMU's i440FX board */
extern const struct machine_class machine_pc;

#endif
