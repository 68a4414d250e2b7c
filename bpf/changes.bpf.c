// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What KVM does: kvm_set_memslot(), the one function through which a memslot
 * is created, deleted, moved or given other flags, KVM's own slots included.
 * It runs under the VM's slots_lock, so the records of one VM come in order.
 */
#include "state.h"

#include <linux/ptrace.h>
#include <bpf/bpf_tracing.h>

#include "changes.h"
#include "compat.h"

struct changes_map changes SEC(".maps");

/*
 * Both slots are read at the beginning: of the old one nothing may be left at
 * the end, and the new one is filled in already.
 */
static __always_inline void change_begin(const struct kvm *kvm,
					 const struct kvm_memory_slot *old,
					 const struct kvm_memory_slot *new,
					 int kind)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct change_call call = {
		.start_ns = bpf_ktime_get_ns(),
		.kvm = kvm,
		.kind = kind,
	};

	if (old)
		compat_slot_read(&call.old, old);
	if (new)
		compat_slot_read(&call.new, new);
	if (bpf_map_update_elem(&changes, &tid, &call, BPF_ANY))
		lose(LOSS_MAP_FULL);
}

static __always_inline void change_end(long result)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct change_call *call = bpf_map_lookup_elem(&changes, &tid);
	const struct kvm_memslots *slots;
	struct change_record *rec;
	struct vm *vm;

	if (!call)
		return;
	vm = vm_get(call->kvm, (void *)bpf_get_current_task(), -1);
	rec = vm ? record_reserve(struct change_record, RECORD_CHANGE,
				  vm->serial, call->start_ns) :
		   NULL;
	if (rec) {
		rec->old = call->old;
		rec->new = call->new;
		rec->kind = call->kind;
		rec->result = result;
		/* The lock is still held: this is the change's own */
		slots = compat_memslots(call->kvm, call->new.nr_pages ?
							   call->new.as_id :
							   call->old.as_id);
		rec->generation = BPF_CORE_READ(slots, generation);
		record_submit(rec);
	}
	bpf_map_delete_elem(&changes, &tid);
}

SEC("fentry/kvm_set_memslot")
int BPF_PROG(change_fentry, struct kvm *kvm, struct kvm_memory_slot *old,
	     struct kvm_memory_slot *new, int kind)
{
	if (wanted())
		change_begin(kvm, old, new, kind);
	return 0;
}

SEC("fexit/kvm_set_memslot")
int BPF_PROG(change_fexit, struct kvm *kvm, struct kvm_memory_slot *old,
	     struct kvm_memory_slot *new, int kind, int result)
{
	if (wanted())
		change_end(result);
	return 0;
}

SEC("kprobe/kvm_set_memslot")
int BPF_KPROBE(change_kprobe, struct kvm *kvm, struct kvm_memory_slot *old,
	       struct kvm_memory_slot *new, int kind)
{
	if (!wanted())
		return 0;
	call_missed_end(&changes);
	change_begin(kvm, old, new, kind);
	return 0;
}

SEC("kretprobe/kvm_set_memslot")
int BPF_KRETPROBE(change_kretprobe, int result)
{
	if (wanted())
		change_end(result);
	return 0;
}
