/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For guests that prove from inside what their machine is. Each is a file here,
 * assembled to a firmware image of 64 KiB: it runs in real mode, through the
 * alias below 1 MiB (segment F000), with a stack at 0:7000.
 *
 *	// @args -M pc -m 64M	  what slotscope vm is started with
 *	// @needs hardware	  only where KVM has a CPU under it: all but real mode
 *	#include "guest.h"
 *	guest_begin
 *		movw	%ds:0x1000, %ax
 *		cmpw	$1, %ax
 *		ok_if	e, "there is a 1 at 0x1000"
 *	guest_done
 *	guest_end
 *
 * A line without @args is not run by itself: a test of its own starts it. What
 * ok_if tells becomes a test; a guest that does not come to guest_done has
 * failed. Subroutines go between it and guest_end. DS and ES are 0, interrupts are off.
 */

#define DEBUGCON 0x402

/* --test-device; see user/machine/test_device.h */
#define TEST_MMIO 0xd0000
#define TEST_PORT 0xe000

/* As a guest is to find itself */
	.macro	real_mode_begin
	cli
	cld
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movl	$0x7000, %esp
	.endm

	.macro	guest_begin
	.text
	.code16
	.globl	start
start:
	real_mode_begin
	.endm

/* Print a text of the image; changes nothing but flags */
	.macro	say text:vararg
	pushw	%si
	movw	$words\@, %si
	call	print
	popw	%si
	jmp	on\@
words\@:
	.asciz	\text
on\@:
	.endm

/* A test: passed if the flags say so */
	.macro	ok_if cc, words:vararg
	pushw	%si
	j\cc	good\@
	movw	$text_failed, %si
	call	print
	movw	$text\@, %si
	call	print
	jmp	on\@
text\@:
	.ascii	\words
	.asciz	"\n"
good\@:
	movw	$text_passed, %si
	call	print
	movw	$text\@, %si
	call	print
on\@:	popw	%si
	.endm

/* What it came to is written as a number, eight digits: for one who searches */
	.macro	say_eax
	call	print_eax
	.endm

/* One's end: no test may be missing */
	.macro	guest_done
	say	"done\n"
stop:
	cli
	hlt
	jmp	stop
	.endm

/* The image's end: what is above uses, and the reset vector */
	.macro	guest_end
print:
	pushw	%ax
	pushw	%dx
	movw	$DEBUGCON, %dx
print_next:
	lodsb	%cs:(%si), %al
	testb	%al, %al
	jz	print_end
	outb	%al, %dx
	jmp	print_next
print_end:
	popw	%dx
	popw	%ax
	ret

print_eax:
	pushl	%eax
	pushw	%cx
	pushw	%dx
	movw	$8, %cx
	movw	$DEBUGCON, %dx
print_digit:
	roll	$4, %eax
	pushw	%ax
	andb	$15, %al
	addb	$'0', %al
	cmpb	$'9', %al
	jbe	print_put
	addb	$'a' - '0' - 10, %al
print_put:
	outb	%al, %dx
	popw	%ax
	loop	print_digit
	movb	$'\n', %al
	outb	%al, %dx
	popw	%dx
	popw	%cx
	popl	%eax
	ret

text_passed:
	.asciz	"pass: "
text_failed:
	.asciz	"FAIL: "

	.org	0xfff0
	.globl	reset_vector
reset_vector:
	ljmp	$0xf000, $start
	.org	0x10000
	.endm
