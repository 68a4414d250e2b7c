// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What VMMs ask: KVM_SET_USER_MEMORY_REGION and REGION2.
 *
 * KVM refuses some requests before any function of its own that could be
 * hooked (a slot number past the limit, arguments that cannot be read), so we
 * stand at the only places that see all of them: kvm_vm_ioctl(), or else the
 * system call. Of the three pairs of programs below one is attached.
 */
#include "state.h"

#include <linux/ptrace.h>
#include <bpf/bpf_tracing.h>

#include "requests.h"
#include "stacks.h"

struct requests_map requests SEC(".maps");

static __always_inline void request_read(struct request_call *call)
{
	__u32 size = call->region2 ? sizeof(call->args) : REGION_ARGS_SIZE;

	call->args = (struct region_args){};
	call->unread =
		bpf_probe_read_user(&call->args, size, (void *)call->arg) != 0;
}

static __always_inline bool is_request(unsigned int cmd)
{
	return cmd == KVM_IOC_SET_REGION || cmd == KVM_IOC_SET_REGION2;
}

static __always_inline void request_begin(const struct kvm *kvm,
					  unsigned int cmd, unsigned long arg)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct request_call call = {
		.start_ns = bpf_ktime_get_ns(),
		.kvm = kvm,
		.arg = arg,
		.nr = __sync_fetch_and_add(&last_call, 1) + 1,
		.region2 = cmd == KVM_IOC_SET_REGION2,
	};

	/* Now, as KVM is about to do: another thread may write to it later */
	request_read(&call);
	if (bpf_map_update_elem(&requests, &tid, &call, BPF_ANY))
		lose(LOSS_MAP_FULL);
}

/* The request that this thread has begun, and not ended as far as we know */
static __always_inline struct request_call *request_of_thread(void)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(&requests, &tid);
}

static __always_inline void request_end(struct request_call *call, long result)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct request_record *rec;
	struct vm *vm;

	/* Not in memory then; KVM has brought it in meanwhile, if it exists */
	if (call->unread)
		request_read(call);
	vm = vm_get(call->kvm, (void *)bpf_get_current_task(), -1, true);
	rec = vm ? record_reserve(struct request_record, RECORD_REQUEST,
				  vm->serial, call->start_ns) :
		   NULL;
	if (rec) {
		rec->args = call->args;
		rec->call = call->nr;
		rec->result = result;
		rec->region2 = call->region2;
		rec->unread = call->unread;
		rec->stack = STACK_NOT_ASKED;
		rec->pad = 0;
		if (stacks_wanted) {
			rec->stack = stack_take(call->nr, !vm->stacked);
			vm->stacked = 1;
		}
		record_submit(rec);
	}
	bpf_map_delete_elem(&requests, &tid);
}

static __always_inline bool same_args(const struct region_args *a,
				      const struct region_args *b)
{
	return a->slot == b->slot && a->flags == b->flags && a->gpa == b->gpa &&
	       a->size == b->size && a->hva == b->hva &&
	       a->gmem_offset == b->gmem_offset && a->gmem_fd == b->gmem_fd;
}

/*
 * Is what is in flight the call that ends now? The kernel may have skipped the
 * beginning of this one, and the end of one before it: then it has counted both.
 * The arguments may differ also because the VMM has changed them meanwhile; that
 * cannot be told apart, and is counted here.
 */
static __always_inline bool is_same(const struct request_call *call,
				    const struct kvm *kvm, unsigned int cmd,
				    unsigned long arg)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct request_call now = { .arg = arg };

	now.region2 = call->region2;
	if (call->kvm == kvm && call->arg == arg &&
	    call->region2 == (cmd == KVM_IOC_SET_REGION2)) {
		if (call->unread)
			return true;
		request_read(&now);
		if (!now.unread && same_args(&now.args, &call->args))
			return true;
	}
	lose(LOSS_MISSED);
	bpf_map_delete_elem(&requests, &tid);
	return false;
}

SEC("slotscope.fentry/kvm_vm_ioctl")
int BPF_PROG(request_fentry, struct file *file, unsigned int cmd,
	     unsigned long arg)
{
	const struct kvm *kvm;

	if (!is_request(cmd))
		return 0;
	kvm = file->private_data;
	if (wanted(kvm))
		request_begin(kvm, cmd, arg);
	return 0;
}

SEC("slotscope.fexit/kvm_vm_ioctl")
int BPF_PROG(request_fexit, struct file *file, unsigned int cmd,
	     unsigned long arg, long result)
{
	struct request_call *call;

	if (!is_request(cmd))
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
	const struct kvm *kvm;

	call_entered(&requests);
	if (!is_request(cmd))
		return 0;
	kvm = BPF_CORE_READ(file, private_data);
	if (wanted(kvm))
		request_begin(kvm, cmd, arg);
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
	if (!is_request(cmd))
		return 0;
	kvm = file_kvm(fd_file(ctx->args[0]));
	if (kvm && wanted(kvm))
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
