/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For guests that do their worst, by numbers that look random and are the same in
 * each run. What they go on with lies in RAM, so a reset does not begin anew.
 * Include it behind guest.h; hostile_end goes before guest_end.
 */

#define SEED  0x500
#define COUNT 0x504 /* rounds */
#define CODE  0x1000 /* segment: the image's copy, out of reach of PAM */

/* Go on in RAM; each exception there, of any vCPU, leads to the label */
	.macro	hostile_begin next
	movw	$CODE, %ax
	movw	%ax, %es
	xorw	%si, %si
	xorw	%di, %di
	movw	$0x8000, %cx
	rep movsw %cs:(%si), %es:(%di)
	xorw	%ax, %ax
	movw	%ax, %es
	xorw	%di, %di
	movl	$(CODE << 16), %eax
	movw	$\next, %ax
	movw	$256, %cx
	rep stosl
	ljmp	$CODE, $on\@
on\@:
	.endm

/* What an exception may have left */
	.macro	round_begin
	real_mode_begin
	.endm

/* Told once in so many rounds, a power of 2 */
	.macro	round_end nr
	incl	COUNT
	testw	$(\nr - 1), COUNT
	jnz	on\@
	say	"\nrounds done\n"
on\@:
	.endm

	.macro	hostile_end
/* To EAX; the upper bits are the better ones */
random:
	imull	$1664525, SEED, %eax
	addl	$1013904223, %eax
	movl	%eax, SEED
	roll	$16, %eax
	ret
	.endm
