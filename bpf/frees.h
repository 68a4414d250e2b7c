/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* VMs that are being destroyed, of which it is told what goes with them */
#ifndef SLOTSCOPE_BPF_FREES_H
#define SLOTSCOPE_BPF_FREES_H

#include "state.h"

struct dying_vm {
	__u64 serial;
	__u64 call;
};

/* A thread destroys one VM at a time: of those that are remembered the oldest is gone */
struct dying_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64); /* its struct kvm */
	__type(value, struct dying_vm);
};
extern struct dying_map dying SEC(".maps");

/** dying_begin() - it is being destroyed; returns the number of that, 0: not told */
static __always_inline __u64 dying_begin(const struct kvm *kvm,
					 const struct vm *vm)
{
	struct dying_vm dies = {};
	__u64 key = (unsigned long)kvm;

	if (!tell_frees)
		return 0;
	dies.serial = vm->serial;
	dies.call = __sync_fetch_and_add(&last_call, 1) + 1;
	if (bpf_map_update_elem(&dying, &key, &dies, BPF_ANY)) {
		lose(LOSS_MAP_FULL);
		return 0;
	}
	return dies.call;
}

/** dying_forget() - another VM, of which nothing is told, was at the same place */
static __always_inline void dying_forget(const struct kvm *kvm)
{
	__u64 key = (unsigned long)kvm;

	if (tell_frees)
		bpf_map_delete_elem(&dying, &key);
}

#endif
