/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the BPF programs hand to user space: plain C, the same layout for clang
 * -target bpf and for the host's compiler. Private to bpf/ and user/trace/,
 * which are always built together: it may change at any time.
 *
 * Guest frames and pages stay in the kernel's units; user space converts.
 */
#ifndef SLOTSCOPE_BPF_EVENTS_H
#define SLOTSCOPE_BPF_EVENTS_H

#include <linux/types.h>

/* KVM's ABI, here since a build machine's headers may be older than REGION2 */
#define KVM_IOC_CREATE_VM   0xae01
#define KVM_IOC_SET_REGION  0x4020ae46
#define KVM_IOC_SET_REGION2 0x40a0ae49
#define KVM_IOC_RUN	    0xae80
#define KVM_IOC_TYPE	    0xae

/* Other calls about memory, and of vCPUs */
#define KVM_IOC_CREATE_VCPU	0xae41
#define KVM_IOC_DIRTY_LOG	0x4010ae42
#define KVM_IOC_CLEAR_DIRTY_LOG 0xc018aec0
#define KVM_IOC_RESET_RINGS	0xaec7
#define KVM_IOC_GUEST_MEMFD	0xc040aed4
#define KVM_IOC_ATTRIBUTES	0x4020aed2

/* Of a vCPU */
#define KVM_IOC_PRE_FAULT 0xc040aed5

/*
 * The beginning of struct kvm_userspace_memory_region2; without the last two
 * members, of struct kvm_userspace_memory_region.
 */
struct region_args {
	__u32 slot;
	__u32 flags;
	__u64 gpa;
	__u64 size;
	__u64 hva;
	__u64 gmem_offset;
	__u32 gmem_fd;
	__u32 pad;
};

#define REGION_ARGS_SIZE 32 /* of the older request */

struct dirty_log_args {
	__u32 slot;
	__u32 pad;
	__u64 bitmap;
};

struct clear_log_args {
	__u32 slot;
	__u32 nr_pages;
	__u64 first_page;
	__u64 bitmap;
};

struct guest_memfd_args {
	__u64 size;
	__u64 flags;
};

struct attributes_args {
	__u64 address;
	__u64 size;
	__u64 attributes;
	__u64 flags;
};

struct pre_fault_args {
	__u64 gpa;
	__u64 size;
	__u64 flags;
	__u64 vcpu; /* KVM has another member here, which must be 0 */
};

/* What a call's argument points to; of KVM_CREATE_VCPU it is the number itself */
union call_args {
	struct region_args region;
	struct dirty_log_args dirty_log;
	struct clear_log_args clear_log;
	struct guest_memfd_args guest_memfd;
	struct attributes_args attributes;
	struct pre_fault_args pre_fault;
	__u64 number;
	__u64 words[6];
};

/*
 * Whose an entry of a table of calls in flight is (calls.h): its thread, and a part of
 * when it began, by which it is told from a later one. 0: nobody's.
 */
#define CALL_ENDING \
	(1ULL << 31) /* it is being told; more than a thread's number */

static inline __u64 call_owner(__u32 tid, __u64 start_ns)
{
	return start_ns << 32 | tid;
}

/* VMs that are known at a time: more than a machine has */
#define VMS_MAX (1 << 15)

/*
 * From here on the tracer's own VMs, by which it tries its hooks, have numbers. Others
 * may hold them longer than it does; what is told of them then is not to be taken for
 * another's, nor is their place among those known to be its place.
 */
#define SERIALS_OF_PROOF ((1ULL << 63) + VMS_MAX / 2)

enum record_type {
	RECORD_VM_CREATE = 1,
	RECORD_VM_DESTROY,
	RECORD_REQUEST,
	RECORD_CHANGE,
	RECORD_CALL,
	RECORD_RUN,
	RECORD_EXIT,
	RECORD_MAPPING,
	RECORD_FAULT,
	RECORD_GMEM_CLOSE,
	RECORD_PROCESS_EXIT,
	RECORD_FREE,
	RECORD_PROBE,
};

/* Why an event never made it into the ring */
enum record_loss {
	LOSS_RING_FULL,
	LOSS_MAP_FULL, /* no room to remember a call in flight, or a VM */
	LOSS_MISSED,   /* a call in flight whose end was not seen */
	LOSS_FILTERED, /* nobody asked for it */
	LOSSES,
};

/**
 * struct record - the head of every record in the ring
 * @lost: running totals at the time of the record, so that the reader knows
 *	  where in the stream something is missing; they wrap
 */
struct record {
	__u32 type;
	__u32 lost[LOSSES];
	__u64 time_ns;
	__u64 duration_ns;
	__u64 serial;
	__u32 tgid;
	__u32 tid;
	char comm[16];
};

/**
 * struct vm_record - a VM came or went
 * @start_ns: start of @tgid since boot
 * @call:     number of its end, which slots that are freed with it bear, too; 0: none
 * @fd:	      -1 if not known
 */
struct vm_record {
	struct record head;
	__u64 start_ns;
	__u64 call;
	__u32 tgid;
	__s32 fd;
};

/* What became of the stack of a request */
enum record_stack {
	STACK_NOT_ASKED,
	STACK_IN_RING, /* in the ring of stacks, and there before the request */
	STACK_NO_ROOM,
	STACK_NOT_READ,
};

/*
 * @call: number of this ioctl; changes that it made bear the same
 * @stack: enum record_stack
 */
struct request_record {
	struct record head;
	struct region_args args;
	__u64 call;
	__s32 result;
	__u8 region2;
	__u8 unread; /* @args could not be read */
	__u8 stack;
	__u8 pad;
};

#define STACK_PAGE	       4096 /* what is read at one go; no processor has less */
#define STACK_PAGES	       4
/* Bytes of struct pt_regs, as the kernel's user ABI has it */
#define STACK_REGS_BYTES_X86   168
#define STACK_REGS_BYTES_ARM64 272
#define STACK_REGS_BYTES_RISCV 256
#define STACK_REGS_ROOM	       288

/**
 * struct stack_record - who made a request, in the ring of stacks
 * @call:	 the request's
 * @start_code:	 what an exec changes in its memory; 0: not known
 * @start_stack: the same
 * @sp:		 address of @bytes: the page that the stack pointer is in
 * @nr_pages:	 so many pages could be read
 */
struct stack_record {
	__u64 call;
	__u64 start_code;
	__u64 start_stack;
	__u32 tgid;
	__u32 tid;
	__u64 sp;
	__u32 nr_pages;
	__u32 pad;
	__u8 regs[STACK_REGS_ROOM];
	__u8 bytes[STACK_PAGES * STACK_PAGE];
};

/**
 * struct call_record - an ioctl on a VM that is no request
 * @pages: as slot_call has it; all ones: not known
 * @cmd:   which
 */
struct call_record {
	struct record head;
	union call_args args;
	__u64 call;
	__u64 pages;
	__s32 result;
	__u32 cmd;
	__u8 unread;
	__u8 pad[7];
};

/** struct run_record - a vCPU went into KVM_RUN (@enter), or came out */
struct run_record {
	struct record head;
	__u64 generation;
	__u32 vcpu;
	__u8 enter;
	__u8 pad[3];
};

/**
 * struct exit_record - KVM_RUN ended, and not as always
 * @reason: KVM_EXIT_*
 * @data:   what struct kvm_run says of it
 */
struct exit_record {
	struct record head;
	__u64 rip;
	__u64 data[4];
	__s32 result;
	__u32 reason;
	__u32 vcpu;
	__u32 pad;
};

/* Why KVM_RUN ended; KVM's ABI */
enum exit_reason {
	EXIT_MMIO = 6,
	EXIT_SHUTDOWN = 8,
	EXIT_INTERNAL_ERROR = 17,
	EXIT_MEMORY_FAULT = 39,
};

enum mapping_kind {
	MAPPING_UNMAP,
	MAPPING_CLEAR,
	MAPPING_PROTECT,
	MAPPING_OTHER,
	MAPPING_MAP,
	MAPPING_UFFD,
	MAPPING_UFFD_END,
};

/**
 * struct mapping_record - what becomes of host memory that a slot has a part of
 * @start: first byte, and
 * @end:   one past the last
 * @kind:  enum mapping_kind
 * @slot:  -1: slots were just changing
 */
struct mapping_record {
	struct record head;
	__u64 start;
	__u64 end;
	__u64 args[4];
	__u32 kind;
	__s32 syscall;
	__s32 slot;
	__s32 result;
	__u32 uffd;
	__u16 as_id;
	__u8 pad[2];
};

enum fault_kind {
	FAULT_WAITS,
	FAULT_SERVED,
	FAULT_FAILED,
};

#define GPA_UNKNOWN (~0ULL)

/**
 * struct fault_record - guest memory that is long in coming, or does not come
 * @vcpu: -1: it is not a vCPU that waits
 * @kind: enum fault_kind
 */
struct fault_record {
	struct record head;
	__u64 gpa;
	__u64 hva;
	__s32 vcpu;
	__s32 result;
	__u32 kind;
	__u8 uffd;
	__u8 pad[3];
};

/* @dev: a kernel's dev_t */
struct gmem_record {
	struct record head;
	__u64 inode;
	__u32 dev;
	__u32 pad;
};

/* @status: as of waitpid() */
struct exited_record {
	struct record head;
	__s32 status;
	__u32 pad;
};

/* A struct kvm_memory_slot; nr_pages 0 where there is none */
struct slot_record {
	__u64 gfn;
	__u64 nr_pages;
	__u64 hva;
	__u64 gmem_pgoff;
	__u64 gmem_inode; /* of its guest_memfd; 0: none, or closed */
	__u32 gmem_dev;	  /* the inode's; a kernel's dev_t */
	__u32 flags;
	__s16 id;
	__u16 as_id;
	__u8 gmem_closed; /* it had a guest_memfd, and has none now */
	__u8 pad[3];
};

/** struct free_record - a slot goes with its VM, whose end is @call */
struct free_record {
	struct record head;
	__u64 call;
	struct slot_record slot;
};

/* As user/view has them */
#define PROBE_ARGS  9
#define PROBE_TEXTS 2
#define PROBE_TEXT  48

/**
 * struct probe_record - a static probe was come by
 * @args:    its arguments; 0 of those that are texts
 * @texts:   of arguments that are texts and could be read, in order
 * @kind:    which probe: its place in probe_kinds[]
 * @nr_args: so many it has
 * @is_text: a bit an argument
 * @unread:  the same of those that could not be read
 */
struct probe_record {
	struct record head;
	__u64 args[PROBE_ARGS];
	char texts[PROBE_TEXTS][PROBE_TEXT];
	__u32 kind;
	__s16 nr_args;
	__u16 is_text;
	__u16 unread;
	__u8 pad[6];
};

/**
 * struct change_record - what became of a memslot
 * @call:	of the request that made it; 0 if none did, or none was seen
 * @before:	generation when it began
 * @generation: and when it was over
 * @kind:	enum kvm_mr_change
 * @invalid_ns:	of the first swap of the active set in it, if it has two, and
 * @active_ns:	of the last; 0 if no hook tells
 * @unended:	a change before it began, and its end was not seen: that one is
 *		counted as lost when this is found out by other means, too
 */
struct change_record {
	struct record head;
	struct slot_record old;
	struct slot_record new;
	__u64 call;
	__u64 before;
	__u64 generation;
	__u64 invalid_ns;
	__u64 active_ns;
	__s32 kind;
	__s32 result;
	__u8 unended;
	__u8 pad[7];
};

/**
 * struct event_filter - which requests and changes are told
 * @active:	 not all are, of the VMs that are meant
 * @failed_only: those that failed
 * @whole:	 guest memory is no matter
 * @as_id:	 of this address space; -1: any
 * @slot:	 with this id; -1: any
 * @first_gpa:	 that have some guest memory from here
 * @last_gpa:	 to here; and the same in pages
 * @serial:	 of this VM alone; 0: any
 * @tgid:	 of this process's VM at
 * @fd:		 this descriptor. 0: any
 */
struct event_filter {
	__u8 active;
	__u8 failed_only;
	__u8 whole;
	__u8 pad;
	__s32 as_id;
	__s32 slot;
	__u32 tgid;
	__s32 fd;
	__u64 serial;
	__u64 first_gpa, last_gpa;
	__u64 first_gfn, last_gfn;
};

/* x86 has two address spaces; room for as many as a struct kvm could hold */
#define WALK_MAX_AS 4

enum walk_flags {
	WALK_OWNER = 1 << 0,   /* this process's memory is the VM's */
	WALK_CREATED = 1 << 1, /* told by a RECORD_VM_CREATE already */
	WALK_LOCKED =
		1 << 2, /* a change may be under way, and no hook tells of it */
	WALK_OVERFLOW = 1 << 3, /* more slots than room */
	WALK_MAP_FULL = 1 << 4, /* no room for the VM: serial is 0 */
	WALK_AGAIN = 1 << 5,	/* its slots are with another descriptor */
};

/**
 * struct walk_as - one address space of a VM
 * @before: generation when the walk of it began
 * @after:  and when it was over
 * @first:  its first slot in the array of slots walked
 * @nr:	    number of slots
 */
struct walk_as {
	__u64 before;
	__u64 after;
	__u32 first;
	__u32 nr;
};

/** struct walk_record - one descriptor of a VM, as the iterator found it */
struct walk_record {
	__u64 serial;
	__u64 start_ns;
	__u32 tgid;
	__s32 fd;
	__u32 flags;
	__u32 nr_as;
	char comm[16];
	struct walk_as as[WALK_MAX_AS];
};

/** struct task_record - one process, as the iterator over tasks found it */
struct task_record {
	__u64 start_ns;
	__u32 tgid;
	__u32 pad;
	char comm[16];
};

/**
 * struct walk_request - what the iterators are to do
 * @tgid:     only this process; 0 for all
 * @fd:	      only this descriptor; -1 for all
 * @run:      number of this walk
 * @next:     where in the array the next slots go; they are those of all VMs of
 *	      one walk, one after the other
 * @learn:    take what (@tgid, @fd) is for a VM, and learn to tell VMs by it; of
 *	      tasks: learn @tgid's memory
 * @slots:    walk the slots, too
 * @followed: only processes that are followed
 * @share:    follow the processes that share the memory learnt; those that are
 *	      new are counted in @shared
 */
struct walk_request {
	__u32 tgid;
	__s32 fd;
	__u32 run;
	__u32 next;
	__u32 shared;
	__u8 learn;
	__u8 slots;
	__u8 followed;
	__u8 share;
};

#endif
