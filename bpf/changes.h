/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Changes that are under way, and that will be told when they are over */
#ifndef SLOTSCOPE_BPF_CHANGES_H
#define SLOTSCOPE_BPF_CHANGES_H

#include <bpf/bpf_helpers.h>

#include "calls.h"
#include "kernel_types.h"

struct change_call {
	__u64 owner;
	__u64 start_ns;
	__u64 serial;
	const struct kvm *kvm;
	const struct kvm_memory_slot *old_slot;
	const struct kvm_memory_slot *new_slot;
	struct slot_record old;
	struct slot_record new;
	__u64 call;
	__u64 before;
	__u64 invalid_ns;
	__u64 active_ns;
	__s32 kind;
	__u16 as_id;
	__u8 unended;
	__u8 pad;
};

struct changes_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct change_call);
};
extern struct changes_map changes SEC(".maps");

#endif
