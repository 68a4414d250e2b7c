// SPDX-License-Identifier: GPL-2.0-or-later
// Conventional memory holds what is written to it, each word its own.
// @args -M pc -m 1M
// @args -M pc -m 64M --smp 2
#include "guest.h"
	guest_begin
	/* From 64 KiB to 640 KiB, a segment at a time */
	movw	$0x1000, %bx
fill:
	movw	%bx, %es
	xorw	%di, %di
fill_word:
	movw	%di, %ax
	xorw	%bx, %ax
	stosw
	testw	%di, %di
	jnz	fill_word
	addw	$0x1000, %bx
	cmpw	$0xa000, %bx
	jb	fill

	movw	$0x1000, %bx
check:
	movw	%bx, %es
	xorw	%di, %di
check_word:
	movw	%di, %ax
	xorw	%bx, %ax
	scasw
	jne	checked
	testw	%di, %di
	jnz	check_word
	addw	$0x1000, %bx
	cmpw	$0xa000, %bx
	jb	check
checked:
	cmpw	$0xa000, %bx
	ok_if	e, "conventional memory holds"

	/* The firmware shows where it runs, and takes no write */
	movw	$0xf000, %ax
	movw	%ax, %es
	movl	%es:0xfff0, %eax
	movl	$0, %es:0xfff0
	cmpl	%eax, %es:0xfff0
	ok_if	e, "the firmware refuses a write"
	guest_done
	guest_end
