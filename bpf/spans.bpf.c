// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What becomes of memory in which there is no page: no MMU notifier tells of it, the
 * system calls do. And who comes to userfaultfd for it. All processes make such calls:
 * one whose memory no VM has (there are no MMU notifiers) costs one look.
 */
#include "under.h"

#include "faults.h"
#include "spans.h"

struct spans_map spans SEC(".maps");

/* As many VMs as there are at all; all else that is told of changes is one of them */
#define MAX_NOTIFIERS VMS_MAX

static __always_inline const struct hlist_node *
notifiers_of(const struct mm_struct *mm)
{
	return mm ? BPF_CORE_READ(mm, notifier_subscriptions, list.first) :
		    NULL;
}

static __always_inline void span_told(const struct span *span,
				      const struct vm *vm,
				      const struct kvm_memory_slot *slot)
{
	struct mapping_record *rec = mapping_record(
		vm, slot, span->start, span->end, span->kind, span->since_ns);

	if (!rec)
		return;
	rec->result = span->result;
	rec->uffd = span->uffd;
	record_submit(rec);
}

static __always_inline void span_waits(const struct span *span,
				       const struct vm *vm,
				       const struct kvm_memory_slot *slot)
{
	__u64 gpa = GPA_UNKNOWN;

	if (slot)
		gpa = BPF_CORE_READ(slot, base_gfn) * page_size + span->start -
		      BPF_CORE_READ(slot, userspace_addr);
	fault_begin(vm->serial, -1, gpa, span->start);
}

/* One of those who are told of changes of the memory; is it a VM that is traced? */
static long span_step(__u32 i, void *unused)
{
	struct span *span = span_of_thread();
	const struct kvm_memory_slot *slot;
	const struct hlist_node *node;
	const struct kvm *kvm;
	struct vm *vm;

	if (!span || !span->node)
		return 1;
	node = span->node;
	kvm = (const void *)node -
	      bpf_core_field_offset(struct mmu_notifier, hlist) -
	      bpf_core_field_offset(struct kvm, mmu_notifier);
	span->node = BPF_CORE_READ(node, next);
	vm = vm_find(kvm);
	if (!vm || !vm->traced ||
	    !slot_over(kvm, span->start, span->end, &slot))
		return 0;
	if (span->use == SPAN_TELL) {
		span_told(span, vm, slot);
		return 0;
	}
	span_waits(span, vm, slot);
	return 1;
}

static __always_inline void span_keep(const struct span *span)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();

	if (bpf_map_update_elem(&spans, &tid, span, BPF_ANY))
		lose(LOSS_MAP_FULL);
}

static __always_inline void span_drop(void)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&spans, &tid);
}

/* What is to be done with a span, for each VM that has it */
static __always_inline void span_walk(struct span *span)
{
	const struct span *kept;

	span->node = notifiers_of(span->mm);
	if (span->node && span->end > span->start && !ending) {
		span_keep(span);
		bpf_loop(MAX_NOTIFIERS, span_step, NULL, 0);
		kept = span_of_thread();
		if (kept && kept->node && kept->use == SPAN_TELL)
			lose(LOSS_MAP_FULL);
	}
	span_drop();
}

static __always_inline __u64 whole_pages(__u64 bytes)
{
	return (bytes + page_size - 1) & -page_size;
}

static __always_inline const struct mm_struct *current_mm(void)
{
	const struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, mm);
}

/* The kernel's own way to return an address, or an errno */
static __always_inline bool is_address(long result)
{
	return result < -4095 || result > 0;
}

static __always_inline void mapped(__u64 start, __u64 len)
{
	struct span span = {
		.mm = current_mm(),
		.start = start,
		.end = start + whole_pages(len),
		.since_ns = bpf_ktime_get_ns(),
		.kind = MAPPING_MAP,
		.use = SPAN_TELL,
	};

	span_walk(&span);
}

static __always_inline void begun(__u64 a, __u64 b, __u64 c)
{
	struct span span = {
		.mm = current_mm(),
		.since_ns = bpf_ktime_get_ns(),
		.arg = { a, b, c },
		.use = SPAN_BEGUN,
	};

	if (notifiers_of(span.mm))
		span_keep(&span);
}

SEC("slotscope.fexit/vm_mmap_pgoff")
int BPF_PROG(mmap_fexit, struct file *file, unsigned long addr,
	     unsigned long len, unsigned long prot, unsigned long flags,
	     unsigned long pgoff, long result)
{
	if (is_address(result))
		mapped(result, len);
	return 0;
}

SEC("kprobe/vm_mmap_pgoff")
int BPF_KPROBE(mmap_kprobe, struct file *file, unsigned long addr,
	       unsigned long len)
{
	left_behind(&spans);
	begun(len, 0, 0);
	return 0;
}

SEC("kretprobe/vm_mmap_pgoff")
int BPF_KRETPROBE(mmap_kretprobe, long result)
{
	const struct span *span = span_of_thread();

	if (!span)
		return 0;
	if (is_address(result))
		mapped(result, span->arg[0]);
	else
		span_drop();
	return 0;
}

/* What was there before it grew, and stayed where it was, is as it was */
static __always_inline void remapped(__u64 old, __u64 old_len, __u64 new_len,
				     __u64 new)
{
	if (new != old)
		mapped(new, new_len);
	else if (whole_pages(new_len) > whole_pages(old_len))
		mapped(old + whole_pages(old_len),
		       whole_pages(new_len) - whole_pages(old_len));
	else
		span_drop();
}

/* The function behind a system call bears the architecture's name */
#if defined(__TARGET_ARCH_x86)
#define SYSCALL(name) "__x64_sys_" name
#elif defined(__TARGET_ARCH_arm64)
#define SYSCALL(name) "__arm64_sys_" name
#else
#define SYSCALL(name) "__riscv_sys_" name
#endif

SEC("slotscope.fexit/mremap")
int BPF_PROG(mremap_fexit, const void *regs, long result)
{
	__u64 args[4] = {};

	if (!is_address(result))
		return 0;
	compat_args_read(args, regs);
	remapped(args[0], args[1], args[2], result);
	return 0;
}

SEC("kprobe/" SYSCALL("mremap"))
int BPF_KPROBE(mremap_kprobe, const void *regs)
{
	__u64 args[4] = {};

	left_behind(&spans);
	compat_args_read(args, regs);
	begun(args[0], args[1], args[2]);
	return 0;
}

SEC("kretprobe/" SYSCALL("mremap"))
int BPF_KRETPROBE(mremap_kretprobe, long result)
{
	const struct span *span = span_of_thread();

	if (!span)
		return 0;
	if (is_address(result))
		remapped(span->arg[0], span->arg[1], span->arg[2], result);
	else
		span_drop();
	return 0;
}

static __always_inline void protected(int result)
{
	const struct span *known = span_of_thread();
	struct span span = { .kind = MAPPING_PROTECT, .use = SPAN_TELL };

	if (!known)
		return;
	span.mm = known->mm;
	span.since_ns = known->since_ns;
	span.start = known->arg[0];
	span.end = known->arg[0] + whole_pages(known->arg[1]);
	span.result = result;
	span_walk(&span);
}

SEC("slotscope.fentry/do_mprotect_pkey")
int BPF_PROG(mprotect_fentry, unsigned long start, unsigned long len)
{
	begun(start, len, 0);
	return 0;
}

SEC("slotscope.fexit/do_mprotect_pkey")
int BPF_PROG(mprotect_fexit, unsigned long start, unsigned long len,
	     unsigned long prot, int pkey, int result)
{
	protected(result);
	return 0;
}

SEC("kprobe/do_mprotect_pkey")
int BPF_KPROBE(mprotect_kprobe, unsigned long start, unsigned long len)
{
	left_behind(&spans);
	begun(start, len, 0);
	return 0;
}

SEC("kretprobe/do_mprotect_pkey")
int BPF_KRETPROBE(mprotect_kretprobe, int result)
{
	protected(result);
	return 0;
}

/* What userfaultfd is told: the same on every kernel */
#define UFFD_REGISTER	0xc020aa00
#define UFFD_UNREGISTER 0x8010aa01

struct uffd_args {
	__u64 start;
	__u64 len;
	__u64 mode; /* of UFFD_REGISTER alone */
};

static __always_inline bool is_uffd_call(unsigned int cmd)
{
	return cmd == UFFD_REGISTER || cmd == UFFD_UNREGISTER;
}

static __always_inline void registered(const struct file *file,
				       unsigned int cmd, unsigned long arg)
{
	const struct userfaultfd_ctx *ctx = BPF_CORE_READ(file, private_data);
	__u32 size = __builtin_offsetof(struct uffd_args, mode);
	struct uffd_args args = {};
	struct span span = {
		.mm = BPF_CORE_READ(ctx, mm),
		.since_ns = bpf_ktime_get_ns(),
		.use = SPAN_TELL,
	};

	if (cmd == UFFD_REGISTER)
		size = sizeof(args);
	if (!notifiers_of(span.mm) ||
	    bpf_probe_read_user(&args, size, (void *)arg))
		return;
	span.kind = cmd == UFFD_REGISTER ? MAPPING_UFFD : MAPPING_UFFD_END;
	span.uffd = args.mode;
	span.start = args.start;
	span.end = args.start + args.len;
	span_walk(&span);
}

SEC("slotscope.fexit/userfaultfd_ioctl")
int BPF_PROG(uffd_fexit, struct file *file, unsigned int cmd, unsigned long arg,
	     long result)
{
	if (is_uffd_call(cmd) && !result)
		registered(file, cmd, arg);
	return 0;
}

SEC("kprobe/userfaultfd_ioctl")
int BPF_KPROBE(uffd_kprobe, struct file *file, unsigned int cmd,
	       unsigned long arg)
{
	left_behind(&spans);
	if (is_uffd_call(cmd)) {
		struct span span = {
			.arg = { (unsigned long)file, cmd, arg },
			.use = SPAN_BEGUN,
		};

		span_keep(&span);
	}
	return 0;
}

SEC("kretprobe/userfaultfd_ioctl")
int BPF_KRETPROBE(uffd_kretprobe, long result)
{
	struct span *span = span_of_thread();

	if (!span)
		return 0;
	if (!result)
		registered((void *)span->arg[0], span->arg[1], span->arg[2]);
	span_drop();
	return 0;
}

static __always_inline void userfault_begin(struct vm_fault *fault)
{
	struct fault_call *call = fault_of_thread();
	struct span span = { .use = SPAN_WAIT };

	span.start = BPF_CORE_READ(fault, address);
	if (call) {
		call->uffd = 1;
		call->hva = span.start;
		return;
	}
	span.mm = BPF_CORE_READ(fault, vma, vm_mm);
	span.end = span.start + 1;
	span_walk(&span);
}

static __always_inline void userfault_end(void)
{
	struct fault_call *call = fault_of_thread();

	/* A vCPU's own ends with what KVM does about it */
	if (call && call->vcpu < 0)
		fault_end(call, 0);
}

SEC("slotscope.fentry/handle_userfault")
int BPF_PROG(userfault_fentry, struct vm_fault *fault)
{
	userfault_begin(fault);
	return 0;
}

SEC("slotscope.fexit/handle_userfault")
int BPF_PROG(userfault_fexit, struct vm_fault *fault)
{
	userfault_end();
	return 0;
}

SEC("kprobe/handle_userfault")
int BPF_KPROBE(userfault_kprobe, struct vm_fault *fault)
{
	userfault_begin(fault);
	return 0;
}

SEC("kretprobe/handle_userfault")
int BPF_KRETPROBE(userfault_kretprobe)
{
	userfault_end();
	return 0;
}
