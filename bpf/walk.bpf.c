// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The iterator that finds every VM by its descriptors, and its slots. The file
 * that the iterator shows us holds the VM; nothing holds its slots still, so
 * the generation is read before and after, and the caller tries again if it
 * moved. Garbage from a walk that was overtaken cannot hurt: every read may
 * fail, and the number of steps is bounded.
 */
#include "state.h"

#include <bpf/bpf_tracing.h>

#include "changes.h"
#include "compat.h"

#define MAX_STEPS (1 << 18) /* 4 address spaces of 32767 slots, and buckets */

/* The slots walked; user space sets its size, and maps it */
struct walked_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct slot_record);
};
struct walked_map walked SEC(".maps");

volatile struct walk_request walk;

/*
 * Where a walk stands. Not on the stack: until ab5cfac139ab "bpf: verify
 * callbacks as if they are called unknown number of times" (6.7) the verifier
 * believed that a callback of bpf_loop() finds there what it finds the first
 * time, and threw the code for all other times away.
 */
static volatile struct {
	const struct kvm_memslots *slots;
	struct hlist_node *node;
	__u32 bucket;
	__u32 node_idx;
	bool overflow;
} at;

/* One step: to the next bucket, or over one slot */
static long step(__u32 i, void *unused)
{
	struct hlist_node *node = at.node;
	struct slot_record *rec;
	__u32 next = walk.next;

	if (!node) {
		if (at.bucket >= compat_buckets())
			return 1;
		at.node = compat_bucket(at.slots, at.bucket++);
		return 0;
	}
	rec = bpf_map_lookup_elem(&walked, &next);
	if (!rec) {
		at.overflow = true;
		return 1;
	}
	compat_slot_read(rec, compat_slot(node, at.node_idx), false);
	walk.next = next + 1;
	at.node = BPF_CORE_READ(node, next);
	return 0;
}

/* Walk one address space; its slots follow those of the one before */
static __always_inline bool walk_as(const struct kvm *kvm, __u32 as_id,
				    struct walk_as *as)
{
	const struct kvm_memslots *slots = compat_memslots(kvm, as_id);

	if (!slots)
		return false;
	as->before = BPF_CORE_READ(slots, generation);
	as->first = walk.next;
	if (walk.slots) {
		at.slots = slots;
		at.node = NULL;
		at.bucket = 0;
		at.node_idx = BPF_CORE_READ(slots, node_idx);
		bpf_loop(MAX_STEPS, step, NULL, 0);
	}
	as->nr = walk.next - as->first;
	/* Another set may be the active one by now: its generation tells */
	slots = compat_memslots(kvm, as_id);
	as->after = BPF_CORE_READ(slots, generation);
	return true;
}

/*
 * May a change be under way that began before our hooks were there? Nobody
 * would tell of it, and it may not be in the slots yet. It holds the lock.
 */
static __always_inline bool change_untold(const struct kvm *kvm)
{
	const struct task_struct *owner = compat_slots_owner(kvm);
	__u32 tid;

	if (!owner)
		return false;
	tid = BPF_CORE_READ(owner, pid);
	return !call_find(&changes, tid);
}

/*
 * Threads share the descriptors of their process. For one process, 6.1 shows
 * them for each thread, later kernels once.
 */
static __always_inline bool shown_before(const struct task_struct *task)
{
	const struct task_struct *leader = BPF_CORE_READ(task, group_leader);

	return task != leader &&
	       BPF_CORE_READ(task, files) == BPF_CORE_READ(leader, files);
}

SEC("iter/task_file")
int walk_files(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct walk_record rec = {};
	__u32 first = walk.next;
	const struct kvm *kvm;
	struct vm *vm;

	if (!task || !file || shown_before(task))
		return 0;
	rec.tgid = BPF_CORE_READ(task, tgid);
	rec.fd = ctx->fd;
	if (walk.tgid && walk.tgid != rec.tgid)
		return 0;
	if (walk.fd >= 0 && walk.fd != rec.fd)
		return 0;
	if (walk.followed && !is_followed(rec.tgid))
		return 0;
	if (walk.learn)
		vm_fops = (unsigned long)BPF_CORE_READ(file, f_op);
	kvm = file_kvm(file);
	if (!kvm)
		return 0;

	vm = vm_get(kvm, task, rec.fd, is_followed(rec.tgid));
	if (vm) {
		rec.serial = vm->serial;
		rec.flags |= vm->created ? WALK_CREATED : 0;
		rec.flags |= vm->walk == walk.run ? WALK_AGAIN : 0;
		vm->walk = walk.run;
	} else {
		rec.flags |= WALK_MAP_FULL;
	}
	rec.start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	BPF_CORE_READ_INTO(&rec.comm, task, group_leader, comm);
	if (BPF_CORE_READ(task, mm) == BPF_CORE_READ(kvm, mm))
		rec.flags |= WALK_OWNER;
	if (rec.flags & WALK_AGAIN)
		goto out;
	/* First: a change that begins after this, the hooks tell */
	if (change_untold(kvm))
		rec.flags |= WALK_LOCKED;
	at.overflow = false;
	for (int i = 0; i < WALK_MAX_AS; i++) {
		if (!walk_as(kvm, i, &rec.as[i]))
			break;
		rec.nr_as++;
	}
	if (at.overflow)
		rec.flags |= WALK_OVERFLOW;
out:
	/* No room there: it is shown to us again, once the reader has made some */
	if (bpf_seq_write(ctx->meta->seq, &rec, sizeof(rec)) &&
	    !(rec.flags & WALK_AGAIN)) {
		walk.next = first;
		if (vm)
			vm->walk = 0;
	}
	return 0;
}

/* The memory that walk_tasks() has learnt; 0: none */
static volatile __u64 learnt_mm;

/* Processes: those that share memory, or those that are followed */
SEC("iter/task")
int walk_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct task_record rec = {};
	__u32 state = FOLLOWED;
	__u64 mm;

	if (!task)
		return 0;
	rec.tgid = BPF_CORE_READ(task, tgid);
	/* Any thread will do: a process's first may have ended before others */
	mm = (unsigned long)BPF_CORE_READ(task, mm);
	if (walk.learn && mm && rec.tgid == walk.tgid)
		learnt_mm = mm;
	if (walk.share && mm && mm == learnt_mm &&
	    !bpf_map_update_elem(&followed, &rec.tgid, &state, BPF_NOEXIST))
		walk.shared++;
	if (!walk.followed || rec.tgid != (__u32)BPF_CORE_READ(task, pid) ||
	    !is_followed(rec.tgid) ||
	    !BPF_CORE_READ(task, signal, live.counter))
		return 0;
	rec.start_ns = BPF_CORE_READ(task, start_boottime);
	BPF_CORE_READ_INTO(&rec.comm, task, comm);
	bpf_seq_write(ctx->meta->seq, &rec, sizeof(rec));
	return 0;
}
