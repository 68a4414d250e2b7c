/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UNWIND_REGS_H
#define UNWIND_REGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "unwind/sample.h"

#define DWARF_REGS 34

/**
 * struct dwarf_regs - registers as the DWARF tables number them
 * @nr: how many, from 0 on
 * @pc: where the thread goes on
 */
struct dwarf_regs {
	uint64_t regs[DWARF_REGS];
	size_t nr;
	uint64_t pc;
	uint64_t sp;
};

/**
 * regs_to_dwarf() - the registers of a thread
 *
 * Return: false for one that runs another architecture's code (a 32-bit program),
 * or where nothing is known of this machine's.
 */
bool regs_to_dwarf(const struct stack_sample *sample, struct dwarf_regs *out);

#endif
