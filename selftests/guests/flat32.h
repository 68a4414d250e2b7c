/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests that write to memory above 1 MiB: 32-bit protected mode without paging,
 * all 4 GiB through ds, interrupts off. For hardware under KVM (@needs hardware,
 * or a test that looks).
 */

	/* To be followed by the guest's work; flat32_end ends it */
	.macro	flat32_begin
	lgdtl	%cs:gdtr
	movl	%cr0, %eax
	orl	$1, %eax
	movl	%eax, %cr0
	ljmpl	$8, $(0xf0000 + protected)
	.code32
protected:
	movw	$16, %ax
	movw	%ax, %ds
	.endm

	/* Halts for good */
	.macro	flat32_end
	cli
halt:
	hlt
	jmp	halt
	.code16
	.balign	8
gdt:
	.quad	0
	.quad	0x00cf9b000000ffff /* code, known to be accessed: not written to */
	.quad	0x00cf93000000ffff /* data */
gdtr:
	.word	gdtr - gdt - 1
	.long	0xf0000 + gdt
	.endm
