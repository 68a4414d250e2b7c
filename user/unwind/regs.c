// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * struct pt_regs of the kernel's user ABI (asm/ptrace.h), in the numbers of each
 * architecture's DWARF: the x86-64 psABI, "DWARF for the Arm 64-bit
 * Architecture", the RISC-V psABI.
 */
#include "unwind/regs.h"

#if defined(__x86_64__)

#define USER32_CS 0x23 /* the selector of 32-bit code; Xen adds bits above */

static bool regs_x86(const uint64_t *r, struct dwarf_regs *out)
{
	/* rax rdx rcx rbx rsi rdi rbp rsp r8 to r15 rip, by place in pt_regs */
	static const uint8_t place[] = { 10, 12, 11, 5, 13, 14, 4, 19, 9,
					 8,  7,	 6,  3, 2,  1,	0, 16 };

	for (size_t i = 0; i < sizeof(place); i++)
		out->regs[i] = r[place[i]];
	out->nr = sizeof(place);
	out->pc = r[16];
	out->sp = r[19];
	return (r[17] & 0xff) != USER32_CS;
}

bool regs_to_dwarf(const struct stack_sample *sample, struct dwarf_regs *out)
{
	return regs_x86(sample->regs, out);
}

#elif defined(__aarch64__)

#define PSR_MODE32_BIT 0x10

static bool regs_arm64(const uint64_t *r, struct dwarf_regs *out)
{
	/* x0 to x30, sp; then pc and pstate */
	for (size_t i = 0; i < 32; i++)
		out->regs[i] = r[i];
	out->nr = 32;
	out->sp = r[31];
	out->pc = r[32];
	return !(r[33] & PSR_MODE32_BIT);
}

bool regs_to_dwarf(const struct stack_sample *sample, struct dwarf_regs *out)
{
	return regs_arm64(sample->regs, out);
}

#elif defined(__riscv) && __riscv_xlen == 64

static bool regs_riscv(const uint64_t *r, struct dwarf_regs *out)
{
	/* pc stands where x0 would, which is always 0 */
	for (size_t i = 1; i < 32; i++)
		out->regs[i] = r[i];
	out->regs[0] = 0;
	out->nr = 32;
	out->pc = r[0];
	out->sp = r[2];
	return true;
}

bool regs_to_dwarf(const struct stack_sample *sample, struct dwarf_regs *out)
{
	return regs_riscv(sample->regs, out);
}

#else

bool regs_to_dwarf(const struct stack_sample *sample, struct dwarf_regs *out)
{
	(void)sample;
	(void)out;
	return false;
}

#endif
