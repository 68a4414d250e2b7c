/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Changes that are under way, and that will be told when they are over */
#ifndef SLOTSCOPE_BPF_CHANGES_H
#define SLOTSCOPE_BPF_CHANGES_H

#include <bpf/bpf_helpers.h>

#include "events.h"
#include "kernel_types.h"

struct change_call {
	__u64 start_ns;
	const struct kvm *kvm;
	struct slot_record old;
	struct slot_record new;
	__s32 kind;
	__u32 pad;
};

struct changes_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32); /* thread */
	__type(value, struct change_call);
};
extern struct changes_map changes SEC(".maps");

#endif
