/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How many pages a dirty log's bitmap names */
#ifndef SLOTSCOPE_BPF_DIRTY_H
#define SLOTSCOPE_BPF_DIRTY_H

#include "compat.h"
#include "requests.h"

#define PAGES_UNKNOWN (~0ULL)

/* Words at a step, and steps at the most: 512 GiB of pages of 4 KiB */
#define COUNT_WORDS 16
#define COUNT_STEPS (1 << 17)

/* Slots in one bucket of the hash: 32,764 slots in 128, if ids are all there */
#define BUCKET_STEPS 4096

static __always_inline __u32 bits_set(__u64 word)
{
	word -= word >> 1 & 0x5555555555555555ULL;
	word = (word & 0x3333333333333333ULL) +
	       (word >> 2 & 0x3333333333333333ULL);
	word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return word * 0x0101010101010101ULL >> 56;
}

/* That of this thread, while it is being told */
static __always_inline struct request_call *call_told_now(void)
{
	return call_find(&requests, (__u32)bpf_get_current_pid_tgid() |
					    (__u32)CALL_ENDING);
}

/*
 * What a step needs is in the thread's call, in the map: what is on the stack older
 * verifiers take for constant (see walk.bpf.c), and they take nothing else.
 */
static long count_step(__u32 i, void *unused)
{
	struct request_call *call = call_told_now();
	__u64 words[COUNT_WORDS] = {};
	__u64 nr;

	if (!call || !call->words)
		return 1;
	nr = call->words;
	if (nr >= COUNT_WORDS)
		nr = COUNT_WORDS;
	else
		nr &= COUNT_WORDS - 1; /* for the verifier */
	if (bpf_probe_read_user(words, nr * sizeof(words[0]),
				(void *)call->bitmap)) {
		call->pages = PAGES_UNKNOWN;
		return 1;
	}
	for (int j = 0; j < COUNT_WORDS; j++)
		call->pages += bits_set(words[j]);
	call->bitmap += COUNT_WORDS * sizeof(words[0]);
	call->words -= nr;
	return 0;
}

/* Where the search for a slot stands, in the same place */
static long find_step(__u32 i, void *unused)
{
	struct request_call *call = call_told_now();
	struct kvm_memory_slot *slot;
	struct hlist_node *node;

	if (!call || !call->bitmap)
		return 1;
	node = (void *)call->bitmap;
	slot = compat_slot(node, call->words);
	if ((__u16)BPF_CORE_READ(slot, id) ==
	    (__u16)call->args.dirty_log.slot) {
		call->pages = BPF_CORE_READ(slot, npages);
		return 1;
	}
	call->bitmap = (unsigned long)BPF_CORE_READ(node, next);
	return 0;
}

/* Pages of the slot that KVM_GET_DIRTY_LOG named; 0: there is none any more */
static __always_inline __u64 slot_pages(struct request_call *call)
{
	__u32 word = call->args.dirty_log.slot;
	const struct kvm_memslots *slots =
		compat_memslots(call->kvm, word >> 16);
	__u32 buckets = compat_buckets();
	__u32 bucket = 0;

	if (!slots)
		return 0;
	/* hash_min() of a u32: the upper bits of its product */
	bucket = (word & 0xffff) * 0x61c88647U;
	bucket = (__u64)bucket * buckets >> 32;
	call->bitmap = (unsigned long)compat_bucket(slots, bucket);
	call->words = BPF_CORE_READ(slots, node_idx);
	call->pages = 0;
	bpf_loop(BUCKET_STEPS, find_step, NULL, 0);
	return call->pages;
}

/** dirty_pages() - the bits set in a dirty log that the kernel took or gave */
static __always_inline __u64 dirty_pages(struct request_call *call)
{
	__u64 pages;

	switch (call->cmd) {
	case KVM_IOC_DIRTY_LOG:
		pages = slot_pages(call);
		call->bitmap = call->args.dirty_log.bitmap;
		break;
	case KVM_IOC_CLEAR_DIRTY_LOG:
		pages = call->args.clear_log.nr_pages;
		call->bitmap = call->args.clear_log.bitmap;
		break;
	default:
		return PAGES_UNKNOWN;
	}
	call->words = (pages + 63) / 64;
	if (!pages || call->words > (__u64)COUNT_WORDS * COUNT_STEPS)
		return PAGES_UNKNOWN;
	call->pages = 0;
	bpf_loop(COUNT_STEPS, count_step, NULL, 0);
	return call->pages;
}

#endif
