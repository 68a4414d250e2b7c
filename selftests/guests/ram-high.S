// SPDX-License-Identifier: GPL-2.0-or-later
// RAM holds on both sides of the hole below 4 GiB, and no place is another's:
// each window of 2 MiB is written at both its ends, then all are read. Protected
// mode with PAE: its page tables reach beyond 4 GiB.
// @args -M pc -m 5G
// @needs hardware
#include "guest.h"
#include "pae.h"

#define WINDOW	0x200000

/* Window 0 is where we are */
#define WINDOWS 6

	guest_begin
	pae_map	WINDOWS

	pae_enter
	ljmpl	$8, $(0xf0000 + protected)
	.code32
protected:
	movw	$16, %ax
	movw	%ax, %ds
	movl	$1, %ecx
write:
	movl	%ecx, %edi
	shll	$21, %edi
	imull	$0x01010101, %ecx, %eax
	movl	%eax, (%edi)
	notl	%eax
	movl	%eax, WINDOW - 4(%edi)
	incl	%ecx
	cmpl	$WINDOWS, %ecx
	jb	write
	xorl	%ebp, %ebp
	movl	$1, %ecx
read:
	movl	%ecx, %edi
	shll	$21, %edi
	imull	$0x01010101, %ecx, %eax
	cmpl	%eax, (%edi)
	jne	next
	notl	%eax
	cmpl	%eax, WINDOW - 4(%edi)
	jne	next
	btsl	%ecx, %ebp
next:
	incl	%ecx
	cmpl	$WINDOWS, %ecx
	jb	read
	ljmp	$24, $back
	.code16
back:
	movl	%cr0, %eax
	andl	$0x7ffffffe, %eax
	movl	%eax, %cr0
	ljmp	$0xf000, $real
real:
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %ss
	btl	$1, %ebp
	ok_if	c, "RAM at 2 MiB"
	btl	$2, %ebp
	ok_if	c, "RAM at 2 GiB"
	btl	$3, %ebp
	ok_if	c, "RAM up to 3 GiB"
	btl	$4, %ebp
	ok_if	c, "RAM at 4 GiB"
	btl	$5, %ebp
	ok_if	c, "RAM up to 6 GiB"
	guest_done

places:
	.word	0, 1, 1024, 1535, 2048, 3071
	.balign	8
gdt:
	.quad	0
	.quad	0x00cf9b000000ffff /* code */
	.quad	0x00cf93000000ffff /* data */
	.quad	0x00009b0f0000ffff /* this segment, 16 bits wide */
gdtr:
	.word	gdtr - gdt - 1
	.long	0xf0000 + gdt
	guest_end
