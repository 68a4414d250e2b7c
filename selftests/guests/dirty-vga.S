// SPDX-License-Identifier: GPL-2.0-or-later
// Writes to pages of a graphics card's memory, where isapc --vga-window has it, and
// to two of RAM, for selftests/kernel/vm-dirty.sh.
// @needs hardware
#include "guest.h"
#include "flat32.h"

#define VRAM	 0xe0000000
#define VRAM_END 0xe0800000

	guest_begin
	flat32_begin
	movl	$0x200000, %edi
	movb	$1, (%edi)
	movb	$1, 0x1ff000(%edi)
	movl	$VRAM, %edi
	movb	$1, (%edi)
	/* One write to two pages */
	movl	%eax, 0x2ffe(%edi)
	addl	$0x100000, %edi
	movl	$17, %ecx
write:
	movb	%cl, 0x123(%edi)
	addl	$0x1000, %edi
	loop	write
	movb	$1, VRAM_END - 1
	flat32_end
	guest_done
	guest_end
