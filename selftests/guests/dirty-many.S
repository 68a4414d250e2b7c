// SPDX-License-Identifier: GPL-2.0-or-later
// Writes to 3001 pages from 1 MiB on, for selftests/kernel/vm-dirty.sh.
#include "guest.h"

#define PAGES 3001

	guest_begin
	lgdtl	%cs:gdtr
	movl	%cr0, %eax
	orl	$1, %eax
	movl	%eax, %cr0
	ljmpl	$8, $(0xf0000 + protected)
	.code32
protected:
	movw	$16, %ax
	movw	%ax, %ds
	movl	$0x100000, %edi
	movl	$PAGES, %ecx
write:
	movb	%cl, 0x123(%edi)
	addl	$0x1000, %edi
	loop	write
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
	guest_done
	guest_end
