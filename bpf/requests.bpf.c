// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What VMMs ask of a VM: KVM_SET_USER_MEMORY_REGION and REGION2; and what else there
 * is about its memory, if that was asked for.
 *
 * KVM refuses some requests before any function of its own that could be
 * hooked (a slot number past the limit, arguments that cannot be read), so we
 * stand at the only places that see all of them: kvm_vm_ioctl(), or else the
 * system call. Of the three pairs of programs below one is attached.
 */
#include "state.h"

#include <linux/ptrace.h>
#include <bpf/bpf_tracing.h>

#include "dirty.h"
#include "filter.h"
#include "requests.h"
#include "stacks.h"

struct requests_map requests SEC(".maps");

static __always_inline bool is_request(unsigned int cmd)
{
	return cmd == KVM_IOC_SET_REGION || cmd == KVM_IOC_SET_REGION2;
}

/* Is this call to be told? Of the other classes nothing is left if not asked for */
static __always_inline bool is_told(unsigned int cmd)
{
	if (is_request(cmd))
		return true;
	if (tell_vcpus && cmd == KVM_IOC_CREATE_VCPU)
		return true;
	return tell_calls &&
	       (cmd == KVM_IOC_DIRTY_LOG || cmd == KVM_IOC_CLEAR_DIRTY_LOG ||
		cmd == KVM_IOC_RESET_RINGS || cmd == KVM_IOC_GUEST_MEMFD ||
		cmd == KVM_IOC_ATTRIBUTES);
}

static __always_inline void args_read(struct request_call *call)
{
	__u32 size = REGION_ARGS_SIZE;

	/* Two words a request of the older kind does not have */
	if (call->cmd == KVM_IOC_SET_REGION) {
		call->args.region.gmem_offset = 0;
		call->args.words[5] = 0;
	} else {
		call->args = (union call_args){};
	}
	call->unread = 0;
	switch (call->cmd) {
	case KVM_IOC_CREATE_VCPU:
		call->args.number = call->arg;
		return;
	case KVM_IOC_RESET_RINGS:
		return;
	case KVM_IOC_SET_REGION2:
		size = sizeof(struct region_args);
		break;
	case KVM_IOC_DIRTY_LOG:
		size = sizeof(struct dirty_log_args);
		break;
	case KVM_IOC_CLEAR_DIRTY_LOG:
		size = sizeof(struct clear_log_args);
		break;
	case KVM_IOC_GUEST_MEMFD:
		size = sizeof(struct guest_memfd_args);
		break;
	case KVM_IOC_PRE_FAULT:
		size = __builtin_offsetof(struct pre_fault_args, vcpu);
		break;
	}
	call->unread =
		bpf_probe_read_user(&call->args, size, (void *)call->arg) != 0;
}

/* A VM: a thread asks mostly the one that it asked before */
static __always_inline struct vm *vm_asked(const struct kvm *kvm, __u32 tid)
{
	const struct request_call *last = call_place(&requests, tid);
	struct vm *vm = last ? vm_of_serial(last->serial, kvm) : NULL;

	return vm ?: vm_find(kvm);
}

/* A thread's name is read once, and again only if any thread's has changed */
static __always_inline void name_read(struct request_call *call, __u32 tid)
{
	__u64 changed = names_changed;

	if (names_watched && call->named_tid == tid && call->named == changed)
		return;
	comm_read(call->comm.text);
	call->named_tid = tid;
	call->named = changed;
}

/* If it is to be told */
static __always_inline void request_begin(const struct kvm *kvm,
					  unsigned int cmd, unsigned long arg)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct vm *vm = vm_asked(kvm, tid);
	struct request_call *call;
	__u64 now;

	if (!vm_wanted(vm))
		return;
	now = bpf_ktime_get_ns();
	call = call_claim(&requests, tid, now);
	if (!call) {
		lose(LOSS_MAP_FULL);
		return;
	}
	call->start_ns = now;
	call->serial = vm ? vm->serial : 0;
	call->kvm = kvm;
	call->arg = arg;
	call->nr = __sync_fetch_and_add(&last_call, 1) + 1;
	call->cmd = cmd;
	call->change_told = 0;
	name_read(call, tid);
	/* Now, as KVM is about to do: another thread may write to it later */
	args_read(call);
}

/* The request that this thread has begun, and not ended as far as we know */
static __always_inline struct request_call *request_of_thread(void)
{
	return call_find(&requests, (__u32)bpf_get_current_pid_tgid());
}

static __always_inline void request_told(const struct request_call *call,
					 struct vm *vm, long result)
{
	struct request_record *rec =
		record_reserve_named(struct request_record, RECORD_REQUEST,
				     vm->serial, call->start_ns, &call->comm);

	if (!rec)
		return;
	rec->args = call->args.region;
	rec->call = call->nr;
	rec->result = result;
	rec->region2 = call->cmd == KVM_IOC_SET_REGION2;
	rec->unread = call->unread;
	rec->stack = STACK_NOT_ASKED;
	rec->pad = 0;
	if (stacks_wanted) {
		rec->stack = stack_take(call->nr, !vm->stacked);
		vm->stacked = 1;
	}
	record_submit(rec);
}

/* Pages that KVM got: it leaves in the arguments what it did not come to */
static __always_inline __u64 pre_faulted(const struct request_call *call)
{
	struct pre_fault_args left = {};

	if (call->unread ||
	    bpf_probe_read_user(&left,
				__builtin_offsetof(struct pre_fault_args, vcpu),
				(void *)call->arg) ||
	    left.size > call->args.pre_fault.size)
		return ~0ULL;
	return (call->args.pre_fault.size - left.size) / page_size;
}

static __always_inline void call_told(struct request_call *call,
				      const struct vm *vm, long result)
{
	__u64 pages = ~0ULL;
	struct call_record *rec;

	if (call->cmd == KVM_IOC_RESET_RINGS && result >= 0)
		pages = result;
	else if (call->cmd == KVM_IOC_PRE_FAULT)
		pages = pre_faulted(call);
	else if (tell_calls && !call->unread && !result)
		pages = dirty_pages(call);
	rec = record_reserve_named(struct call_record, RECORD_CALL, vm->serial,
				   call->start_ns, &call->comm);
	if (!rec)
		return;
	rec->args = call->args;
	rec->call = call->nr;
	rec->pages = pages;
	rec->result = result;
	rec->cmd = call->cmd;
	rec->unread = call->unread;
	__builtin_memset(rec->pad, 0, sizeof(rec->pad));
	record_submit(rec);
}

static __always_inline void request_end(struct request_call *call, long result)
{
	struct vm *vm = vm_of_serial(call->serial, call->kvm);

	if (!call_take(&call->owner))
		return;
	/* Not in memory then; KVM has brought it in meanwhile, if it exists */
	if (call->unread)
		args_read(call);
	if (!vm || !vm->traced)
		vm = vm_get(call->kvm, (void *)bpf_get_current_task(), -1,
			    true);
	if (vm)
		vmm_note_current(vm);
	if (!vm || !vm_meant(vm))
		;
	else if (!is_request(call->cmd))
		call_told(call, vm, result);
	else if (request_passes(call, result))
		request_told(call, vm, result);
	else
		lose(LOSS_FILTERED);
	call_release(&call->owner);
}

static __always_inline bool same_args(const union call_args *a,
				      const union call_args *b)
{
	for (__u32 i = 0; i < sizeof(a->words) / sizeof(a->words[0]); i++)
		if (a->words[i] != b->words[i])
			return false;
	return true;
}

/*
 * Is what is in flight the call that ends now? The kernel may have skipped the
 * beginning of this one, and the end of one before it: then it has counted both.
 * The arguments may differ also because the VMM has changed them meanwhile; that
 * cannot be told apart, and is counted here.
 */
static __always_inline bool is_same(struct request_call *call,
				    const struct kvm *kvm, unsigned int cmd,
				    unsigned long arg)
{
	struct request_call now = { .arg = arg, .cmd = cmd };

	if (call->kvm == kvm && call->arg == arg && call->cmd == cmd) {
		if (!preempts || call->unread)
			return true;
		args_read(&now);
		if (!now.unread && same_args(&now.args, &call->args))
			return true;
	}
	lose(LOSS_MISSED);
	call_release(&call->owner);
	return false;
}

/* What KVM leaves in its arguments is no sign of another call */
static __always_inline bool is_pre_fault(struct request_call *call,
					 const struct kvm *kvm,
					 unsigned long arg)
{
	if (call->kvm == kvm && call->arg == arg &&
	    call->cmd == KVM_IOC_PRE_FAULT)
		return true;
	lose(LOSS_MISSED);
	call_release(&call->owner);
	return false;
}

static __always_inline void vcpu_call_begin(const struct kvm_vcpu *vcpu,
					    unsigned long arg)
{
	struct request_call *call;

	request_begin(BPF_CORE_READ(vcpu, kvm), KVM_IOC_PRE_FAULT, arg);
	call = request_of_thread();
	if (call)
		call->args.pre_fault.vcpu = BPF_CORE_READ(vcpu, vcpu_id);
}

SEC("slotscope.fentry/kvm_vcpu_ioctl")
int BPF_PROG(vcpu_call_fentry, struct file *file, unsigned int cmd,
	     unsigned long arg)
{
	if (cmd == KVM_IOC_PRE_FAULT)
		vcpu_call_begin(file->private_data, arg);
	return 0;
}

SEC("slotscope.fexit/kvm_vcpu_ioctl")
int BPF_PROG(vcpu_call_fexit, struct file *file, unsigned int cmd,
	     unsigned long arg, long result)
{
	const struct kvm_vcpu *vcpu;
	struct request_call *call;

	if (cmd != KVM_IOC_PRE_FAULT)
		return 0;
	vcpu = file->private_data;
	call = request_of_thread();
	if (call && is_pre_fault(call, BPF_CORE_READ(vcpu, kvm), arg))
		request_end(call, result);
	return 0;
}

SEC("kprobe/kvm_vcpu_ioctl")
int BPF_KPROBE(vcpu_call_kprobe, struct file *file, unsigned int cmd,
	       unsigned long arg)
{
	call_entered(&requests);
	if (cmd == KVM_IOC_PRE_FAULT)
		vcpu_call_begin(BPF_CORE_READ(file, private_data), arg);
	return 0;
}

SEC("kretprobe/kvm_vcpu_ioctl")
int BPF_KRETPROBE(vcpu_call_kretprobe, long result)
{
	struct request_call *call = request_of_thread();

	if (call)
		request_end(call, result);
	return 0;
}

SEC("slotscope.fentry/kvm_vm_ioctl")
int BPF_PROG(request_fentry, struct file *file, unsigned int cmd,
	     unsigned long arg)
{
	if (is_told(cmd))
		request_begin(file->private_data, cmd, arg);
	return 0;
}

SEC("slotscope.fexit/kvm_vm_ioctl")
int BPF_PROG(request_fexit, struct file *file, unsigned int cmd,
	     unsigned long arg, long result)
{
	struct request_call *call;

	if (!is_told(cmd))
		return 0;
	call = request_of_thread();
	if (call && is_same(call, file->private_data, cmd, arg))
		request_end(call, result);
	return 0;
}

SEC("kprobe/kvm_vm_ioctl")
int BPF_KPROBE(request_kprobe, struct file *file, unsigned int cmd,
	       unsigned long arg)
{
	call_entered(&requests);
	if (is_told(cmd))
		request_begin(BPF_CORE_READ(file, private_data), cmd, arg);
	return 0;
}

SEC("kretprobe/kvm_vm_ioctl")
int BPF_KRETPROBE(request_kretprobe, long result)
{
	struct request_call *call = request_of_thread();

	if (call)
		request_end(call, result);
	return 0;
}

SEC("tp/syscalls/sys_enter_ioctl")
int request_enter(struct trace_event_raw_sys_enter *ctx)
{
	unsigned int cmd = ctx->args[1];
	const struct kvm *kvm;

	call_entered(&requests);
	if (!is_told(cmd))
		return 0;
	kvm = file_kvm(fd_file(ctx->args[0]));
	if (kvm)
		request_begin(kvm, cmd, ctx->args[2]);
	return 0;
}

SEC("tp/syscalls/sys_exit_ioctl")
int request_exit(struct trace_event_raw_sys_exit *ctx)
{
	struct request_call *call = request_of_thread();

	if (call)
		request_end(call, ctx->ret);
	return 0;
}
