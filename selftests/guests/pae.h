/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Protected mode with PAE, whose page tables reach beyond 4 GiB. A guest has the
 * table "places" (the address of each window, in units of 2 MiB) and its "gdtr".
 */
#define PDPT	0x10000
#define PD	0x11000
#define PRESENT 3
#define LARGE	0x80

/* Map window after window, from address 0 on */
	.macro	pae_map windows
	movw	$PDPT >> 4, %ax
	movw	%ax, %es
	xorl	%eax, %eax
	xorw	%di, %di
	movw	$0x800, %cx
	rep stosl
	movl	$(PD | 1), %es:0
	xorw	%di, %di
	xorl	%ebx, %ebx
map\@:
	movzwl	%cs:places(%bx), %eax
	xorl	%edx, %edx
	shldl	$21, %eax, %edx
	shll	$21, %eax
	orl	$(PRESENT | LARGE), %eax
	movl	%eax, %es:PD - PDPT(%di)
	movl	%edx, %es:PD - PDPT + 4(%di)
	addw	$8, %di
	addw	$2, %bx
	cmpw	$(2 * \windows), %bx
	jb	map\@
	.endm

/* A far jump to segment 8 is to follow. */
	.macro	pae_enter
	lgdtl	%cs:gdtr
	movl	%cr4, %eax
	orl	$0x20, %eax
	movl	%eax, %cr4
	movl	$PDPT, %eax
	movl	%eax, %cr3
	movl	%cr0, %eax
	orl	$0x80000001, %eax
	movl	%eax, %cr0
	.endm
