// SPDX-License-Identifier: GPL-2.0-or-later
// A memory BAR and a block of ports go where the guest puts them, and leave where
// they were. AHCI's version register tells that it is there, over ROM that is all 0.
// @args -M q35 -m 64M
#include "guest.h"
#include "pci.h"

#define BAR5	0x24
#define VS	0x10
#define AHCI_1	0x00010000

	guest_begin
	config_outl AHCI, BAR5, 0xffffffff
	config_inl AHCI, BAR5
	cmpl	$0xfffff000, %eax
	ok_if	e, "the BAR tells its size, 4 KiB"
	movw	$0xd000, %ax
	movw	%ax, %es
	movw	$0xd800, %ax
	movw	%ax, %fs
	cmpl	$0, %es:VS
	ok_if	e, "there is ROM"
	config_outl AHCI, BAR5, 0xd0000
	cmpl	$0, %es:VS
	ok_if	e, "not enabled, the BAR is nowhere"
	config_outw AHCI, 4, 2
	cmpl	$AHCI_1, %es:VS
	ok_if	e, "enabled, it is there"
	config_outl AHCI, BAR5, 0xd8000
	cmpl	$AHCI_1, %fs:VS
	ok_if	e, "moved, it is where it was put"
	cmpl	$0, %es:VS
	ok_if	e, "and where it was is ROM again"
	config_outl AHCI, BAR5, 0x10000
	movw	$0x1000, %ax
	movw	%ax, %gs
	movl	$0x600df00d, %gs:VS
	cmpl	$0x600df00d, %gs:VS
	ok_if	e, "put over RAM, RAM is seen"
	config_outl AHCI, BAR5, 0xfffff000
	config_outl AHCI, BAR5, 0
	config_outl AHCI, BAR5, 0xd0000
	cmpl	$AHCI_1, %es:VS
	ok_if	e, "it comes back from where it cannot be"
	config_outw AHCI, 4, 0
	cmpl	$0, %es:VS
	ok_if	e, "disabled, it is gone"

	config_outl LPC, 0x40, 0x601
	config_outb LPC, 0x44, 0x80
	movw	$0x608, %dx
	inl	%dx, %eax
	cmpl	$0xffffff, %eax
	ok_if	be, "the timer's ports are where PMBASE says"
	config_outl LPC, 0x40, 0x1001
	movw	$0x608, %dx
	inl	%dx, %eax
	cmpl	$0xffffffff, %eax
	ok_if	e, "moved, nothing is there"
	movw	$0x1008, %dx
	inl	%dx, %eax
	cmpl	$0xffffff, %eax
	ok_if	be, "they are where they were put"
	guest_done
	guest_end
