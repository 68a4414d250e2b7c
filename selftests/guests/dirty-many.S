// SPDX-License-Identifier: GPL-2.0-or-later
// Writes to 3001 pages from 1 MiB on, for selftests/kernel/vm-dirty.sh.
#include "guest.h"
#include "flat32.h"

#define PAGES 3001

	guest_begin
	flat32_begin
	movl	$0x100000, %edi
	movl	$PAGES, %ecx
write:
	movb	%cl, 0x123(%edi)
	addl	$0x1000, %edi
	loop	write
	flat32_end
	guest_done
	guest_end
