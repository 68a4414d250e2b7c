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
#include "requests.h"

struct changes_map changes SEC(".maps");

/* The request of this thread in which it changes @kvm's slots; 0 if none */
static __always_inline __u64 request_under_way(const struct kvm *kvm, __u32 tid)
{
	struct request_call *request = bpf_map_lookup_elem(&requests, &tid);

	return request && request->kvm == kvm ? request->nr : 0;
}

/* Changes of one VM follow each other: one that is open did not show its end */
static __always_inline bool open_change(const struct kvm *kvm, __u16 as_id)
{
	__u64 key = (unsigned long)kvm;
	struct vm *vm = bpf_map_lookup_elem(&vms, &key);
	__u8 bit = 1 << (as_id & 7);
	bool was_open;

	if (!vm)
		return false;
	was_open = vm->open & bit;
	vm->open |= bit;
	return was_open;
}

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
	const struct kvm_memslots *slots;
	struct change_call call = {
		.start_ns = bpf_ktime_get_ns(),
		.kvm = kvm,
		.old_slot = old,
		.new_slot = new,
		.kind = kind,
	};

	if (old)
		compat_slot_read(&call.old, old);
	if (new)
		compat_slot_read(&call.new, new);
	call.as_id = new ? call.new.as_id : call.old.as_id;
	slots = compat_memslots(kvm, call.as_id);
	call.before = BPF_CORE_READ(slots, generation);
	call.call = request_under_way(kvm, tid);
	call.unended = open_change(kvm, call.as_id);
	if (bpf_map_update_elem(&changes, &tid, &call, BPF_ANY))
		lose(LOSS_MAP_FULL);
}

/*
 * While KVM destroys a VM it deletes the slots of its own; those of users it
 * drops without a change. The end of the VM tells all of that, and has been told:
 * the VM would be met again here, as another one, and stay for ever.
 */
static __always_inline bool to_be_told(const struct kvm *kvm)
{
	return wanted(kvm) && !compat_dying(kvm);
}

/* The change that this thread has begun, and not ended as far as we know */
static __always_inline struct change_call *change_of_thread(void)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(&changes, &tid);
}

static __always_inline void change_end(struct change_call *call, long result)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	const struct kvm_memslots *slots;
	struct change_record *rec;
	struct vm *vm;

	vm = vm_get(call->kvm, (void *)bpf_get_current_task(), -1, true);
	if (vm)
		vm->open &= ~(1 << (call->as_id & 7));
	rec = vm ? record_reserve(struct change_record, RECORD_CHANGE,
				  vm->serial, call->start_ns) :
		   NULL;
	if (rec) {
		rec->old = call->old;
		rec->new = call->new;
		rec->call = call->call;
		rec->before = call->before;
		rec->invalid_ns = call->invalid_ns;
		rec->active_ns = call->active_ns;
		rec->kind = call->kind;
		rec->result = result;
		rec->unended = call->unended;
		__builtin_memset(rec->pad, 0, sizeof(rec->pad));
		/* The lock is still held: this is the change's own */
		slots = compat_memslots(call->kvm, call->as_id);
		rec->generation = BPF_CORE_READ(slots, generation);
		record_submit(rec);
	}
	bpf_map_delete_elem(&changes, &tid);
}

SEC("slotscope.fentry/kvm_set_memslot")
int BPF_PROG(change_fentry, struct kvm *kvm, struct kvm_memory_slot *old,
	     struct kvm_memory_slot *new, int kind)
{
	if (to_be_told(kvm))
		change_begin(kvm, old, new, kind);
	return 0;
}

/* The kernel may have skipped the beginning of this one, and an end before it */
static __always_inline bool is_change(const struct change_call *call,
				      const struct kvm *kvm,
				      const struct kvm_memory_slot *old,
				      const struct kvm_memory_slot *new,
				      int kind)
{
	return call && call->kvm == kvm && call->old_slot == old &&
	       call->new_slot == new && call->kind == kind;
}

SEC("slotscope.fexit/kvm_set_memslot")
int BPF_PROG(change_fexit, struct kvm *kvm, struct kvm_memory_slot *old,
	     struct kvm_memory_slot *new, int kind, int result)
{
	struct change_call *call = change_of_thread();

	if (is_change(call, kvm, old, new, kind))
		change_end(call, result);
	return 0;
}

SEC("kprobe/kvm_set_memslot")
int BPF_KPROBE(change_kprobe, struct kvm *kvm, struct kvm_memory_slot *old,
	       struct kvm_memory_slot *new, int kind)
{
	call_entered(&changes);
	if (to_be_told(kvm))
		change_begin(kvm, old, new, kind);
	return 0;
}

SEC("kretprobe/kvm_set_memslot")
int BPF_KRETPROBE(change_kretprobe, int result)
{
	struct change_call *call = change_of_thread();

	if (call)
		change_end(call, result);
	return 0;
}

/*
 * KVM swaps the two sets of slots when a change takes effect: twice for a delete
 * or move, which first makes the old slot invalid. From then on it is not there.
 */
static __always_inline void swapped(const struct kvm *kvm)
{
	struct change_call *call = change_of_thread();
	__u64 now = bpf_ktime_get_ns();

	if (!call || call->kvm != kvm)
		return;
	if (call->active_ns)
		call->invalid_ns = call->active_ns;
	call->active_ns = now;
}

SEC("slotscope.fexit/kvm_swap_active_memslots")
int BPF_PROG(swap_fexit, struct kvm *kvm, int as_id)
{
	swapped(kvm);
	return 0;
}

/* Its end may be skipped; what it does to the set comes first in it */
SEC("kprobe/kvm_swap_active_memslots")
int BPF_KPROBE(swap_kprobe, struct kvm *kvm)
{
	swapped(kvm);
	return 0;
}
