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
#include "filter.h"

struct changes_map changes SEC(".maps");

/* Changes of one VM follow each other: one that is open did not show its end */
static __always_inline bool open_change(struct vm *vm, __u16 as_id)
{
	__u8 bit = 1 << (as_id & 7);
	bool was_open;

	if (!vm)
		return false;
	was_open = vm->open & bit;
	vm->open |= bit;
	return was_open;
}

/*
 * Both slots are read at the beginning: of the old one nothing may be left at the
 * end, and the new one is filled in already. @direct: the program is one that the
 * kernel lets follow pointers by itself.
 *
 * While KVM destroys a VM it deletes the slots of its own; those of users it drops
 * without a change. The end of the VM tells all of that, and has been told: the VM
 * would be met again here, as another one, and stay for ever.
 */
static __always_inline void change_begin(const struct kvm *kvm,
					 const struct kvm_memory_slot *old,
					 const struct kvm_memory_slot *new,
					 int kind, bool direct)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	const struct request_call *request = call_find(&requests, tid);
	bool asked = request && request->kvm == kvm;
	struct vm *vm = asked ? vm_of_serial(request->serial, kvm) : NULL;
	struct change_call *call;
	__u64 now;

	if (!vm)
		vm = vm_find(kvm);
	/* A request that is under way is wanted */
	if (!asked && !vm_wanted(vm))
		return;
	if (compat_dying(kvm, direct))
		return;
	now = bpf_ktime_get_ns();
	call = call_claim(&changes, tid, now);
	if (!call) {
		lose(LOSS_MAP_FULL);
		return;
	}
	call->start_ns = now;
	call->serial = vm ? vm->serial : 0;
	call->kvm = kvm;
	call->old_slot = old;
	call->new_slot = new;
	call->kind = kind;
	call->invalid_ns = 0;
	call->active_ns = 0;
	if (old)
		compat_slot_read(&call->old, old, direct);
	else
		call->old.nr_pages = 0;
	if (new)
		compat_slot_read(&call->new, new, direct);
	else
		call->new.nr_pages = 0;
	call->as_id = new ? call->new.as_id : call->old.as_id;
	call->before = compat_generation(kvm, call->as_id, direct);
	call->call = asked ? request->nr : 0;
	call->unended = open_change(vm, call->as_id);
}

/* The change that this thread has begun, and not ended as far as we know */
static __always_inline struct change_call *change_of_thread(void)
{
	return call_find(&changes, (__u32)bpf_get_current_pid_tgid());
}

/* Its request, if that is under way */
static __always_inline struct request_call *
request_of(const struct change_call *call)
{
	if (!call->call)
		return NULL;
	return call_find(&requests, (__u32)call->owner & ~(__u32)CALL_ENDING);
}

static __always_inline void change_end(struct change_call *call,
				       const struct kvm *kvm, long result,
				       bool direct)
{
	struct vm *vm = vm_of_serial(call->serial, call->kvm);
	struct request_call *request;
	struct change_record *rec;

	if (!call_take(&call->owner))
		return;
	if (!vm || !vm->traced)
		vm = vm_get(call->kvm, (void *)bpf_get_current_task(), -1,
			    true);
	if (vm)
		vm->open &= ~(1 << (call->as_id & 7));
	if (!vm || !vm_meant(vm))
		goto out;
	if (!change_passes(call, result)) {
		lose(LOSS_FILTERED);
		goto out;
	}
	request = request_of(call);
	rec = record_reserve_named(struct change_record, RECORD_CHANGE,
				   vm->serial, call->start_ns,
				   request ? &request->comm : NULL);
	if (rec) {
		if (request)
			request->change_told = 1;
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
		rec->generation = compat_generation(kvm, call->as_id, direct);
		record_submit(rec);
	}
out:
	call_release(&call->owner);
}

SEC("slotscope.fentry/kvm_set_memslot")
int BPF_PROG(change_fentry, struct kvm *kvm, struct kvm_memory_slot *old,
	     struct kvm_memory_slot *new, int kind)
{
	change_begin(kvm, old, new, kind, true);
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
		change_end(call, kvm, result, true);
	return 0;
}

SEC("kprobe/kvm_set_memslot")
int BPF_KPROBE(change_kprobe, struct kvm *kvm, struct kvm_memory_slot *old,
	       struct kvm_memory_slot *new, int kind)
{
	call_entered(&changes);
	change_begin(kvm, old, new, kind, false);
	return 0;
}

SEC("kretprobe/kvm_set_memslot")
int BPF_KRETPROBE(change_kretprobe, int result)
{
	struct change_call *call = change_of_thread();

	if (call)
		change_end(call, call->kvm, result, false);
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
