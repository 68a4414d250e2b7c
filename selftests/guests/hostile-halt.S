// SPDX-License-Identifier: GPL-2.0-or-later
// All vCPUs halt with interrupts off: nothing but a reset wakes them.
#include "guest.h"
#include "smp.h"

	guest_begin
	start_others other
	wait_some
	say	"rounds done\n"
other:
	cli
	hlt
	jmp	other
	guest_end
