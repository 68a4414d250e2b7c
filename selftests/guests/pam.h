/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PAM and SMRAM from inside, for a board whose registers are PAM1 and SMRAM. The
 * RAM behind ROM keeps what it holds while it is not seen. That writes to RAM that
 * is read-only by PAM are dropped is not asked for: in QEMU, and so here, they are not.
 */
#include "guest.h"
#include "pci.h"

#define D_OPEN	 0x42
#define CLOSED	 0x02
#define D_LCK	 0x12

	guest_begin
	config_inl HOST, 0
	cmpl	$HOST_ID, %eax
	ok_if	e, "this is the host bridge"

	movw	$0xc000, %ax
	movw	%ax, %es
	movl	%es:0, %ebx
	movl	$0x12345678, %es:0
	cmpl	%es:0, %ebx
	ok_if	e, "ROM refuses writes"
	config_outb HOST, PAM1, 0x33
	movl	$0x87654321, %es:0
	cmpl	$0x87654321, %es:0
	ok_if	e, "PAM shows RAM, which can be written"
	movw	$0xc400, %ax
	movw	%ax, %fs
	movl	$0x13572468, %fs:0
	cmpl	$0x13572468, %fs:0
	ok_if	e, "and the 16 KiB behind it"
	config_outb HOST, PAM1, 0x10
	cmpl	%es:0, %ebx
	ok_if	e, "PAM shows ROM again"
	cmpl	$0x13572468, %fs:0
	ok_if	e, "and still RAM behind it"
	config_outb HOST, PAM1, 0x01
	cmpl	$0x87654321, %es:0
	ok_if	e, "the RAM has kept what it held"
	cmpl	%fs:0, %ebx
	ok_if	e, "and behind it is ROM"

	movw	$0xa000, %ax
	movw	%ax, %es
	movl	$0x5a5a1234, %es:0
	cmpl	$0x5a5a1234, %es:0
	ok_if	ne, "SMRAM is closed: the graphics card's window is there"
	config_outb HOST, SMRAM, D_OPEN
	movl	$0x5a5a4321, %es:0
	cmpl	$0x5a5a4321, %es:0
	ok_if	e, "open, it is RAM"
	config_outb HOST, SMRAM, CLOSED
	cmpl	$0x5a5a4321, %es:0
	ok_if	ne, "closed, it is not seen"
	config_outb HOST, SMRAM, D_OPEN
	cmpl	$0x5a5a4321, %es:0
	ok_if	e, "open again, it has kept what it held"
	config_outb HOST, SMRAM, D_LCK
	config_outb HOST, SMRAM, D_OPEN
	cmpl	$0x5a5a4321, %es:0
	ok_if	ne, "locked, it cannot be opened"
	config_inb HOST, SMRAM
	cmpb	$D_LCK, %al
	ok_if	e, "and the register says so"
	guest_done
	guest_end
