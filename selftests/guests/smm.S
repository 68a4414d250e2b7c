// SPDX-License-Identifier: GPL-2.0-or-later
// SMRAM is there for a CPU in System Management Mode alone: it is filled while
// open, closed, and found again by the handler that runs in it. Closed it is hidden
// by the graphics card only: where there is none, RAM shows, in QEMU too.
// @args -M pc,smm=on -m 64M --vga-window
// @args -M pc,smm=on -m 64M --vga-window --keep-vcpus-out
// @needs hardware
#include "guest.h"

#define HANDLER	     0x38000 /* of the first SMI: SMBASE is 0x30000 */
#define SMBASE_32    0x3fef8 /* where the CPU keeps it, by its kind */
#define SMBASE_64    0x3ff00
#define RELOCATED    0xa0000
#define SMRAM_SECRET 0xa9000
#define SECRET	     0x5ec4e7
#define COUNT	     0x600
#define FOUND	     0x604

#define PCI_ADDRESS  0xcf8
#define PCI_DATA     0xcfc
#define SMRAM_REG    0x80000070 /* of device 0; the byte at 0x72 */
#define SMRAM_OPEN   0x4a
#define SMRAM_CLOSED 0x0a

	.macro	set_smram value
	movl	$SMRAM_REG, %eax
	movw	$PCI_ADDRESS, %dx
	outl	%eax, %dx
	movb	$\value, %al
	movw	$(PCI_DATA + 2), %dx
	outb	%al, %dx
	.endm

/* To itself, by x2APIC */
	.macro	send_smi
	movl	$0x830, %ecx
	xorl	%edx, %edx
	movl	$(1 << 18 | 2 << 8), %eax
	wrmsr
	.endm

	.macro	copy from, to, segment
	movw	$\segment, %ax
	movw	%ax, %es
	movw	$\from, %si
	xorw	%di, %di
	movw	$(\to - \from), %cx
	rep movsb %cs:(%si), %es:(%di)
	.endm

	guest_begin
	movl	$0, COUNT
	movl	$0, FOUND
	movl	$0x1b, %ecx
	rdmsr
	orl	$(3 << 10), %eax
	wrmsr

	copy	relocate, relocate_end, (HANDLER >> 4)
	send_smi
	cmpl	$1, COUNT
	ok_if	e, "a first SMI runs its handler in RAM"

	set_smram SMRAM_OPEN
	copy	handler, handler_end, ((RELOCATED + 0x8000) >> 4)
	movw	$(SMRAM_SECRET >> 4), %ax
	movw	%ax, %es
	movl	$SECRET, %es:0
	cmpl	$SECRET, %es:0
	ok_if	e, "open, SMRAM holds"
	set_smram SMRAM_CLOSED
	cmpl	$SECRET, %es:0
	ok_if	ne, "closed, it is not seen"
	send_smi
	cmpl	$2, COUNT
	ok_if	e, "the next SMI runs its handler in SMRAM"
	cmpl	$SECRET, FOUND
	ok_if	e, "which finds there what was written"
	cmpl	$SECRET, %es:0
	ok_if	ne, "and behind it, it is closed as before"
	guest_done

/* In SMM: CS has the base SMBASE, DS 0 */
relocate:
	movl	$RELOCATED, %eax
	addr32 movl %eax, SMBASE_32
	addr32 movl %eax, SMBASE_64
	incl	COUNT
	rsm
relocate_end:

handler:
	incl	COUNT
	addr32 movl SMRAM_SECRET, %eax
	movl	%eax, FOUND
	rsm
handler_end:
	guest_end
