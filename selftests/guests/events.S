// SPDX-License-Identifier: GPL-2.0-or-later
// Accesses to a device reach it, each once, in memory and at ports; an ioeventfd
// is signalled without an exit; coalesced writes come later, all, in their order.
// @args -M pc -m 64M --test-device
// @args -M pc,kernel-irqchip=off -m 64M --test-device --smp 2
#include "guest.h"

#define SEGMENT (TEST_MMIO >> 4)

/* Below what one ring holds (170 on x86), and above it */
#define FEW  13
#define MANY 1009

	.macro	port_in reg
	movw	$(TEST_PORT + \reg), %dx
	inl	%dx, %eax
	.endm

	.macro	port_out reg, value
	movw	$(TEST_PORT + \reg), %dx
	movl	\value, %eax
	outl	%eax, %dx
	.endm

/* EAX = what COUNT writes of 1, 2, ... must have made of the hash */
	.macro	hash_of count, before
	movl	\before, %eax
	movl	$1, %ecx
again\@:
	imull	$31, %eax
	addl	%ecx, %eax
	incl	%ecx
	cmpl	$\count, %ecx
	jbe	again\@
	.endm

	guest_begin
	movw	$SEGMENT, %ax
	movw	%ax, %es

	movl	$0x12345678, %es:0x00
	cmpl	$0x12345678, %es:0x00
	ok_if	e, "a device in memory keeps what is written"
	movw	$0x9abc, %es:0x00
	cmpw	$0x9abc, %es:0x00
	ok_if	e, "in 16 bits too"
	movl	%es:0x04, %eax
	cmpl	$4, %eax
	ok_if	e, "each access came once"
	port_out 0x00, $0x87654321
	port_in	0x00
	cmpl	$0x87654321, %eax
	ok_if	e, "a device at ports keeps what is written"

	/* String accesses: several elements to an exit */
	movw	$numbers, %si
	movw	$(TEST_PORT + 0x00), %dx
	movw	$3, %cx
	rep outsl %cs:(%si), %dx
	port_in	0x00
	cmpl	$0x33333333, %eax
	ok_if	e, "outs: the last of three is kept"
	port_in	0x04
	cmpl	$6, %eax
	ok_if	e, "outs: three came, and no more"

	/* Memory: 7 writes that match, 2 that do not */
	movl	%es:0x18, %ebx
	movw	$7, %cx
match:	movw	$0x55aa, %es:0x08
	loop	match
	movl	%es:0x18, %eax
	subl	%ebx, %eax
	cmpl	$1, %eax
	ok_if	e, "memory: writes to an ioeventfd do not exit"
	movl	%es:0x18, %ebx
	movw	$0x55ab, %es:0x08
	movw	$0x1111, %es:0x08
	movl	%es:0x18, %eax
	subl	%ebx, %eax
	cmpl	$3, %eax
	ok_if	e, "memory: other data does exit"
	cmpl	$7, %es:0x10
	ok_if	e, "memory: the eventfd was signalled as often as it was written"
	movl	%es:0x18, %ebx
	movb	$1, %es:0x0c
	movw	$2, %es:0x0c
	movl	$3, %es:0x0c
	movl	%es:0x18, %eax
	subl	%ebx, %eax
	cmpl	$1, %eax
	ok_if	e, "memory: writes of any length do not exit"
	cmpl	$3, %es:0x14
	ok_if	e, "memory: any length: signalled three times"

	/* Ports */
	port_in	0x18
	movl	%eax, %ebx
	movw	$(TEST_PORT + 0x08), %dx
	movw	$0x55aa, %ax
	movw	$5, %cx
match_port:
	outw	%ax, %dx
	loop	match_port
	port_in	0x18
	subl	%ebx, %eax
	cmpl	$1, %eax
	ok_if	e, "ports: writes to an ioeventfd do not exit"
	port_in	0x10
	cmpl	$5, %eax
	ok_if	e, "ports: signalled as often as written"

	/* Coalesced: few writes exit not at all */
	movl	%es:0x18, %ebx
	movl	$1, %ecx
few:	movl	%ecx, %es:0x20
	incl	%ecx
	cmpl	$FEW, %ecx
	jbe	few
	movl	%es:0x18, %eax
	subl	%ebx, %eax
	cmpl	$1, %eax
	ok_if	e, "memory: coalesced writes do not exit"
	cmpl	$FEW, %es:0x40
	ok_if	e, "memory: all are there when the device is looked at"
	hash_of FEW, $0
	cmpl	%eax, %es:0x44
	ok_if	e, "memory: in their order"

	/* More than the ring holds: some exit, none is lost */
	movl	%es:0x44, %ebp
	movl	$1, %ecx
many:	movl	%ecx, %es:0x30
	incl	%ecx
	cmpl	$MANY, %ecx
	jbe	many
	cmpl	$(FEW + MANY), %es:0x40
	ok_if	e, "memory: more than the ring holds: none is lost"
	hash_of MANY, %ebp
	cmpl	%eax, %es:0x44
	ok_if	e, "memory: more than the ring holds: in their order"

	port_in	0x18
	movl	%eax, %ebx
	movl	$1, %ecx
	movw	$(TEST_PORT + 0x20), %dx
few_port:
	movl	%ecx, %eax
	outl	%eax, %dx
	incl	%ecx
	cmpl	$FEW, %ecx
	jbe	few_port
	port_in	0x18
	subl	%ebx, %eax
	cmpl	$1, %eax
	ok_if	e, "ports: coalesced writes do not exit"
	port_in	0x40
	cmpl	$FEW, %eax
	ok_if	e, "ports: all are there when the device is looked at"
	hash_of FEW, $0
	movl	%eax, %ebx
	port_in	0x44
	cmpl	%ebx, %eax
	ok_if	e, "ports: in their order"
	guest_done

numbers:
	.long	0x11111111, 0x22222222, 0x33333333
	guest_end
