// SPDX-License-Identifier: GPL-2.0-or-later
// Writes to pages that selftests/kernel/vm-dirty.sh knows, and tells nothing: print
// would use the stack. It reads no other: KVM may map a page that is read writable
// at once, and counts it as dirty then.
#include "guest.h"
	guest_begin
	.irp segment, 0x1000, 0x1300, 0x2800, 0x5700, 0x9000
	movw	$\segment, %ax
	movw	%ax, %es
	incb	%es:0
	.endr
	/* One write to two pages */
	movw	$0x3f00, %ax
	movw	%ax, %es
	movl	%eax, %es:0xffe
	/* Written again and again; fewer times than the smallest ring has entries,
	 * for a KVM that emulates each write tells of each */
	movw	$0x8000, %ax
	movw	%ax, %es
	movw	$499, %cx
again:	incw	%es:8
	loop	again
	cli
	hlt
	jmp	. - 1
	guest_done
	guest_end
