// SPDX-License-Identifier: GPL-2.0-or-later
// The slot in which one vCPU runs and counts is taken away and put back by the
// other, again and again: the first does not notice.
// @args -M pc -m 64M --smp 2 --test-device --keep-vcpus-out
// @args -M pc -m 64M --smp 2 --test-device --keep-vcpus-out --dirty-log bitmap
#include "guest.h"
#include "smp.h"

#define ROUNDS	 251
#define CODE	 0x5000 /* segment */
#define COUNT	 0x600
#define STOP	 0x604
#define STOPPED	 0x608

	guest_begin
	movl	$0, COUNT
	movl	$0, STOP
	movl	$0, STOPPED
	movw	$CODE, %ax
	movw	%ax, %es
	xorw	%di, %di
	movw	$loop_code, %si
	movw	$(loop_end - loop_code), %cx
	rep movsb %cs:(%si), %es:(%di)
	start_others other

	movl	$50000000, %ecx
wait:	pause
	cmpl	$0, COUNT
	jne	runs
	decl	%ecx
	jnz	wait
runs:
	cmpl	$0, COUNT
	ok_if	ne, "the other vCPU runs in RAM"

	movw	$(TEST_PORT + 0x18), %dx
	inl	%dx, %eax
	movl	%eax, %ebx
	movl	COUNT, %ebp
	movw	$ROUNDS, %cx
	movw	$(TEST_PORT + 0x48), %dx
flip:	movw	%cx, %ax
	outb	%al, %dx
	loop	flip
	xorb	%al, %al
	outb	%al, %dx
	movw	$(TEST_PORT + 0x18), %dx
	inl	%dx, %eax
	subl	%ebx, %eax
	cmpl	$(ROUNDS + 2), %eax
	ok_if	e, "its slot goes and comes, and it never finds nothing"
	cmpl	%ebp, COUNT
	ok_if	ne, "and has counted on meanwhile"

	movl	$1, STOP
	movl	$50000000, %ecx
wait_end:
	pause
	cmpl	$0, STOPPED
	jne	ended
	decl	%ecx
	jnz	wait_end
ended:
	cmpl	$1, STOPPED
	ok_if	e, "and can be told to stop"
	guest_done

other:
	ljmp	$CODE, $0

/* Copied to RAM; DS may be anything after INIT but 0 */
loop_code:
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
1:	incl	COUNT
	cmpl	$0, STOP
	je	1b
	movl	$1, STOPPED
2:	cli
	hlt
	jmp	2b
loop_end:
	guest_end
