/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UNWIND_SAMPLE_H
#define UNWIND_SAMPLE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "view/stack.h"

/* Words of a struct pt_regs, of the architecture that has most */
#define SAMPLE_REGS 36

/**
 * struct stack_sample - a thread in a system call: what its stack is found by
 * @tgid:	 process and
 * @tid:	 thread
 * @start_code:	 of its memory, as field 26 of /proc/PID/stat has it, and
 * @start_stack: field 28: what an exec changes
 * @lost:	 STACK_RING_FULL or STACK_UNREAD: there is nothing below; else 0
 * @regs:	 the thread's, in the kernel's order (struct pt_regs of its ABI)
 * @sp:		 address of the first of @bytes; not above the stack pointer
 * @bytes:	 what lay there, @len of it
 */
struct stack_sample {
	pid_t tgid;
	pid_t tid;
	uint64_t start_code;
	uint64_t start_stack;
	enum stack_end lost;
	uint64_t regs[SAMPLE_REGS];
	uint64_t sp;
	const uint8_t *bytes;
	size_t len;
};

#endif
