// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* VMs that come (KVM_CREATE_VM) and go (the last user is gone) */
#include "state.h"

#include <linux/ptrace.h>
#include <bpf/bpf_tracing.h>

#include "frees.h"

/* For the kprobes: threads that are in KVM_CREATE_VM */
struct creation_call {
	__u64 owner;
	__u64 start_ns;
};

struct creations_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct creation_call);
};
struct creations_map creations SEC(".maps");

/* Whose doing it is: a process's, and not of one of KVM's threads in it */
static __always_inline void process_name(struct record *head)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	BPF_CORE_READ_INTO(&head->comm, task, group_leader, comm);
}

static __always_inline void vm_created(int fd, __u64 start_ns)
{
	const struct kvm *kvm = file_kvm(fd_file(fd));
	struct vm_record *rec;
	struct vm *vm;

	if (!kvm) {
		/* Closed again by another thread before we could look */
		lose(LOSS_MISSED);
		return;
	}
	/*
	 * Known already? Then either another thread has guessed the descriptor
	 * and used it before KVM_CREATE_VM returned; or it is a VM of old that
	 * was at the same address, and whose end nobody saw.
	 */
	vm = vm_find(kvm);
	if (vm && (vm->created || !destroy_seen))
		vm_forget(vm);
	vm = vm_get(kvm, (void *)bpf_get_current_task(), fd, true);
	if (!vm)
		return;
	vm->fd = fd;
	vm->created = 1;
	rec = record_reserve(struct vm_record, RECORD_VM_CREATE, vm->serial,
			     start_ns);
	if (!rec)
		return;
	process_name(&rec->head);
	rec->start_ns = vm->start_ns;
	rec->tgid = vm->tgid;
	rec->fd = fd;
	rec->call = 0;
	record_submit(rec);
}

SEC("slotscope.fexit/kvm_dev_ioctl")
int BPF_PROG(create_fexit, struct file *file, unsigned int cmd,
	     unsigned long arg, long result)
{
	if (cmd == KVM_IOC_CREATE_VM && result >= 0 && current_is_followed())
		vm_created(result, bpf_ktime_get_ns());
	return 0;
}

SEC("kprobe/kvm_dev_ioctl")
int BPF_KPROBE(create_kprobe, struct file *file, unsigned int cmd)
{
	struct creation_call *call;
	__u64 now;

	call_entered(&creations);
	if (cmd != KVM_IOC_CREATE_VM || !current_is_followed())
		return 0;
	now = bpf_ktime_get_ns();
	call = call_claim(&creations, (__u32)bpf_get_current_pid_tgid(), now);
	if (call)
		call->start_ns = now;
	else
		lose(LOSS_MAP_FULL);
	return 0;
}

SEC("kretprobe/kvm_dev_ioctl")
int BPF_KRETPROBE(create_kretprobe, long result)
{
	struct creation_call *call =
		call_find(&creations, (__u32)bpf_get_current_pid_tgid());

	if (!call || !call_take(&call->owner))
		return 0;
	if (result >= 0)
		vm_created(result, call->start_ns);
	call_release(&call->owner);
	return 0;
}

/* Whoever lets go last destroys a VM: any process that had a descriptor */
static __always_inline void vm_destroyed(const struct kvm *kvm)
{
	struct vm *vm = vm_find(kvm);
	struct vm_record *rec;
	__u64 call = 0;

	if (vm && vm->traced)
		call = dying_begin(kvm, vm);
	else
		dying_forget(kvm);
	if (!vm)
		return;
	rec = vm->traced ? record_reserve(struct vm_record, RECORD_VM_DESTROY,
					  vm->serial, bpf_ktime_get_ns()) :
			   NULL;
	if (rec) {
		process_name(&rec->head);
		rec->start_ns = vm->start_ns;
		rec->tgid = vm->tgid;
		rec->fd = vm->fd;
		rec->call = call;
		record_submit(rec);
	}
	vm_forget(vm);
}

SEC("slotscope.fentry/kvm_destroy_vm")
int BPF_PROG(destroy_fentry, struct kvm *kvm)
{
	vm_destroyed(kvm);
	return 0;
}

SEC("kprobe/kvm_destroy_vm")
int BPF_KPROBE(destroy_kprobe, struct kvm *kvm)
{
	vm_destroyed(kvm);
	return 0;
}

/*
 * A compiler may put kvm_destroy_vm() into its one caller. It calls this before it frees
 * or deletes any slot; and as this is another file's, it is still there to be hooked.
 */
SEC("slotscope.fentry/kvm_arch_pre_destroy_vm")
int BPF_PROG(pre_destroy_fentry, struct kvm *kvm)
{
	vm_destroyed(kvm);
	return 0;
}

SEC("kprobe/kvm_arch_pre_destroy_vm")
int BPF_KPROBE(pre_destroy_kprobe, struct kvm *kvm)
{
	vm_destroyed(kvm);
	return 0;
}
