/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps and variables that all programs share, and the way into the ring */
#ifndef SLOTSCOPE_BPF_STATE_H
#define SLOTSCOPE_BPF_STATE_H

#include <stdbool.h>

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "events.h"
#include "kernel_types.h"

/* Sizes here are those user space starts from; it sets them before loading */
struct ring_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
};
extern struct ring_map ring SEC(".maps");

/* What is known of a VM; found by its struct kvm, which never leaves here */
struct vm {
	__u64 serial;
	__u64 start_ns;
	__u32 tgid;
	__s32 fd;
	__u8 created; /* told by a RECORD_VM_CREATE */
	__u8 pad[7];
};

struct vms_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct vm);
};
extern struct vms_map vms SEC(".maps");

extern volatile __u32 filter_tgid;  /* 0: all */
extern volatile __u32 wakeup_bytes; /* wake the reader above so many */
extern volatile bool destroy_seen;  /* the end of a VM is hooked */
extern volatile __u64 vm_fops;	    /* file_operations of a VM's descriptor */
extern volatile __u64 last_serial;
extern volatile __u32 lost[LOSSES];

static __always_inline void lose(enum record_loss loss)
{
	__sync_fetch_and_add(&lost[loss], 1);
}

/**
 * call_missed_end() - count a call of this thread that has no end
 * @calls: calls in flight, by thread
 *
 * A thread is in one call at a time, so what is still in flight when the next
 * begins has ended without our seeing it. Not for fentry: of what that misses
 * the kernel itself keeps count.
 */
static __always_inline void call_missed_end(void *calls)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();

	if (bpf_map_lookup_elem(calls, &tid))
		lose(LOSS_MISSED);
}

/** wanted() - is the current process to be traced? */
static __always_inline bool wanted(void)
{
	__u32 filter = filter_tgid;

	return !filter || filter == bpf_get_current_pid_tgid() >> 32;
}

static __always_inline void record_fill(struct record *head,
					enum record_type type, __u64 serial,
					__u64 start_ns)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();

	head->type = type;
	for (int i = 0; i < LOSSES; i++)
		head->lost[i] = lost[i];
	head->time_ns = start_ns;
	head->duration_ns = bpf_ktime_get_ns() - start_ns;
	head->serial = serial;
	head->tgid = pid_tgid >> 32;
	head->tid = (__u32)pid_tgid;
	bpf_get_current_comm(head->comm, sizeof(head->comm));
}

/**
 * record_reserve() - room for one struct @rec_type in the ring, head filled
 *
 * NULL, and counted, if there is none. To be handed to record_submit().
 */
#define record_reserve(rec_type, type, serial, start_ns)                       \
	({                                                                     \
		rec_type *rec_ = bpf_ringbuf_reserve(&ring, sizeof(*rec_), 0); \
		if (rec_)                                                      \
			record_fill(&rec_->head, type, serial, start_ns);      \
		else                                                           \
			lose(LOSS_RING_FULL);                                  \
		rec_;                                                          \
	})

/*
 * Waking the reader costs a VMM more than the record itself, so the reader
 * looks by itself now and then, and is woken only when the ring fills up.
 */
static __always_inline void record_submit(void *rec)
{
	__u64 waiting = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);

	bpf_ringbuf_submit(rec, waiting >= wakeup_bytes ? BPF_RB_FORCE_WAKEUP :
							  BPF_RB_NO_WAKEUP);
}

/**
 * vm_get() - what is known of a VM; it is given a number at first sight
 * @task: a task of the VMM
 * @fd:	  its descriptor; -1 if not known
 *
 * Return: NULL, and counted, if there is no room for one more.
 */
static __always_inline struct vm *vm_get(const struct kvm *kvm,
					 const struct task_struct *task, int fd)
{
	__u64 key = (unsigned long)kvm;
	struct vm *known = bpf_map_lookup_elem(&vms, &key);
	struct vm vm = {};

	if (known)
		return known;
	vm.serial = __sync_fetch_and_add(&last_serial, 1) + 1;
	vm.start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	vm.tgid = BPF_CORE_READ(task, tgid);
	vm.fd = fd;
	/* Another processor may have been faster: then its number counts */
	bpf_map_update_elem(&vms, &key, &vm, BPF_NOEXIST);
	known = bpf_map_lookup_elem(&vms, &key);
	if (!known)
		lose(LOSS_MAP_FULL);
	return known;
}

/** fd_file() - the current process's file behind @fd, or NULL */
static __always_inline struct file *fd_file(unsigned int fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(fdt, fd);
	struct file *file = NULL;

	if (fd < BPF_CORE_READ(fdt, max_fds))
		bpf_probe_read_kernel(&file, sizeof(file), &files[fd]);
	return file;
}

/** file_kvm() - the VM whose descriptor @file is, or NULL if it is none */
static __always_inline struct kvm *file_kvm(const struct file *file)
{
	__u64 fops = vm_fops;

	if (!file || !fops || (unsigned long)BPF_CORE_READ(file, f_op) != fops)
		return NULL;
	return BPF_CORE_READ(file, private_data);
}

#endif
