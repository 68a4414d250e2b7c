/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The boards "pc" and "q35": the guest memory of QEMU 7.2's `-M pc` and `-M q35`
 * with -nodefaults -vga none, region for region and in the same order, so that the
 * same requests follow. Pure: they are handed memory, and make no system call.
 *
 * Modelled is what memory needs, and what firmware asks for on its way to its last
 * line; Documentation/machines.md lists it. Devices that are nothing but a window
 * here (the I/O APIC, HPET, MSI) reserve it and do not answer: KVM does, if it has
 * the interrupt controllers.
 */
#ifndef SLOTSCOPE_MACHINE_PC_H
#define SLOTSCOPE_MACHINE_PC_H

#include "machine/machine.h"

#define PC_BIOS_SIZE_DEFAULT (256UL << 10)
#define PC_BIOS_SIZE_UNIT    (64UL << 10) /* of its size */
#define PC_BIOS_SIZE_MAX     (16UL << 20) /* below is the APICs' window */

extern const struct machine_class machine_pc;
extern const struct machine_class machine_q35;

#endif
