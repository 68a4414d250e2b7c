// SPDX-License-Identifier: GPL-2.0-or-later
// Configuration registers of all devices take what comes: BARs over RAM, firmware
// and APICs, PAM, SMRAM and the configuration window anywhere. fw_cfg's DMA reaches
// those addresses that real mode does not; the other vCPUs use what moves.
#include "guest.h"
#include "smp.h"
#include "hostile.h"

#define REQUEST 0x600
#define VALUE	0x610

	guest_begin
	hostile_begin again
	/*
	 * Only now: what others run has to be there, and where PAM cannot hide it. One
	 * that strays to the rounds shares the registers' address with the first
	 * vCPU, and together they put Q35's window over their own code.
	 */
	start_others touch, CODE
	jmp	next

/* Exceptions: each vCPU to its own work */
again:
	movl	$1, %eax
	cpuid
	shrl	$24, %ebx
	jz	next

/* No stack. Words and more that reach over the edges of what is there */
touch:
	cli
	movw	$0xa000, %bx
1:	movw	%bx, %ds
	incb	0
	incl	0xfffe - 3
	movl	0x7ffe, %eax
	movl	%eax, 0x3ffe
	addw	$0x1000, %bx
	jnc	1b
	movw	$0xa000, %bx
	jmp	1b

next:
	round_begin
	round_end 256
	/* a register of one of the boards' devices */
	call	random
	movw	%ax, %bx
	andw	$7, %bx
	movzbl	%cs:devices(%bx), %ecx
	shll	$8, %ecx
	movb	%ah, %cl
	andb	$0xfc, %cl
	orl	$0x80000000, %ecx
	call	place
	/* Q35's window is large: below, it would take away all RAM, and the end it is */
	cmpl	$0x80000060, %ecx
	jne	keep
	orl	$0x80000000, %eax
keep:	movl	%eax, VALUE
	movl	%ecx, %eax
	movw	$0xcf8, %dx
	outl	%eax, %dx
	movw	$0xcfc, %dx
	movl	VALUE, %eax
	outl	%eax, %dx
	inl	%dx, %eax
	/* memory and ports enabled, or what there was is nowhere */
	movb	$4, %cl
	movl	%ecx, %eax
	movw	$0xcf8, %dx
	outl	%eax, %dx
	movw	$0xcfc, %dx
	movw	$7, %ax
	outw	%ax, %dx

	/* select a file or what is none, and read, skip, write or nothing */
	call	random
	andl	$0x003f001e, %eax
	orb	$8, %al
	bswapl	%eax
	movl	%eax, REQUEST
	/* a few bytes, or, more seldom, what nothing holds */
	call	random
	movl	%eax, %ecx
	andl	$0x3ff, %eax
	testl	$0x1f0000, %ecx
	jnz	1f
	notl	%eax
1:	bswapl	%eax
	movl	%eax, REQUEST + 4
	sarl	$31, %ecx
	call	random
	andl	%eax, %ecx
	sarl	$28, %ecx
	movl	%ecx, REQUEST + 8
	call	place
	bswapl	%eax
	movl	%eax, REQUEST + 12
	/* the request itself is in RAM, or where it cannot be */
	call	random
	movl	$REQUEST, %ecx
	testb	$7, %al
	jnz	2f
	call	place
	movl	%eax, %ecx
	movl	$-1, %eax
	movw	$0x514, %dx
	outl	%eax, %dx
2:	movl	%ecx, %eax
	bswapl	%eax
	movw	$0x518, %dx
	outl	%eax, %dx
	jmp	next

/* To EAX: an address where it hurts, or anything; BX changes */
place:
	call	random
	movw	%ax, %bx
	andw	$15 << 2, %bx
	jz	random_high
	sarl	$16, %eax
	andl	$0xfff, %eax
	addl	%cs:places(%bx), %eax
	ret
random_high:
	call	random
	orl	$0x80000000, %eax
	ret

	.balign	4
places:
	.long	0
	.long	0xa0001		/* the lowest bit enables what has such a bit */
	.long	0xc0003
	.long	0xd0000
	.long	0xf0001
	.long	0x00100001
	.long	0x03fff001	/* the end of RAM */
	.long	0x04000005
	.long	0xb0000001	/* Q35's usual window */
	.long	0xe0000001
	.long	0xfec00001
	.long	0xfed00001
	.long	0xfee00001
	.long	0xfffc0001
	.long	0xfffff001
	.long	-0x1000

/* PIIX has three functions in slot 1, ICH9 in slot 31 */
devices:
	.byte	0, 0, 1 << 3, 1 << 3 | 1, 1 << 3 | 3, 31 << 3, 31 << 3 | 2, 31 << 3 | 3
	hostile_end
	guest_end
