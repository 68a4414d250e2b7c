/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which slot lies over host memory, and what is told of that memory */
#ifndef SLOTSCOPE_BPF_UNDER_H
#define SLOTSCOPE_BPF_UNDER_H

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

static __always_inline __u64 generation_of(const struct kvm *kvm, __u32 as_id)
{
	const struct kvm_memslots *slots = compat_memslots(kvm, as_id);

	return slots ? BPF_CORE_READ(slots, generation) : 0;
}

/**
 * slot_over() - has a slot of @kvm, or may one have, a part of [@start, @end)?
 * @slot: it; NULL: slots were just changing, there may be one or none
 */
static __always_inline bool slot_over(const struct kvm *kvm, __u64 start,
				      __u64 end,
				      const struct kvm_memory_slot **slot)
{
	*slot = NULL;
	for (int as_id = 0; as_id < 2; as_id++) {
		const struct kvm_memslots *slots = compat_memslots(kvm, as_id);
		__u64 before;

		if (!slots)
			return false;
		before = BPF_CORE_READ(slots, generation);
		*slot = slot_in_range(slots, start, end - 1);
		if ((before >> 63) || generation_of(kvm, as_id) != before) {
			*slot = NULL;
			return true;
		}
		if (*slot)
			return true;
	}
	return false;
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

static __always_inline struct mapping_record *
mapping_record(const struct vm *vm, const struct kvm_memory_slot *slot,
	       __u64 start, __u64 end, __u32 kind, __u64 since_ns)
{
	struct mapping_record *rec = record_reserve(
		struct mapping_record, RECORD_MAPPING, vm->serial, since_ns);

	if (!rec)
		return NULL;
	rec->head.duration_ns = 0;
	rec->start = start;
	rec->end = end;
	rec->kind = kind;
	rec->slot = slot ? BPF_CORE_READ(slot, id) : -1;
	rec->as_id = slot ? BPF_CORE_READ(slot, as_id) : 0;
	rec->result = 0;
	rec->uffd = 0;
	rec->pad[0] = 0;
	rec->pad[1] = 0;
	syscall_read(rec);
	return rec;
}

#endif
