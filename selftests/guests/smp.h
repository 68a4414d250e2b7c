/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting the other vCPUs: INIT and SIPI by x2APIC, whose registers can be had
 * in real mode. They need APICs in the kernel. Include it behind guest.h.
 */

#define TRAMPOLINE 0x8000

#define APIC_BASE  0x1b
#define X2APIC	   (3 << 10)
#define X2APIC_ICR 0x830
#define TO_OTHERS  (3 << 18)
#define INIT	   0x4500
#define SIPI	   0x4600

	.macro	wait_some
	movl	$200000, %ecx
again\@:
	pause
	decl	%ecx
	jnz	again\@
	.endm

	.macro	to_others what
	movl	$X2APIC_ICR, %ecx
	movl	$(TO_OTHERS | \what), %eax
	xorl	%edx, %edx
	wrmsr
	.endm

/* All others go to a label of the image, or of its copy in RAM, without a stack */
	.macro	start_others label, segment=0xf000
	/* ljmp $segment, $label */
	movb	$0xea, TRAMPOLINE
	movw	$\label, TRAMPOLINE + 1
	movw	$\segment, TRAMPOLINE + 3
	movl	$APIC_BASE, %ecx
	rdmsr
	orl	$X2APIC, %eax
	wrmsr
	to_others INIT
	wait_some
	to_others (SIPI | TRAMPOLINE >> 12)
	.endm
