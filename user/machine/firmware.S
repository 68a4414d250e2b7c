/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tiny firmware for the pc board, in real mode. It proves from inside the
 * guest that memory is what the board says:
 *   1. RAM holds: a pattern over 64 KiB from 1:0000 on is written, then read.
 *   2. pc.bios below 4 GiB and its alias isa-bios below 1 MiB are one memory.
 *   3. ROM refuses writes; or, where a board has its firmware in RAM, takes them.
 * It tells the result on the debug port and halts.
 *
 * Position: the end of pc.bios. IP and all offsets count from 64 KiB before
 * its end, as the CPU does at the reset vector F000:FFF0 (whose base is
 * 0xffff0000, not 0xf0000, up to the first far jump).
 */
#include "machine/firmware.h"

#define ROM_SEGMENT 0xf000
#define RAM_SEGMENT 0x1000
#define SIGNATURE   0x51075c0e

	.section .rodata
	.code16
	.balign	16
	.globl	firmware_start, firmware_in_ram, firmware_end
firmware_start:

/* The offset of a label from the segment's beginning */
#define AT(label) (0x10000 - (firmware_end - label))

entry:
	cli
	cld
	/* CS still has its base of 0xffff0000: the only way up there */
	movl	%cs:AT(signature), %ebx
	ljmp	$ROM_SEGMENT, $AT(in_alias)

in_alias:
	/* From here on the code itself is fetched through isa-bios */
	movw	$ROM_SEGMENT, %ax
	movw	%ax, %ds
	movw	$AT(bad_alias), %si
	cmpl	$SIGNATURE, %ebx
	jne	tell
	cmpl	%ebx, AT(signature)
	jne	tell

	/* Written to, ROM is as before; RAM is not, and is mended */
	movl	$0, AT(signature)
	cmpb	$0, AT(firmware_in_ram)
	jne	is_ram
	movw	$AT(bad_rom), %si
	cmpl	%ebx, AT(signature)
	jne	tell
	jmp	test_ram
is_ram:
	movw	$AT(bad_bios_ram), %si
	cmpl	$0, AT(signature)
	jne	tell
	movl	%ebx, AT(signature)
test_ram:

	/* Each word gets a value that depends on its place */
	movw	$RAM_SEGMENT, %ax
	movw	%ax, %es
	xorw	%di, %di
write_ram:
	movw	%di, %ax
	xorw	$0xa55a, %ax
	stosw
	testw	%di, %di
	jnz	write_ram
	movw	$AT(bad_ram), %si
read_ram:
	movw	%di, %ax
	xorw	$0xa55a, %ax
	scasw
	jne	tell
	testw	%di, %di
	jnz	read_ram

	movw	$AT(passed), %si
	cmpb	$0, AT(firmware_in_ram)
	je	tell
	movw	$AT(passed_ram), %si
tell:
	movw	$DEBUGCON_PORT, %dx
next_char:
	lodsb
	testb	%al, %al
	jz	halt
	outb	%al, %dx
	jmp	next_char
halt:
	hlt
	jmp	halt

passed:
	.asciz	FIRMWARE_PASSED ": RAM holds, isa-bios is pc.bios, ROM refuses writes\n"
passed_ram:
	.asciz	FIRMWARE_PASSED ": RAM holds, isa-bios is pc.bios, which is RAM too\n"
bad_alias:
	.asciz	FIRMWARE_FAILED ": isa-bios is not pc.bios\n"
bad_rom:
	.asciz	FIRMWARE_FAILED ": ROM was written\n"
bad_bios_ram:
	.asciz	FIRMWARE_FAILED ": the firmware's RAM refuses writes\n"
bad_ram:
	.asciz	FIRMWARE_FAILED ": RAM does not hold what was written\n"
	.balign	4
firmware_in_ram:
	.byte	0
	.balign	4
signature:
	.long	SIGNATURE

	.balign	16
	/* The reset vector: the last 16 bytes below 4 GiB */
	.byte	0xe9				/* jmp rel16 to entry */
	.word	entry - (. + 2)
	.balign	16
firmware_end:

	.section .note.GNU-stack, "", @progbits
