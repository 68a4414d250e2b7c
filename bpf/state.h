/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps and variables that all programs share, and the way into the ring */
#ifndef SLOTSCOPE_BPF_STATE_H
#define SLOTSCOPE_BPF_STATE_H

#include <stdbool.h>

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "calls.h"
#include "kernel_types.h"

/* Sizes here are those user space starts from; it sets them before loading */
struct ring_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
};
extern struct ring_map ring SEC(".maps");

/*
 * What is known of a VM. Its place among them is its number's, so whoever remembers
 * that finds it at once; @kvm, which never leaves here, says whether it is still there.
 */
struct vm {
	__u64 kvm; /* 0: nobody's place */
	__u64 serial;
	__u64 start_ns;
	__u32 tgid;
	__s32 fd;
	__u32 walk;   /* number of the walk that was here last */
	__u8 created; /* told by a RECORD_VM_CREATE */
	__u8 traced;  /* a followed process made it, has it or asked it */
	__u8 open;    /* 1 << as_id: a change began, and has not ended */
	__u8 stacked; /* a request's stack was handed over */
};

struct vms_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, VMS_MAX);
	__type(key, __u32);
	__type(value, struct vm);
};
extern struct vms_map vms SEC(".maps");

/* The numbers of VMs by their struct kvm */
struct serials_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, VMS_MAX);
	__type(key, __u64);
	__type(value, __u64);
};
extern struct serials_map serials SEC(".maps");

/* Processes whose VMs are traced; see processes.bpf.c */
enum follow_state {
	FOLLOWED = 1,
	FOLLOWED_ENDED, /* its number is not free yet, or is another's */
};

struct followed_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1 << 16);
	__type(key, __u32);   /* process */
	__type(value, __u32); /* enum follow_state */
};
extern struct followed_map followed SEC(".maps");

/*
 * Processes that made a VM that is traced, or asked something of one: how they end
 * is told.
 */
struct vmms_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1 << 16);
	__type(key, __u32); /* process */
	__type(value, __u8);
};
extern struct vmms_map vmms SEC(".maps");

/* Classes of events that were asked for; set before loading */
extern const volatile bool tell_calls;
extern const volatile bool tell_vcpus;
extern const volatile bool tell_mmio;
extern const volatile bool tell_frees;
extern const volatile __u64 page_size;

extern const volatile bool
	preempts; /* the kernel preempts programs, and skips some */

extern volatile struct event_filter filter; /* none while hooks are proven */
extern volatile bool follow_all;
extern volatile bool stacks_wanted; /* who makes requests is to be told, too */
extern volatile bool ending;	    /* what begins from now on is not told */
extern volatile __u32 wakeup_bytes; /* wake the reader above so many */
extern volatile __u32 stack_wakeup_bytes;
extern volatile bool destroy_seen; /* the end of a VM is hooked, and */
extern volatile bool changes_seen; /* what becomes of its slots */
extern volatile __u64 vm_fops;	   /* file_operations of a VM's descriptor */
extern volatile __u64 last_serial;
extern volatile __u64 last_call;
extern volatile __u64 asleep_ns; /* a fault that takes as long is told */
extern volatile __u32 lost[LOSSES];

static __always_inline void lose(enum record_loss loss)
{
	__sync_fetch_and_add(&lost[loss], 1);
}

/**
 * call_entered() - the current thread has entered a hooked function
 * @table: calls of that function in flight
 *
 * A thread is in one call at a time, so what is still in flight when the next
 * begins, whatever it is for, has ended without our seeing it: it is counted,
 * and dropped before the end of this call is taken for its own. Not for fentry:
 * of what that misses the kernel itself keeps count.
 */
static __always_inline void call_entered(void *table)
{
	__u64 *owner = call_find(table, (__u32)bpf_get_current_pid_tgid());

	if (owner && call_take(owner)) {
		call_release(owner);
		lose(LOSS_MISSED);
	}
}

/** left_behind() - call_entered() of calls that are in a hash, as few are made */
static __always_inline void left_behind(void *calls)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();

	if (bpf_map_lookup_elem(calls, &tid) &&
	    !bpf_map_delete_elem(calls, &tid))
		lose(LOSS_MISSED);
}

/** vm_of_serial() - the VM that had this number a moment ago, if it is @kvm */
static __always_inline struct vm *vm_of_serial(__u64 serial,
					       const struct kvm *kvm)
{
	__u32 at = serial & (VMS_MAX - 1);
	struct vm *vm = bpf_map_lookup_elem(&vms, &at);

	return vm && vm->kvm == (unsigned long)kvm ? vm : NULL;
}

/** vm_find() - what is known of a VM; NULL: nothing */
static __always_inline struct vm *vm_find(const struct kvm *kvm)
{
	__u64 key = (unsigned long)kvm;
	__u64 *serial = bpf_map_lookup_elem(&serials, &key);

	return serial ? vm_of_serial(*serial, kvm) : NULL;
}

/** vm_forget() - it is not there any more */
static __always_inline void vm_forget(struct vm *vm)
{
	__u64 key = vm->kvm;

	bpf_map_delete_elem(&serials, &key);
	vm->kvm = 0;
}

/** is_followed() - are a process's VMs to be traced? */
static __always_inline bool is_followed(__u32 tgid)
{
	__u32 *state;

	if (follow_all)
		return true;
	state = bpf_map_lookup_elem(&followed, &tgid);
	return state && *state == FOLLOWED;
}

static __always_inline bool current_is_followed(void)
{
	return !ending && is_followed(bpf_get_current_pid_tgid() >> 32);
}

/** vm_meant() - is it the one that alone is to be told of, as far as is known? */
static __always_inline bool vm_meant(const struct vm *vm)
{
	if (filter.serial && vm->serial != filter.serial)
		return false;
	return !filter.tgid ||
	       (vm->tgid == filter.tgid &&
		(filter.fd < 0 || vm->fd < 0 || vm->fd == filter.fd));
}

/**
 * wanted() - is what happens to a VM to be told?
 *
 * A VM is traced whole, whoever does something with it: KVM takes requests from
 * every process that shares the memory of the one that made it.
 */
static __always_inline bool vm_wanted(const struct vm *vm)
{
	if (vm && !vm_meant(vm))
		return false;
	return (vm && vm->traced && !ending) || current_is_followed();
}

static __always_inline bool wanted(const struct kvm *kvm)
{
	return vm_wanted(vm_find(kvm));
}

/* What the kernel counts: threads that have ended, or have another name by now */
extern volatile bool names_watched;
extern volatile __u64 names_changed;

/* Cheaper than bpf_get_current_comm() */
static __always_inline void comm_read(char comm[16])
{
	const struct task_struct *task = (void *)bpf_get_current_task();

	bpf_probe_read_kernel(comm, 16,
			      (const void *)task +
				      bpf_core_field_offset(task->comm));
}

/* @comm: the current thread's, if it is known already; or NULL */
static __always_inline void record_fill(struct record *head,
					enum record_type type, __u64 serial,
					__u64 start_ns, const union comm *comm)
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
	if (comm)
		*(union comm *)head->comm = *comm;
	else
		comm_read(head->comm);
}

/**
 * record_reserve() - room for one struct @rec_type in the ring, head filled
 *
 * NULL, and counted, if there is none. To be handed to record_submit().
 */
#define record_reserve(rec_type, type, serial, start_ns) \
	record_reserve_named(rec_type, type, serial, start_ns, NULL)

/* Where the thread's name has been read already */
#define record_reserve_named(rec_type, type, serial, start_ns, comm)           \
	({                                                                     \
		rec_type *rec_ = bpf_ringbuf_reserve(&ring, sizeof(*rec_), 0); \
		if (rec_)                                                      \
			record_fill(&rec_->head, type, serial, start_ns,       \
				    comm);                                     \
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

/** vmm_note() - a process of whom it is to be told how it ends */
static __always_inline void vmm_note(__u32 tgid)
{
	__u8 there = 1;

	if (!bpf_map_lookup_elem(&vmms, &tgid) &&
	    bpf_map_update_elem(&vmms, &tgid, &there, BPF_ANY))
		lose(LOSS_MAP_FULL);
}

/** vmm_note_current() - it asks something of @vm */
static __always_inline void vmm_note_current(const struct vm *vm)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	if (tgid != vm->tgid)
		vmm_note(tgid);
}

/* After each number whose place is taken a leap: VMs that stay stand side by side */
#define VM_TRIES 16
#define VM_LEAP	 1031

/* A number whose place is free; NULL if there is none */
static __always_inline struct vm *vm_place(const struct kvm *kvm, __u64 *serial)
{
	for (int i = 0; i < VM_TRIES; i++) {
		struct vm *vm;
		__u32 at;

		*serial =
			__sync_fetch_and_add(&last_serial, i ? VM_LEAP : 1) + 1;
		at = *serial & (VMS_MAX - 1);
		vm = bpf_map_lookup_elem(&vms, &at);
		if (vm && !__sync_val_compare_and_swap(&vm->kvm, 0,
						       (unsigned long)kvm))
			return vm;
	}
	return NULL;
}

static __always_inline struct vm *vm_new(const struct kvm *kvm,
					 const struct task_struct *task, int fd)
{
	__u64 key = (unsigned long)kvm, serial;
	struct vm *vm = vm_place(kvm, &serial);

	if (!vm)
		return NULL;
	vm->serial = serial;
	vm->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	vm->tgid = BPF_CORE_READ(task, tgid);
	vm->fd = fd;
	vm->walk = 0;
	vm->created = 0;
	vm->traced = 0;
	vm->open = 0;
	vm->stacked = 0;
	if (!bpf_map_update_elem(&serials, &key, &serial, BPF_NOEXIST))
		return vm;
	/* Another processor was faster: then its number counts */
	vm->kvm = 0;
	return vm_find(kvm);
}

/**
 * vm_get() - what is known of a VM; it is given a number at first sight
 * @task:   a task of the VMM
 * @fd:	    its descriptor; -1 if not known
 * @traced: whether it is to be traced from now on; one that is stays so
 *
 * Return: NULL, and counted, if there is no room for one more.
 */
static __always_inline struct vm *vm_get(const struct kvm *kvm,
					 const struct task_struct *task, int fd,
					 bool traced)
{
	struct vm *vm = vm_find(kvm);

	if (!vm)
		vm = vm_new(kvm, task, fd);
	if (!vm) {
		lose(LOSS_MAP_FULL);
	} else if (traced && !vm->traced) {
		vm->traced = true;
		vmm_note(vm->tgid);
	}
	return vm;
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
