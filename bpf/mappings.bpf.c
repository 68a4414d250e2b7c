// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What is about to be taken from under a slot: the kernel tells KVM of it by an MMU
 * notifier, whoever does it, a truncate() of a file by another process too. KVM looks
 * the range up in its tree of host addresses, and so do we: what no slot has is not
 * told.
 */
#include "state.h"

#include <linux/ptrace.h>
#include <bpf/bpf_tracing.h>

#include "compat.h"

/* More than a red-black tree of 2^17 nodes is deep */
#define MAX_DEPTH 40

/* The first slot of an address space that has a part of the range, or NULL */
static __always_inline const struct kvm_memory_slot *
slot_in_range(const struct kvm_memslots *slots, __u64 start, __u64 last)
{
	__u32 idx = BPF_CORE_READ(slots, node_idx);
	const void *node = BPF_CORE_READ(slots, hva_tree.rb_root.rb_node);
	struct hva_range at, left;

	for (int i = 0; node && i < MAX_DEPTH; i++) {
		compat_hva_read(&at, node);
		if (at.left) {
			compat_hva_read(&left, at.left);
			if (left.subtree_last >= start) {
				node = at.left;
				continue;
			}
		}
		if (at.start > last)
			return NULL;
		if (at.last >= start)
			return compat_hva_slot(node, idx);
		node = at.right;
	}
	return NULL;
}

/* The system call that the current task is in, by number; -1 if in none */
static __always_inline void syscall_read(struct mapping_record *rec)
{
	struct task_struct *task = bpf_get_current_task_btf();

	rec->syscall = -1;
	__builtin_memset(rec->args, 0, sizeof(rec->args));
	if (task->mm)
		compat_syscall_read(rec,
				    (void *)bpf_task_pt_regs((void *)task));
}

static __always_inline __u64 generation_of(const struct kvm *kvm, __u32 as_id)
{
	const struct kvm_memslots *slots = compat_memslots(kvm, as_id);

	return slots ? BPF_CORE_READ(slots, generation) : 0;
}

static __always_inline void mapping_told(const struct kvm *kvm, __u64 start,
					 __u64 end, __u32 event)
{
	const struct kvm_memory_slot *slot = NULL;
	struct mapping_record *rec;
	__u64 before = 0;
	bool moved = false;
	struct vm *vm;
	int as_id;

	if (!wanted(kvm))
		return;
	for (as_id = 0; as_id < 2 && !slot && !moved; as_id++) {
		const struct kvm_memslots *slots = compat_memslots(kvm, as_id);

		if (!slots)
			break;
		before = BPF_CORE_READ(slots, generation);
		slot = slot_in_range(slots, start, end - 1);
		moved = (before >> 63) || generation_of(kvm, as_id) != before;
	}
	if (!slot && !moved)
		return;
	vm = vm_get(kvm, (void *)bpf_get_current_task(), -1, true);
	rec = vm ? record_reserve(struct mapping_record, RECORD_MAPPING,
				  vm->serial, bpf_ktime_get_ns()) :
		   NULL;
	if (!rec)
		return;
	rec->head.duration_ns = 0;
	rec->start = start;
	rec->end = end;
	rec->kind = compat_mapping_kind(event);
	rec->slot = moved ? -1 : BPF_CORE_READ(slot, id);
	rec->as_id = moved ? 0 : BPF_CORE_READ(slot, as_id);
	rec->pad[0] = 0;
	rec->pad[1] = 0;
	syscall_read(rec);
	record_submit(rec);
}

static __always_inline const struct kvm *notifier_kvm(const void *notifier)
{
	return notifier - bpf_core_field_offset(struct kvm, mmu_notifier);
}

SEC("slotscope.fentry/kvm_mmu_notifier_invalidate_range_start")
int BPF_PROG(mapping_fentry, struct mmu_notifier *notifier,
	     struct mmu_notifier_range *range)
{
	mapping_told(notifier_kvm(notifier), range->start, range->end,
		     range->event);
	return 0;
}

SEC("kprobe/kvm_mmu_notifier_invalidate_range_start")
int BPF_KPROBE(mapping_kprobe, struct mmu_notifier *notifier,
	       struct mmu_notifier_range *range)
{
	mapping_told(notifier_kvm(notifier), BPF_CORE_READ(range, start),
		     BPF_CORE_READ(range, end), BPF_CORE_READ(range, event));
	return 0;
}
