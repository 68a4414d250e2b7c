/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The board "pc": the guest memory of QEMU 7.2's `-M pc -nodefaults -vga none`,
 * region for region and in the same order, so that the same requests follow.
 * Pure: it is handed memory, and makes no system call.
 *
 * Modelled is what memory needs. Devices that are nothing but a window here (the
 * I/O APIC, HPET, MSI) reserve it and do not answer. Not there yet: registers that
 * move PAM and SMRAM, SMM's address space, and the I/O ports.
 */
#ifndef SLOTSCOPE_MACHINE_PC_H
#define SLOTSCOPE_MACHINE_PC_H

#include "machine/machine.h"

#define PC_BIOS_SIZE_DEFAULT (256UL << 10)
#define PC_BIOS_SIZE_UNIT    (64UL << 10) /* of its size */
#define PC_BIOS_SIZE_MAX     (16UL << 20) /* below is the APICs' window */

/* "pc": QEMU's i440FX board */
extern const struct machine_class machine_pc;

#endif
