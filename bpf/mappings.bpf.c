// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What is about to be taken from under a slot: the kernel tells KVM of it by an MMU
 * notifier, whoever does it, a truncate() of a file by another process too. KVM looks
 * the range up in its tree of host addresses, and so do we: what no slot has is not
 * told.
 */
#include "under.h"

#include "spans.h"

static __always_inline void mapping_told(const struct kvm *kvm, __u64 start,
					 __u64 end, __u32 event)
{
	enum mapping_kind kind = compat_mapping_kind(event);
	const struct kvm_memory_slot *slot;
	struct mapping_record *rec;
	struct vm *vm;

	/* Of mprotect() the call itself is told: there may be no page yet */
	if (!wanted(kvm) || (kind == MAPPING_PROTECT && span_of_thread()))
		return;
	if (!slot_over(kvm, start, end, &slot))
		return;
	vm = vm_get(kvm, (void *)bpf_get_current_task(), -1, true);
	rec = vm ? mapping_record(vm, slot, start, end, kind,
				  bpf_ktime_get_ns()) :
		   NULL;
	if (rec)
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
