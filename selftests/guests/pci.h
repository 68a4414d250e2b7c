/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configuration space from real mode; DEVFN and REG are numbers. */

#define HOST (0 << 3)
#define LPC  (31 << 3)
#define AHCI (31 << 3 | 2)

	/* the 4 bytes that hold a register; EAX and EDX change */
	.macro	config_select devfn, reg
	movl	$(0x80000000 | (\devfn) << 8 | ((\reg) & 0xfc)), %eax
	movw	$0xcf8, %dx
	outl	%eax, %dx
	movw	$(0xcfc + ((\reg) & 3)), %dx
	.endm

	.macro	config_outb devfn, reg, value
	config_select \devfn, \reg
	movb	$\value, %al
	outb	%al, %dx
	.endm

	.macro	config_outw devfn, reg, value
	config_select \devfn, \reg
	movw	$\value, %ax
	outw	%ax, %dx
	.endm

	.macro	config_outl devfn, reg, value
	config_select \devfn, \reg
	movl	$\value, %eax
	outl	%eax, %dx
	.endm

	/* to AL or EAX */
	.macro	config_inb devfn, reg
	config_select \devfn, \reg
	inb	%dx, %al
	.endm

	.macro	config_inl devfn, reg
	config_select \devfn, \reg
	inl	%dx, %eax
	.endm
