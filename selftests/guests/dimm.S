// SPDX-License-Identifier: GPL-2.0-or-later
// A DIMM of 128 MiB at 4 GiB: it is not there, appears, holds at both ends and not
// beyond, and is gone again. Says "plug" and "unplug" when it waits for that to be
// done; selftests/kernel/vm-dimm.sh does it. Above 4 GiB there is only PAE; it
// stays in protected mode, in a segment of 16 bits, where guest.h works as ever.
// @needs hardware
#include "guest.h"
#include "pae.h"


/* Windows of 2 MiB; 0 is where we are */
#define FIRST	1 /* of the DIMM */
#define LAST	2
#define BEYOND	3
#define WINDOWS 4

	guest_begin
	pae_map	WINDOWS

	/*
	 * Once only: software that emulates a CPU may mark the PDPT's entry as
	 * accessed, a reserved bit, for which the next entry is a #GP
	 */
	pae_enter
	ljmp	$8, $protected
protected:
	movw	$16, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss

	movl	$0x13579bdf, %esi
	call	probe
	testl	%ebp, %ebp
	ok_if	z, "there is no memory at 4 GiB"
	say	"plug\n"
wait_plug:
	/* Never what may have been left there */
	roll	$1, %esi
	call	probe
	btl	$FIRST, %ebp
	jnc	wait_plug
	/* It may have come between one window and the next */
	call	probe
	btl	$FIRST, %ebp
	ok_if	c, "the DIMM holds at its first byte"
	btl	$LAST, %ebp
	ok_if	c, "and at its last"
	btl	$BEYOND, %ebp
	ok_if	nc, "and ends there"
	say	"unplug\n"
wait_unplug:
	roll	$1, %esi
	call	probe
	btl	$FIRST, %ebp
	jc	wait_unplug
	call	probe
	testl	%ebp, %ebp
	ok_if	z, "it is gone"
	guest_done

/* EBP: a bit for each window at whose ends ESI can be written and read */
probe:
	xorl	%ebp, %ebp
	movl	$FIRST, %ecx
try:
	movl	%ecx, %edi
	shll	$21, %edi
	movl	%esi, (%edi)
	movl	%esi, 0x1ffffc(%edi)
	notl	0x1ffffc(%edi)
	movl	0x1ffffc(%edi), %eax
	notl	%eax
	cmpl	%esi, %eax
	jne	next
	cmpl	%esi, (%edi)
	jne	next
	btsl	%ecx, %ebp
next:
	incl	%ecx
	cmpl	$WINDOWS, %ecx
	jb	try
	ret

/* 4 GiB, 126 MiB after it, 128 MiB after it */
places:
	.word	0, 2048, 2048 + 63, 2048 + 64
	.balign	8
gdt:
	.quad	0
	.quad	0x00009b0f0000ffff /* this segment, 16 bits wide */
	.quad	0x00cf93000000ffff /* data */
gdtr:
	.word	gdtr - gdt - 1
	.long	0xf0000 + gdt
	guest_end
