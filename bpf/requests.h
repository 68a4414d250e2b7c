/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Requests and other calls that are under way, and that will be told when they end */
#ifndef SLOTSCOPE_BPF_REQUESTS_H
#define SLOTSCOPE_BPF_REQUESTS_H

#include <bpf/bpf_helpers.h>

#include "calls.h"
#include "kernel_types.h"

struct request_call {
	__u64 owner;
	__u64 start_ns;
	__u64 serial;
	__u64 named;	 /* @comm was read when names_changed was this, */
	__u32 named_tid; /* and is this thread's */
	__u32 pad2;
	union comm comm;
	const struct kvm *kvm;
	unsigned long arg;
	__u64 nr;
	union call_args args;
	__u32 cmd;
	__u8 unread;
	__u8 change_told; /* one that it made */
	__u8 pad[2];
	/* where the counting of a bitmap stands */
	__u64 bitmap;
	__u64 words;
	__u64 pages;
};

struct requests_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct request_call);
};
extern struct requests_map requests SEC(".maps");

#endif
