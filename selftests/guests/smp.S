// SPDX-License-Identifier: GPL-2.0-or-later
// Four vCPUs: each is started by INIT and SIPI, has a number of its own, and
// sees the memory of the others. x2APIC: its registers can be had in real mode.
// @args -M pc -m 64M --smp 4
// @args -M pc,kernel-irqchip=split -m 64M --smp 4
#include "guest.h"

#define CPUS	   4
#define ROUNDS	   10000
#define SEEN	   0x600 /* a byte for each */
#define SUM	   0x610
#define READY	   0x614

#include "smp.h"

	guest_begin
	xorl	%eax, %eax
	movw	$SEEN, %di
	movw	$8, %cx
	rep stosl
	start_others other
	call	work

	movl	$50000000, %ecx
wait:	pause
	cmpl	$CPUS, READY
	je	all_ready
	decl	%ecx
	jnz	wait
all_ready:
	cmpl	$CPUS, READY
	ok_if	e, "four vCPUs have run"
	cmpl	$0x01010101, SEEN
	ok_if	e, "each has a number of its own"
	cmpl	$(CPUS * ROUNDS), SUM
	ok_if	e, "they count in one memory"
	guest_done

/* Each vCPU's share; no stack */
other:
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	$other_done, %bp
	jmp	share
other_done:
	hlt
	jmp	other_done

work:
	movw	$work_done, %bp
	jmp	share
work_done:
	ret

share:
	movl	$1, %eax
	cpuid
	shrl	$24, %ebx
	movb	$1, SEEN(%ebx)
	movl	$ROUNDS, %ecx
count:	lock incl SUM
	decl	%ecx
	jnz	count
	lock incl READY
	jmp	*%bp
	guest_end
