/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Host memory with which a thread is busy, and the VMs that have it in a slot */
#ifndef SLOTSCOPE_BPF_SPANS_H
#define SLOTSCOPE_BPF_SPANS_H

#include <bpf/bpf_helpers.h>

#include "events.h"
#include "kernel_types.h"

enum span_use {
	SPAN_BEGUN, /* by a call that has not ended */
	SPAN_TELL,  /* what became of it, to each VM that has it */
	SPAN_WAIT,  /* somebody waits for it */
};

/**
 * struct span - a piece of a process's memory
 * @node:  where the walk over those who are told of changes in it stands
 * @kind:  enum mapping_kind
 * @use:   enum span_use
 * @arg:   what the call was given, where its end tells more
 */
struct span {
	const struct mm_struct *mm;
	const struct hlist_node *node;
	__u64 start;
	__u64 end;
	__u64 since_ns;
	__u64 arg[3];
	__u32 kind;
	__u32 use;
	__s32 result;
	__u32 uffd;
};

struct spans_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32); /* thread */
	__type(value, struct span);
};
extern struct spans_map spans SEC(".maps");

static __always_inline struct span *span_of_thread(void)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(&spans, &tid);
}

#endif
