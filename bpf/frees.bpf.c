// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Slots that are freed with their VM: KVM drops them without a change. Each comes by
 * kvm_arch_free_memslot(), as does one that is deleted; what tells them apart is that
 * nobody uses the VM any more.
 */
#include "state.h"

#include <linux/ptrace.h>
#include <bpf/bpf_tracing.h>

#include "compat.h"
#include "frees.h"

struct dying_map dying SEC(".maps");

static __always_inline void slot_freed(const struct kvm *kvm,
				       const struct kvm_memory_slot *slot,
				       bool direct)
{
	__u64 key = (unsigned long)kvm;
	const struct dying_vm *vm = bpf_map_lookup_elem(&dying, &key);
	struct free_record *rec;

	if (!vm || !compat_dying(kvm, direct))
		return;
	rec = record_reserve(struct free_record, RECORD_FREE, vm->serial,
			     bpf_ktime_get_ns());
	if (!rec)
		return;
	rec->head.duration_ns = 0;
	rec->call = vm->call;
	compat_slot_read(&rec->slot, slot, direct);
	record_submit(rec);
}

SEC("slotscope.fentry/kvm_arch_free_memslot")
int BPF_PROG(free_fentry, struct kvm *kvm, struct kvm_memory_slot *slot)
{
	slot_freed(kvm, slot, true);
	return 0;
}

SEC("kprobe/kvm_arch_free_memslot")
int BPF_KPROBE(free_kprobe, struct kvm *kvm, struct kvm_memory_slot *slot)
{
	slot_freed(kvm, slot, false);
	return 0;
}
