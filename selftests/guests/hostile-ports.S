// SPDX-License-Identifier: GPL-2.0-or-later
// Each port is written and read, by one size or another; many by strings too, whose
// memory is RAM, ROM, nothing, or the end of a segment. Those that reset are among
// them.
#include "guest.h"
#include "hostile.h"

	guest_begin
	hostile_begin next

next:
	round_begin
	round_end 65536
	/* an odd step meets all 65536; their order should tell nothing */
	imulw	$0x9e37, COUNT, %bx
	call	random
	movw	%bx, %dx
	movl	%eax, %ecx
	testl	$3 << 16, %eax
	jz	words
	testl	$1 << 16, %eax
	jz	longs
	outb	%al, %dx
	inb	%dx, %al
	jmp	strings
words:	outw	%ax, %dx
	inw	%dx, %ax
	jmp	strings
longs:	outl	%eax, %dx
	inl	%dx, %eax

strings:
	testl	$0xf << 18, %ecx
	jnz	next
	/* strings: DS and ES of all, addresses near both ends, few elements */
	call	random
	movw	%ax, %si
	andw	$7, %si
	subw	$4, %si
	movw	%ax, %di
	shrw	$3, %di
	andw	$7, %di
	subw	$4, %di
	shrl	$16, %eax
	andw	$0xf000, %ax
	jz	next
	/* but not the copy that runs, nor what lies below it */
	cmpw	$CODE, %ax
	je	next
	movw	%ax, %es
	movw	$9, %cx
	movw	%bx, %dx
	rep insl
	movw	$9, %cx
	movw	%bx, %dx
	rep outsw %es:(%si), %dx
	jmp	next
	hostile_end
	guest_end
