// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Which processes are followed: the one that user space names, those that share
 * its memory, and all that these make from then on, however far down, and
 * whoever becomes their parent when theirs ends.
 *
 * A process's number is free again some time before the kernel tells that the
 * process is freed. So its end is noted first, which makes nobody followed who
 * gets the number then, and only what still bears that note is taken out.
 *
 * How a VMM ends is told here, too.
 */
#include "state.h"

#include <bpf/bpf_tracing.h>

SEC("raw_tp/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent,
	     struct task_struct *child)
{
	__u32 tgid = BPF_CORE_READ(child, tgid), state = FOLLOWED;

	if (follow_all || tgid != (__u32)BPF_CORE_READ(child, pid) ||
	    !is_followed(BPF_CORE_READ(parent, tgid)))
		return 0;
	/* What it may do is lost to us then */
	if (bpf_map_update_elem(&followed, &tgid, &state, BPF_ANY))
		lose(LOSS_MAP_FULL);
	return 0;
}

#define SIGNAL_GROUP_EXIT 4 /* of signal_struct.flags: all end as one */

/* As its parent will be told: by all at once, or by its first thread */
static __always_inline void exit_told(const struct task_struct *task)
{
	struct exited_record *rec = record_reserve(struct exited_record,
						   RECORD_PROCESS_EXIT, 0,
						   bpf_ktime_get_ns());

	if (!rec)
		return;
	rec->head.duration_ns = 0;
	BPF_CORE_READ_INTO(&rec->head.comm, task, group_leader, comm);
	if (BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT)
		rec->status = BPF_CORE_READ(task, signal, group_exit_code);
	else
		rec->status = BPF_CORE_READ(task, group_leader, exit_code);
	rec->pad = 0;
	record_submit(rec);
}

SEC("raw_tp/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
	__u32 tgid = BPF_CORE_READ(task, tgid), state = FOLLOWED_ENDED;

	__sync_fetch_and_add(&names_changed, 1);
	if (BPF_CORE_READ(task, signal, live.counter))
		return 0;
	bpf_map_update_elem(&followed, &tgid, &state, BPF_EXIST);
	if (!bpf_map_delete_elem(&vmms, &tgid) && !ending)
		exit_told(task);
	return 0;
}

SEC("raw_tp/sched_process_free")
int BPF_PROG(process_free, struct task_struct *task)
{
	__u32 tgid = BPF_CORE_READ(task, tgid), *state;

	if (tgid != (__u32)BPF_CORE_READ(task, pid))
		return 0;
	state = bpf_map_lookup_elem(&followed, &tgid);
	if (state && *state == FOLLOWED_ENDED)
		bpf_map_delete_elem(&followed, &tgid);
	return 0;
}

SEC("raw_tp/task_rename")
int BPF_PROG(process_rename, struct task_struct *task)
{
	__sync_fetch_and_add(&names_changed, 1);
	return 0;
}
