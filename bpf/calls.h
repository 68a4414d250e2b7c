/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Calls in flight, by thread: tables whose entries are found by the thread's number, as
 * a hash costs a VMM more than all that is done with it. An entry is one of the few
 * behind the thread's own place; its first word says whose it is. User space maps the
 * tables, and takes out what nobody will come back for (user/trace/calls.c).
 */
#ifndef SLOTSCOPE_BPF_CALLS_H
#define SLOTSCOPE_BPF_CALLS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "events.h"

/* One less than the number of entries, which is a power of two */
extern const volatile __u32 calls_mask;

/* A thread's name; to be handed on by two loads, not sixteen */
union comm {
	char text[16];
	__u64 words[2];
};

/* So many places behind its own may a thread's call be at */
#define CALL_PROBES 4

/** call_find() - what thread @tid has in flight in @table; NULL: nothing */
static __always_inline void *call_find(void *table, __u32 tid)
{
#pragma unroll
	for (__u32 i = 0; i < CALL_PROBES; i++) {
		__u32 at = (tid + i) & calls_mask;
		__u64 *owner = bpf_map_lookup_elem(table, &at);

		if (owner && (__u32)*owner == tid)
			return owner;
	}
	return NULL;
}

/** call_place() - where @tid's calls are, if nobody else's is; with what was left there */
static __always_inline void *call_place(void *table, __u32 tid)
{
	__u32 at = tid & calls_mask;

	return bpf_map_lookup_elem(table, &at);
}

/**
 * call_claim() - room for what thread @tid begins; NULL, and to be counted: none
 *
 * What is in it is what another call left there.
 */
static __always_inline void *call_claim(void *table, __u32 tid, __u64 start_ns)
{
	__u64 mine = call_owner(tid, start_ns);

#pragma unroll
	for (__u32 i = 0; i < CALL_PROBES; i++) {
		__u32 at = (tid + i) & calls_mask;
		__u64 *owner = bpf_map_lookup_elem(table, &at);

		if (!owner)
			return NULL;
		if ((__u32)*owner == tid) {
			*owner = mine;
			return owner;
		}
		if (!*owner && !__sync_val_compare_and_swap(owner, 0, mine))
			return owner;
	}
	return NULL;
}

/** call_take() - it is over; false if user space took it away just now */
static __always_inline bool call_take(__u64 *owner)
{
	__u64 mine = *owner;

	return __sync_val_compare_and_swap(owner, mine, mine | CALL_ENDING) ==
	       mine;
}

/** call_release() - room for others */
static __always_inline void call_release(__u64 *owner)
{
	*owner = 0;
}

#endif
