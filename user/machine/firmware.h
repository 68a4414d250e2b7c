/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firmware of our own that runs without -bios: firmware.S, assembled. */
#ifndef SLOTSCOPE_MACHINE_FIRMWARE_H
#define SLOTSCOPE_MACHINE_FIRMWARE_H

/* The port of Bochs's and QEMU's debug console */
#define DEBUGCON_PORT	 0x402
/* What a read of it gives: how a guest finds out that it is there */
#define DEBUGCON_PRESENT 0xe9

/* What its last line on that port begins with if all its tests passed; a line
 * with FIRMWARE_FAILED says which did not. */
#define FIRMWARE_PASSED "firmware: passed"
#define FIRMWARE_FAILED "firmware: FAILED"

#ifndef __ASSEMBLER__
/* It belongs at the very end of pc.bios: its last 16 bytes are the reset vector */
extern const unsigned char firmware_start[], firmware_end[];
/* Within it: whoever loads it sets this byte to 1 if pc.bios is RAM */
extern const unsigned char firmware_in_ram[];
#endif

#endif
