// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The registers with which a thread entered the kernel, and the pages of its stack
 * from there on. A thread that is in a system call does not change them.
 */
#include "stacks.h"

struct stack_ring_map stack_ring SEC(".maps");

#if defined(__TARGET_ARCH_x86)
#define REGS_BYTES STACK_REGS_BYTES_X86
#define REGS_SP	   19 /* its place among the words */
#elif defined(__TARGET_ARCH_arm64)
#define REGS_BYTES STACK_REGS_BYTES_ARM64
#define REGS_SP	   31
#else
#define REGS_BYTES STACK_REGS_BYTES_RISCV
#define REGS_SP	   2
#endif

/*
 * Page by page: of one that is not in memory nothing is read (we may not wait for
 * it), and what lies above would be of no use.
 */
static __always_inline void stack_read(struct stack_record *rec)
{
	rec->nr_pages = 0;
	for (int i = 0; i < STACK_PAGES; i++) {
		if (bpf_probe_read_user(rec->bytes + i * STACK_PAGE, STACK_PAGE,
					(void *)(rec->sp + i * STACK_PAGE)))
			return;
		rec->nr_pages = i + 1;
	}
}

/* Not inlined: it is one, whichever hook calls it */
__noinline int stack_take(__u64 call, bool first)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	const struct pt_regs *regs;
	struct stack_record *rec;
	__u64 waiting;

	rec = bpf_ringbuf_reserve(&stack_ring, sizeof(*rec), 0);
	if (!rec)
		return STACK_NO_ROOM;
	regs = (void *)bpf_task_pt_regs(
		(struct task_struct *)bpf_get_current_task_btf());
	if (bpf_probe_read_kernel(rec->regs, REGS_BYTES, regs)) {
		bpf_ringbuf_discard(rec, BPF_RB_NO_WAKEUP);
		return STACK_NOT_READ;
	}
	rec->call = call;
	rec->start_code = BPF_CORE_READ(task, mm, start_code);
	rec->start_stack = BPF_CORE_READ(task, mm, start_stack);
	rec->tgid = pid_tgid >> 32;
	rec->tid = (__u32)pid_tgid;
	rec->sp = ((__u64 *)rec->regs)[REGS_SP] & ~(STACK_PAGE - 1ULL);
	rec->pad = 0;
	stack_read(rec);
	waiting = bpf_ringbuf_query(&stack_ring, BPF_RB_AVAIL_DATA);
	/*
	 * A process that ends takes with it what it had mapped, so the reader is
	 * to look at once.
	 */
	bpf_ringbuf_submit(rec, first || waiting >= stack_wakeup_bytes ?
					BPF_RB_FORCE_WAKEUP :
					BPF_RB_NO_WAKEUP);
	return STACK_IN_RING;
}
