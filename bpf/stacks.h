/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who calls: registers and a piece of the stack, for user space to unwind */
#ifndef SLOTSCOPE_BPF_STACKS_H
#define SLOTSCOPE_BPF_STACKS_H

#include "state.h"

#include <linux/ptrace.h>
#include <bpf/bpf_tracing.h>

/* User space makes it one page where nobody asks for stacks */
struct stack_ring_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
};
extern struct stack_ring_map stack_ring SEC(".maps");

/* enum record_stack, of the current thread; @first: of its VM */
int stack_take(__u64 call, bool first);

#endif
