// SPDX-License-Identifier: GPL-2.0-or-later
// All but one vCPU end in a triple fault, at the same time; that one runs on.
#include "guest.h"
#include "smp.h"

	guest_begin
	start_others other
forever:
	jmp	forever
other:
	cli
	lidtl	%cs:empty
	lgdtl	%cs:empty
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	movw	$8, %ax
	movw	%ax, %ds
	.balign	4
empty:
	.skip	6
	guest_end
