/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The types that every part of slotscope speaks: what happened (slot_event),
 * what is (slot_state), what lies under it (host_map), and how far each can be
 * trusted (coverage). Pure: no I/O, no clock.
 *
 * A producer (our model, a real QEMU, the module, the tracer) makes states or
 * events; fold() turns a log of events into a state; crosscheck() compares
 * states; renderers print. None of them knows where a state came from beyond
 * what the state itself says.
 *
 * Addresses and sizes are in bytes everywhere. Where the kernel counts pages
 * or guest frame numbers (gfn), the producer converts.
 */
#ifndef SLOTSCOPE_VIEW_H
#define SLOTSCOPE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <slotscope/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint64_t gpa_t; /* guest physical address */
typedef uint64_t hva_t; /* host virtual address, in the VMM */

/**
 * struct vm_id - which VM
 * @boot_id:	/proc/sys/kernel/random/boot_id; empty if not known
 * @tgid:	the VMM's process; 0 if not known
 * @start_time:	of @tgid, field 22 of /proc/PID/stat, in clock ticks since
 *		boot: a pid that was used again is another VM
 * @fd:		the VM's descriptor in @tgid (its lowest, if it has several);
 *		-1 if not known
 * @serial:	number that the tracer gave this VM; 0 if none did. Unique for
 *		one run of the tracer, no kernel pointer
 */
struct vm_id {
	char boot_id[37];
	pid_t tgid;
	uint64_t start_time;
	int fd;
	uint64_t serial;
};

/* slot.flags: the values are those of KVM_MEM_* and KVM_MEMSLOT_* */
enum {
	SLOT_LOG_DIRTY = 1U << 0,   /* KVM_MEM_LOG_DIRTY_PAGES */
	SLOT_READONLY = 1U << 1,    /* KVM_MEM_READONLY */
	SLOT_GUEST_MEMFD = 1U << 2, /* KVM_MEM_GUEST_MEMFD */
	SLOT_INVALID = 1U << 16,    /* under update: in transition, not wrong */
	SLOT_GMEM_ONLY = 1U << 17,  /* all its memory is the guest_memfd's */
};

/* slot.gmem: what became of a slot's guest_memfd */
enum slot_gmem {
	SLOT_GMEM_UNKNOWN, /* not known, or the slot never had one */
	SLOT_GMEM_OPEN,	   /* it is bound to the slot; @gmem_offset holds */
	SLOT_GMEM_CLOSED,  /* closed: its memory is gone, the slot lives on */
};

/* slot.share: what a VMM says of the memory behind a range of its MODEL */
enum slot_share {
	SLOT_SHARE_UNKNOWN, /* nothing */
	SLOT_SHARE_ON,	    /* others may have it mapped, too */
	SLOT_SHARE_OFF,	    /* it is its own */
};

/* What a state, or one slot of it, can or cannot speak for */
enum slot_field {
	SLOT_FIELD_ID = 1U << 0,
	SLOT_FIELD_GPA = 1U << 1,
	SLOT_FIELD_SIZE = 1U << 2,
	SLOT_FIELD_HVA = 1U << 3,
	SLOT_FIELD_READONLY = 1U << 4,
	SLOT_FIELD_LOG_DIRTY = 1U << 5,
	SLOT_FIELD_GUEST_MEMFD = 1U << 6, /* the flag, not fd and offset */
	SLOT_FIELD_HIDDEN = 1U << 7,	  /* would KVM's own slots be here? */
	SLOT_FIELD_GENERATION = 1U << 8,
};

#define SLOT_FIELDS_ALL ((1U << 9) - 1)

/**
 * struct slot - one range of guest memory, as one view has it
 * @as_id:	address space; 1 is SMM on x86
 * @id:		slot number within @as_id; -1 if not known
 * @gpa:	guest physical address of its first byte
 * @size:	bytes; never 0 in a state
 * @hva:	address of its first byte in the VMM; 0 may be one: @unknown and
 *		the state's coverage say if it is known
 * @flags:	SLOT_*
 * @gmem_fd:	guest_memfd that the request named, a descriptor of the VMM;
 *		-1 if none or not known
 * @gmem_offset: bytes into that file
 * @gmem:	enum slot_gmem: is that file still there? Closing it moves no
 *		generation
 * @gmem_dev:	the file's st_dev, and
 * @gmem_ino:	its st_ino; both 0 if not known
 * @share:	enum slot_share, in a MODEL
 * @hidden:	KVM made it for itself (TSS, identity map, APIC access page)
 * @unknown:	SLOT_FIELD_*: what could not be learnt for this slot, though the
 *		state covers it in general
 * @name:	where it came from, for people: "pc.ram" in a MODEL. NULL if
 *		there is nothing to say. Owned by the slot_state
 * @offset:	bytes into what @name names; 0 without a name
 * @seq:	number of the event that made it; 0 in views without events
 */
struct slot {
	uint16_t as_id;
	int32_t id;
	gpa_t gpa;
	uint64_t size;
	hva_t hva;
	uint32_t flags;
	int32_t gmem_fd;
	uint64_t gmem_offset;
	enum slot_gmem gmem;
	dev_t gmem_dev;
	uint64_t gmem_ino;
	enum slot_share share;
	bool hidden;
	uint32_t unknown;
	char *name;
	uint64_t offset;
	uint64_t seq;
};

/**
 * struct blind_range - a range for which a view cannot speak
 * @why: for people; owned by the coverage
 */
struct blind_range {
	uint16_t as_id;
	gpa_t gpa;
	uint64_t size;
	char *why;
};

/**
 * struct coverage - what a view can speak for
 * @fields:	SLOT_FIELD_* that its slots carry
 * @since_ns:	CLOCK_MONOTONIC at which its knowledge of the VM begins; 0 if it
 *		knows all of the VM's life (or, for a snapshot, needs none)
 * @at_ns:	CLOCK_MONOTONIC of the moment it describes
 * @lost:	events (or records) known to be lost; the view may be wrong
 *		wherever it is not 0
 * @truncated:	cut off: there was more than was read
 * @blind:	ranges for which it cannot speak; sorted by (as_id, gpa), disjoint
 * @nr_blind:	their number
 *
 * What is not covered is not compared. What was to be covered and was lost is
 * a finding of kind unknown. Nothing is ever guessed.
 */
struct coverage {
	uint32_t fields;
	uint64_t since_ns;
	uint64_t at_ns;
	uint64_t lost;
	bool truncated;
	struct blind_range *blind;
	size_t nr_blind;
};

/**
 * struct slot_as - one address space of a state
 * @covered:	the view speaks for this address space at all
 * @generation:	KVM's memslot generation, with bit 63 (update in progress)
 *		taken out; meaningless without SLOT_FIELD_GENERATION
 * @updating:	that bit: an update was under way
 * @torn:	its slots changed while they were read, faster than they could be:
 *		each stood at some time, not all of them at once, and @generation is
 *		that of the last. What changed may be there as it never was, and
 *		the rest as far as @coverage says
 * @base_generation: of the BASE slots that a log began with; 0 without
 */
struct slot_as {
	bool covered;
	uint64_t generation;
	bool updating;
	bool torn;
	uint64_t base_generation;
	bool in_base; /* private */
};

/*
 * Who holds a copy of the guest's memory map, or tells of one. An open list: one
 * more is a line here, a row in user/view/party.c and, if it is to be compared, in
 * user/check/pairs.c. Nobody counts them.
 */
enum party_id {
	PARTY_MODEL, /* what the VMM means */
	PARTY_TRACED, /* what requests and changes, as they were seen, add up to */
	PARTY_KERNEL,  /* what KVM holds */
	PARTY_BACKING, /* what is mapped in the VMM */
};

/* What is particular about a party's copy */
enum party_trait {
	/* what is meant, not what was asked for: of any size and place */
	PARTY_MEANS = 1U << 0,
	/* what KVM holds, at first hand or not */
	PARTY_HOLDS = 1U << 1,
	/* follows a log: with an event lost it may be wrong anywhere */
	PARTY_FOLLOWS = 1U << 2,
	/* of host addresses (a host_map): it lies under what others have */
	PARTY_GROUND = 1U << 3,
};

/**
 * struct party - what is to be known of a party
 * @name:    in tables and sentences: "KERNEL"
 * @key:     in JSON: "kernel"
 * @nothing: what it has where it has nothing: "no slot"
 * @traits:  PARTY_*
 */
struct party {
	const char *name;
	const char *key;
	const char *nothing;
	uint32_t traits;
};

/** party_of() - what is known of a party, which is one of the enum */
const struct party *party_of(enum party_id id);

/** party_by_key() - the party that JSON calls @key; false if there is none */
bool party_by_key(const char *key, enum party_id *out);

/**
 * struct slot_state - the slots of one VM at one moment, as one view has them
 * @party:	whose view
 * @vm:		which VM
 * @coverage:	how far to trust it
 * @as:		address spaces, by as_id
 * @nr_as:	their number, from the VM (never a constant: arm64 has one). A log
 *		tells only of those that had an event
 * @whole_life:	made from a log that has the VM's creation: an address space
 *		that is not in @as never had a slot
 * @gone:	the VM was destroyed: no slots, and none to come
 * @walked:	the slots that no event made (their @seq is 0) are as a BPF iterator
 *		read them. Of those, two states that are so are one word, not two
 * @slots:	sorted by (as_id, gpa, id); a MODEL has one slot a flat range
 * @nr_slots:	their number
 *
 * Owned by the caller: slot_state_init(), slot_state_deinit().
 */
struct slot_state {
	enum party_id party;
	struct vm_id vm;
	struct coverage coverage;
	struct slot_as *as;
	size_t nr_as;
	bool whole_life;
	bool gone;
	bool walked;
	struct slot *slots;
	size_t nr_slots;
	size_t cap_slots; /* private */
};

enum slot_event_type {
	SLOT_EVENT_VM_CREATE, /* the log holds the VM's whole life from here */
	SLOT_EVENT_VM_DESTROY,
	SLOT_EVENT_BASE,     /* a slot that stood when tracing began */
	SLOT_EVENT_BASE_END, /* all of one address space's BASE slots told */
	SLOT_EVENT_REQUEST,  /* KVM_SET_USER_MEMORY_REGION or REGION2 */
	SLOT_EVENT_CHANGE,   /* a memslot created, deleted, moved, reflagged */
	SLOT_EVENT_EXIT, /* a vCPU left KVM_RUN for what memory is, or is not */
	SLOT_EVENT_LOST, /* events are missing here */
	SLOT_EVENT_CALL, /* KVM was asked for something else about memory */
	SLOT_EVENT_VCPU, /* a vCPU was made, went into the guest or came out */
	SLOT_EVENT_MAPPING, /* the mapping under a slot is taken away, or changed */
	SLOT_EVENT_FAULT, /* guest memory is long in coming, or does not come */
	SLOT_EVENT_GMEM_CLOSE, /* a guest_memfd is closed: its slots lose it */
	SLOT_EVENT_PROCESS_EXIT, /* a VMM ended */
	SLOT_EVENT_UNKNOWN, /* of a recording: of a kind that is newer than we are */
	SLOT_EVENT_FREE,  /* a slot that stood when its VM ended goes with it */
	SLOT_EVENT_PROBE, /* a VMM came by a static probe in its program */
	SLOT_EVENT_TYPES,
};

/* The values are those of enum kvm_mr_change */
enum slot_change_kind {
	SLOT_CREATE,
	SLOT_DELETE,
	SLOT_MOVE,
	SLOT_FLAGS_ONLY,
};

/**
 * struct slot_request - what the VMM asked for
 * @region2:	 by KVM_SET_USER_MEMORY_REGION2
 * @slot:	 the raw slot word: id, with the address space in the upper half
 * @flags:	 the raw flags word, unknown bits included
 * @gmem_fd:	 REGION2's guest_memfd; -1 otherwise
 * @result:	 what the ioctl returned: 0 or a negative errno
 * @unread:	 the arguments could not be read from the VMM's memory; only
 *		 @result is valid
 */
struct slot_request {
	bool region2;
	bool unread;
	uint32_t slot;
	uint32_t flags;
	gpa_t gpa;
	uint64_t size;
	hva_t hva;
	int32_t gmem_fd;
	uint64_t gmem_offset;
	int32_t result;
};

/* What else KVM is asked about memory. The values are those of recordings */
enum slot_call_kind {
	SLOT_CALL_DIRTY_LOG,	   /* KVM_GET_DIRTY_LOG */
	SLOT_CALL_CLEAR_DIRTY_LOG, /* KVM_CLEAR_DIRTY_LOG */
	SLOT_CALL_RESET_RINGS,	   /* KVM_RESET_DIRTY_RINGS */
	SLOT_CALL_GUEST_MEMFD,	   /* KVM_CREATE_GUEST_MEMFD */
	SLOT_CALL_ATTRIBUTES,	   /* KVM_SET_MEMORY_ATTRIBUTES */
	SLOT_CALL_PRE_FAULT,	   /* KVM_PRE_FAULT_MEMORY */
	SLOT_CALL_KINDS,
};

#define SLOT_PAGES_UNKNOWN UINT64_MAX

/**
 * struct slot_call - an ioctl about memory that is no request for a slot
 * @kind:   which
 * @unread: as of a request: only @kind and @result are valid
 * @slot:   DIRTY_LOG, CLEAR_DIRTY_LOG: the raw slot word; PRE_FAULT: the vCPU's id
 * @start:  CLEAR_DIRTY_LOG: bytes into the slot; ATTRIBUTES, PRE_FAULT: a gpa
 * @size:   of that range; of a GUEST_MEMFD
 * @flags:  of a GUEST_MEMFD, of PRE_FAULT; ATTRIBUTES: the new ones
 *	    (KVM_MEMORY_ATTRIBUTE_*)
 * @pages:  DIRTY_LOG: found dirty; CLEAR_DIRTY_LOG: named in the bitmap;
 *	    RESET_RINGS: reset; PRE_FAULT: got, also of one that failed half way.
 *	    SLOT_PAGES_UNKNOWN if not known
 * @result: a negative errno; else what it returned: of a GUEST_MEMFD its
 *	    descriptor
 */
struct slot_call {
	enum slot_call_kind kind;
	bool unread;
	uint32_t slot;
	uint64_t start;
	uint64_t size;
	uint64_t flags;
	uint64_t pages;
	int32_t result;
};

enum slot_vcpu_kind {
	SLOT_VCPU_CREATE, /* KVM_CREATE_VCPU */
	SLOT_VCPU_ENTER,  /* into KVM_RUN */
	SLOT_VCPU_LEAVE,  /* out of it */
	SLOT_VCPU_KINDS,
};

/**
 * struct slot_vcpu - a vCPU came, or ran
 * @id:		what KVM_CREATE_VCPU was given
 * @result:	of CREATE: its descriptor, or a negative errno
 * @generation: of ENTER and LEAVE: of address space 0 then
 *
 * There is no event a run. Only the first ENTER and the first LEAVE of a vCPU behind
 * each change of generation are told: so for each change the log says who was inside
 * (whose next event is a LEAVE) and who went in before the next (an ENTER).
 */
struct slot_vcpu {
	enum slot_vcpu_kind kind;
	uint32_t id;
	int32_t result;
	uint64_t generation;
};

enum slot_exit_reason {
	SLOT_EXIT_MMIO,		  /* no slot there: KVM_EXIT_MMIO */
	SLOT_EXIT_MEMORY_FAULT,	  /* KVM_EXIT_MEMORY_FAULT */
	SLOT_EXIT_INTERNAL_ERROR, /* KVM_EXIT_INTERNAL_ERROR */
	SLOT_EXIT_SHUTDOWN,	  /* KVM_EXIT_SHUTDOWN: a triple fault */
	SLOT_EXIT_ERRNO,	  /* KVM_RUN itself failed */
	SLOT_EXIT_REASONS,
};

/**
 * struct slot_exit - why a vCPU is no longer in the guest
 * @reason: why
 * @vcpu:   id of the vCPU; -1 if not known
 * @gpa:    MMIO, MEMORY_FAULT: which guest memory; else 0
 * @len:    bytes of it
 * @write:  MMIO: the guest wrote
 * @flags:  MEMORY_FAULT: KVM_MEMORY_EXIT_FLAG_*; INTERNAL_ERROR: its suberror
 * @rip:    the guest's instruction; 0 if not known
 * @result: of KVM_RUN: 0, or a negative errno (never EINTR or EAGAIN)
 */
struct slot_exit {
	enum slot_exit_reason reason;
	int32_t vcpu;
	gpa_t gpa;
	uint64_t len;
	bool write;
	uint64_t flags;
	uint64_t rip;
	int32_t result;
};

/*
 * What the kernel's memory management announces (enum mmu_notifier_event), of pages
 * that are there or not; and what of it is told by the system call, at its end, as
 * the kernel announces nothing where no page is. The values are those of recordings
 */
enum slot_mapping_kind {
	SLOT_MAPPING_UNMAP,    /* it goes: munmap, mremap, mmap over it */
	SLOT_MAPPING_CLEAR,    /* its pages go: madvise, truncate, hole, copy */
	SLOT_MAPPING_PROTECT,  /* other rights: mprotect */
	SLOT_MAPPING_OTHER,    /* migration, and what else the kernel does */
	SLOT_MAPPING_MAP,      /* something is mapped there now: mmap, mremap */
	SLOT_MAPPING_UFFD,     /* userfaultfd is to answer for it from now on */
	SLOT_MAPPING_UFFD_END, /* and no longer */
	SLOT_MAPPING_KINDS,
};

/**
 * struct slot_mapping - what lies under a slot is about to change, or has
 * @kind:  what becomes of it. UNMAP, CLEAR, OTHER: about to. MAP, UFFD: done.
 *	   PROTECT: done, by mprotect(); else about to
 * @hva:   first byte, in the VMM
 * @size:  bytes; they may reach beyond the slot
 * @as_id: of one slot that has some of it
 * @slot:  its id; -1: slots were just changing, there may be none
 * @syscall: in which system call, by the kernel's number; -1: in none
 * @args:  its first four
 * @result: of what is done: 0, or a negative errno. mprotect() may have changed
 *	   some of it all the same
 * @uffd:  UFFD: UFFDIO_REGISTER_MODE_*: what it is to answer
 */
struct slot_mapping {
	enum slot_mapping_kind kind;
	hva_t hva;
	uint64_t size;
	uint16_t as_id;
	int32_t slot;
	int32_t syscall;
	uint64_t args[4];
	int32_t result;
	uint32_t uffd;
};

#define SLOT_GPA_UNKNOWN UINT64_MAX

/* The values are those of recordings */
enum slot_fault_kind {
	SLOT_FAULT_WAITS,  /* it is not there yet */
	SLOT_FAULT_SERVED, /* it came, late */
	SLOT_FAULT_FAILED, /* it cannot be had */
	SLOT_FAULT_KINDS,
};

/**
 * struct slot_fault - guest memory that was touched, and was not simply there
 * @kind:   what became of it, since slot_event.time_ns and within duration_ns
 * @vcpu:   id of the vCPU that waits; -1: somebody else who touches it for the guest
 * @gpa:    which guest memory; SLOT_GPA_UNKNOWN: the processor told another kind of
 *	    address (shadow paging, a nested guest)
 * @hva:    where it is in the VMM; 0: not known
 * @uffd:   whoever answers userfaultfd is waited for
 * @result: of FAILED: a negative errno
 *
 * WAITS is told once, when it has taken as long as tracer_options.asleep_ns; SERVED
 * only of what took as long.
 */
struct slot_fault {
	enum slot_fault_kind kind;
	int32_t vcpu;
	gpa_t gpa;
	hva_t hva;
	bool uffd;
	int32_t result;
};

/**
 * struct slot_gmem_close - a guest_memfd has no descriptor any more
 * @dev: its st_dev, and
 * @ino: st_ino, as slots have it (slot.gmem_dev)
 *
 * The slots that it is bound to stay, without memory. No generation tells of it.
 */
struct slot_gmem_close {
	dev_t dev;
	uint64_t ino;
};

/**
 * struct slot_process_exit - a process that made a VM, or asked something of one
 * @status: as of waitpid(2)
 */
struct slot_process_exit {
	int32_t status;
};

/* Arguments of a static probe, and the bytes of a text that are kept of it */
#define SLOT_PROBE_ARGS	 9
#define SLOT_PROBE_TEXTS 2
#define SLOT_PROBE_TEXT	 48

/**
 * struct slot_probe - a static probe (USDT) that a VMM's thread came by
 * @provider: who named it: "slotscope", "qemu"
 * @name:     which: "region_map"
 * @form:     a letter an argument: t: text, x: address, size or flags, d: a number
 *	      with a sign, ?: it could not be read
 * @args:     its arguments; 0 where @form has t or ?
 * @texts:    those of @form's t, in order, cut to fit; each ends with NUL
 */
struct slot_probe {
	char provider[16];
	char name[32];
	char form[SLOT_PROBE_ARGS + 1];
	char texts[SLOT_PROBE_TEXTS][SLOT_PROBE_TEXT];
	uint64_t args[SLOT_PROBE_ARGS];
};

/**
 * struct slot_change - what the kernel did
 * @kind:	what kind of change
 * @before:	the slot as it was; size 0 for a creation. @name is NULL
 * @after:	the slot as it is; size 0 for a deletion
 * @generation:	of the address space once the change had taken effect
 * @generation_before: of the address space when the change began. Slots change
 *		one at a time, so it is that of the last change before, or changes
 *		went unseen. 0: not known, or the first change of all
 * @result:	0, or the negative errno with which it failed (nothing changed)
 * @invalid_ns: of a delete or move: since when nobody could use the old slot, by
 *		CLOCK_MONOTONIC. 0: not known; TRACER_CLASS_WINDOWS was not asked for
 * @active_ns:	when what is new took effect (after a failure: what was before).
 *		For a delete or move there was nothing there from @invalid_ns on
 */
struct slot_change {
	enum slot_change_kind kind;
	struct slot before;
	struct slot after;
	uint64_t generation;
	uint64_t generation_before;
	int32_t result;
	uint64_t invalid_ns;
	uint64_t active_ns;
};

/* Every way to lose an event. A count of each is in struct slot_lost. */
enum slot_lost_reason {
	SLOT_LOST_RING_FULL, /* no room in the ring buffer */
	SLOT_LOST_MISSED,    /* the kernel skipped the probe (recursion, ...) */
	SLOT_LOST_MAP_FULL,  /* no room to remember a call in flight */
	SLOT_LOST_UNREAD,    /* arguments in user memory could not be read */
	SLOT_LOST_CUT,	     /* a recording ends before its end */
	SLOT_LOST_GAP,	     /* events in the middle of a recording are gone */
	SLOT_LOST_DAMAGED, /* they stand in it, and not as they were written */
	SLOT_LOST_DROPPED, /* they were not kept: what follows tells how it stood */
	SLOT_LOST_FILTERED, /* nobody asked for them: no fault, but no whole log */
	SLOT_LOST_REASONS,
};

/** struct slot_lost - how many were lost, by reason */
struct slot_lost {
	uint64_t count[SLOT_LOST_REASONS];
};

/**
 * struct slot_event - one thing that happened; also the record of a recording
 * @seq:	 number in the log, from 1; a hole is a loss. A LOST takes the place of
 *		 the events it counts: the next number is so much above its own. Where
 *		 a recording is read from its middle, BASE, BASE_END and LOST events say
 *		 how things stood: all bear the number of the last event before
 * @time_ns:	 CLOCK_MONOTONIC at its beginning
 * @duration_ns: of a request, change, call or fault; 0 elsewhere
 * @serial:	 the VM's (vm_id.serial); 0 in a LOST that may concern any VM, in a
 *		 PROCESS_EXIT and in a PROBE
 * @tgid:	 process and
 * @tid:	 thread that did it
 * @comm:	 the thread's name
 * @call:	 the ioctl that it is part of: a request and the changes that it
 *		 made bear one number, which nothing else in the log has. Changes
 *		 are logged before their request, which ends after them. Likewise
 *		 the end of a VM and the slots that are freed with it. 0: not known
 * @stack:	 of a request: number of the stack of who made it; 0: nobody asked
 *		 for stacks. Equal stacks have one number
 * @type:	 which of the union's members holds
 */
struct slot_event {
	uint64_t seq;
	uint64_t time_ns;
	uint64_t duration_ns;
	uint64_t serial;
	pid_t tgid;
	pid_t tid;
	char comm[16];
	uint64_t call;
	uint64_t stack;
	enum slot_event_type type;
	union {
		struct vm_id vm;  /* VM_CREATE, VM_DESTROY */
		struct slot base; /* BASE */
		struct {
			uint16_t as_id;
			uint64_t generation;
			uint64_t start_time; /* of tgid, as in vm_id; 0: not known */
			int32_t fd; /* the VM's there, if that is known */
		} base_end;	    /* BASE_END */
		struct slot_request request;
		struct slot_change change;
		struct slot_exit exit;
		struct slot_call kvm_call;
		struct slot_vcpu vcpu;
		struct slot_mapping mapping;
		struct slot_fault fault;
		struct slot_gmem_close gmem_close;
		struct slot_process_exit process_exit;
		struct slot freed; /* FREE */
		struct slot_probe probe;
		struct {
			enum slot_lost_reason reason;
			uint64_t count;
		} lost;
		struct {
			uint32_t kind; /* of its record: trace/recording_format.h */
		} unknown;
	};
};

/**
 * struct slot_log - events in order of @seq; grows, owned by the caller
 * @folded:    up to this number events were left out on purpose: what is not there
 *	       changes nothing of which slots there are. 0: none were
 * @forgotten: up to this one more was left out than that: what touched a range then is
 *	       not known any more
 */
struct slot_log {
	struct slot_event *events;
	size_t nr;
	size_t cap; /* private */
	uint64_t folded;
	uint64_t forgotten;
};

/* What a mapping is of */
enum host_file {
	HOST_FILE_UNKNOWN, /* of a file at which nobody looked */
	HOST_FILE_NONE,	   /* anonymous memory */
	HOST_FILE_REGULAR, /* memfd, hugetlbfs and deleted files among them */
	HOST_FILE_BLOCK,   /* a block device */
	HOST_FILE_DEVICE,  /* what a driver hands out: no size tells its end */
};

/* host_range.vm_flags: what smaps says of a mapping in its line VmFlags */
enum {
	HOST_UFFD_MISSING = 1U << 0, /* um: userfaultfd answers first touches */
	HOST_UFFD_WP = 1U << 1,	     /* uw: ... and writes */
	HOST_UFFD_MINOR = 1U << 2,   /* ui: ... and pages not yet mapped */
	HOST_PFN = 1U << 3,	     /* pf: no struct page behind it */
	HOST_IO = 1U << 4,	     /* io: registers of a device */
	HOST_DONTEXPAND = 1U << 5,   /* de: mremap() may not grow it */
	HOST_HUGETLB = 1U << 6,	     /* ht: hugetlbfs, or MAP_HUGETLB */
	HOST_VM_FLAGS = 7,	     /* their number */
	HOST_UFFD = HOST_UFFD_MISSING | HOST_UFFD_WP | HOST_UFFD_MINOR,
};

/* host_range.thp: may the kernel put huge pages there by itself? */
enum host_thp {
	HOST_THP_UNKNOWN,
	HOST_THP_NO,
	HOST_THP_YES,
};

/**
 * struct host_range - one mapping of the VMM, a line of /proc/PID/maps
 * @start: first byte
 * @end:   one past the last byte
 * @path:  file or "[heap]", NULL for anonymous memory; owned by the host_map
 * @file:  what kind of file; HOST_FILE_NONE if @inode is 0
 * @reach: bytes from the file's begin that there are, rounded up to whole
 *	   pages: to touch what lies beyond is SIGBUS. Only of a regular file or
 *	   a block device; host_range_reach() knows the rest
 * @page_size: bytes of the kernel's page size here; 0 if not known
 * @detailed: smaps was read: @vm_flags and @copied hold
 * @vm_flags: HOST_UFFD_MISSING and so on
 * @thp:    enum host_thp: smaps' THPeligible, which hugetlbfs has not
 * @copied: of a private mapping of a file: bytes in memory that are copies and
 *	   may differ from the file. 0 elsewhere
 */
struct host_range {
	hva_t start;
	hva_t end;
	bool read;
	bool write;
	bool shared;
	uint64_t offset;
	uint32_t dev_major;
	uint32_t dev_minor;
	uint64_t inode;
	enum host_file file;
	uint64_t reach;
	uint64_t page_size;
	bool detailed;
	uint32_t vm_flags;
	enum host_thp thp;
	uint64_t copied;
	char *path;
};

/**
 * struct host_map - BACKING: what lies under the VMM's addresses
 * @ranges:    sorted by start, disjoint
 * @truncated: reading ended early; an address above the last range may be
 *	       mapped or not
 * @written:   it is a text that somebody has kept: the files in it cannot be looked at
 * @at_ns:     CLOCK_MONOTONIC of the reading
 */
struct host_map {
	struct host_range *ranges;
	size_t nr;
	bool truncated;
	bool written;
	uint64_t at_ns;
};

/*
 * What is wrong with one of KVM's indexes of its slots, and what seen and expected
 * of struct index_fault are. The values are SLOTSCOPE_FAULT_* of the module. An open
 * list: a newer module may tell of one that is not here.
 */
enum index_fault_kind {
	INDEX_SLOT = 1, /* the slot's own id, address space or size cannot be */
	INDEX_ID_HASH,	/* hash of ids: none by that id, or another; buckets */
	INDEX_GFN_TREE, /* it is not in the tree of gfns */
	INDEX_GFN_ORDER, /* ... begins there before the one before it ends; gpas */
	INDEX_HVA_TREE,	 /* it is not in the tree of hvas */
	INDEX_HVA_RANGE, /* ... is there with another range; hvas */
	INDEX_HVA_ORDER, /* that tree is not in order; hvas */
	INDEX_SETS, /* one of the two sets lacks it, or has another; 1: has */
	INDEX_NR_PAGES, /* count of all slots' pages: KVM's, and theirs */
	INDEX_LOOP,	/* an index goes round */
	INDEX_NR_DIRTY_LOGGING, /* count of slots with dirty logging; likewise */
	INDEX_FAULT_KINDS,
};

/**
 * struct index_fault - one way in which KVM's indexes of its slots disagree
 * @kind:     enum index_fault_kind, or a value that is not there
 * @as_id:    address space
 * @inactive: in the set that the next change is prepared in, not in the one in use
 * @slot_id:  slot, as it calls itself; -1 if it is about none
 * @gpa:      of that slot
 * @seen:     what KVM has, and
 * @expected: what follows from the rest
 */
struct index_fault {
	uint32_t kind;
	uint16_t as_id;
	bool inactive;
	int32_t slot_id;
	gpa_t gpa;
	uint64_t seen;
	uint64_t expected;
};

/**
 * struct index_audit - KVM's hash of ids, tree of gfns and tree of hvas, held against
 * each other while KVM could not change them: of one moment by itself
 * @faults:    owned; none in a healthy KVM, ever
 * @nr:	       their number
 * @nr_all:    faults that there were: above @nr, not all of them were told
 * @nr_slots:  slots that were looked at
 * @at_ns:     CLOCK_MONOTONIC of the moment
 * @unread:    why it could not be had, though it was asked for; owned
 * @none:      why there is no way to it here, which is no loss; owned
 *
 * With one of the last two all else is 0. Zero is a valid one, without faults.
 */
struct index_audit {
	struct index_fault *faults;
	size_t nr;
	uint64_t nr_all;
	uint64_t nr_slots;
	uint64_t at_ns;
	char *unread;
	char *none;
};

/* Sizes of huge pages that are told of at most */
#define SLOT_HUGE_SIZES 4

/**
 * struct slot_huge - KVM's books of huge pages of one size, in one slot
 * @size:	   of a page, in bytes
 * @nr_pages:	   how many the slot reaches into, at its two ends too
 * @nr_disallowed: of these, which KVM must not map as one: the slot has not all of
 *		   it, gpa and hva are not congruent, a page in it is tracked, or
 *		   attributes differ
 */
struct slot_huge {
	uint64_t size;
	uint64_t nr_pages;
	uint64_t nr_disallowed;
};

/**
 * struct slot_detail - what KVM keeps beside a slot
 * @told:	 it was counted; if not, the slot changed meanwhile, and all else is 0
 * @dirty_log:	 there is a dirty bitmap, in which
 * @nr_dirty:	 so many pages are marked
 * @write_track: KVM counts who wants to know of writes, which is so of
 * @nr_write_tracked: so many pages, as there are guest page tables in them
 * @rmap:	 it keeps reverse mappings, as for shadow page tables
 * @huge:	 by size, ascending; none where KVM keeps no such books
 * @nr_huge:	 their number
 */
struct slot_detail {
	bool told;
	bool dirty_log;
	uint64_t nr_dirty;
	bool write_track;
	uint64_t nr_write_tracked;
	bool rmap;
	struct slot_huge huge[SLOT_HUGE_SIZES];
	size_t nr_huge;
};

/**
 * struct as_detail - an address space as a whole
 * @end:	      behind the last byte that is in a slot; 0 without slots
 * @nr_dirty_logging: slots with dirty logging
 */
struct as_detail {
	gpa_t end;
	uint64_t nr_dirty_logging;
};

/* Are the slots' host addresses those of the process by which the VM was found? */
enum vm_owner {
	VM_OWNER_UNKNOWN,
	VM_OWNER_YES,
	VM_OWNER_NO, /* it was sent the VM, or inherited it: other memory is there */
};

/**
 * struct vm_detail - what KVM keeps beside the slots of a state
 * @vm_told:	 it is known what follows, of the VM
 * @nr_pages:	 pages of all slots of all address spaces, as KVM counts them
 * @users:	 references to the VM: its file's, its vCPUs', KVM's own
 * @nr_vcpus:	 vCPUs
 * @dirty_ring_bytes: of each vCPU's ring of dirty pages; 0: none is in use
 * @type:	 as KVM_CREATE_VM was asked for it
 * @owner:	 enum vm_owner
 * @as:		 by as_id; owned. NULL: not known
 * @nr_as:	 their number
 * @slots:	 of the state's slots, in their order; owned. NULL: not known
 * @nr_slots:	 their number
 * @none:	 why not all of this is known; owned. NULL: it is
 */
struct vm_detail {
	bool vm_told;
	uint64_t nr_pages;
	uint32_t users;
	uint32_t nr_vcpus;
	uint64_t dirty_ring_bytes;
	uint32_t type;
	enum vm_owner owner;
	struct as_detail *as;
	size_t nr_as;
	struct slot_detail *slots;
	size_t nr_slots;
	char *none;
};

/** vm_detail_deinit() - free it; zero is empty */
void vm_detail_deinit(struct vm_detail *detail);

/**
 * struct stage2_mapping - what an entry of KVM's page tables maps
 * @as_id:  address space
 * @level:  1, 2 or 3: of 4 KiB, 2 MiB, 1 GiB
 * @gpa:    first address
 * @size:   bytes
 * @hpa:    host physical address of @gpa
 * @writable: may the guest write there? @executable: likewise
 * @tells_use: the two that follow mean something
 * @accessed: the processor used it; @dirty: wrote through it
 * @shadow: of a shadow page table, found by the slot's reverse map
 * @several: there are more such entries, and this is the first
 */
struct stage2_mapping {
	uint16_t as_id;
	uint8_t level;
	gpa_t gpa;
	uint64_t size;
	uint64_t hpa;
	bool writable;
	bool executable;
	bool tells_use;
	bool accessed;
	bool dirty;
	bool shadow;
	bool several;
};

/* What is wrong with a page that KVM's page tables map */
enum stage2_fault_kind {
	STAGE2_FINE,	   /* nothing */
	STAGE2_OTHER_PAGE, /* the slot's host address has another page */
	STAGE2_NO_PAGE,	   /* ... has none */
	STAGE2_NO_SLOT,	   /* there is no slot */
	STAGE2_WRITABLE,   /* the guest may write, and the slot is read-only */
	STAGE2_MOVING,	   /* it cannot be told, as it moves all the time */
	STAGE2_FAULT_KINDS,
};

/**
 * struct stage2_fault - pages in a row that are mapped and should not, or elsewhere
 * @kind:    what is wrong
 * @slot_id: slot; -1 without one
 * @gpa:     of the first
 * @size:    of all, in bytes
 * @hva:     of the first; 0 without a slot
 * @hpa:     what the first is mapped to
 * @host:    the page that @hva has; 0 if none, or not asked for
 */
struct stage2_fault {
	enum stage2_fault_kind kind;
	uint16_t as_id;
	int32_t slot_id;
	gpa_t gpa;
	uint64_t size;
	hva_t hva;
	uint64_t hpa;
	uint64_t host;
};

/**
 * struct stage2_row - mappings in a row that go on alike: one more is at the next gpa,
 * maps the next host page of the same size, and has the same rights and the same to be
 * said of it
 * @map:    the first, but for its size, which is that of all
 * @page:   bytes of one
 * @slot:   in which @map.gpa is; NULL if in none
 * @kind:   STAGE2_FINE, or what is wrong with them
 * @compared: false if nothing is known of the host's page, as behind a guest_memfd
 * @host:   what the host has, of the first; 0 for nothing
 */
struct stage2_row {
	struct stage2_mapping map;
	uint64_t page;
	const struct slot *slot;
	enum stage2_fault_kind kind;
	bool compared;
	uint64_t host;
};

/**
 * struct stage2_audit - KVM's page tables, held against its slots and the host's pages
 * @faults: owned; a healthy KVM has none
 * @nr:	    their number
 * @nr_all: faults that there were: above @nr, not all of them were told
 * @bytes:  that were mapped, and looked at
 * @moving: of these, bytes that moved each time they were looked at
 * @unread: why it could not be had, though it was asked for; owned
 */
struct stage2_audit {
	struct stage2_fault *faults;
	size_t nr;
	uint64_t nr_all;
	uint64_t bytes;
	uint64_t moving;
	char *unread;
};

/** stage2_audit_deinit() - free it; zero is empty */
void stage2_audit_deinit(struct stage2_audit *audit);

/**
 * struct view - one party's copy of a VM's memory map, or why there is none
 * @party:  whose
 * @slots:  sorted
 * @map:    instead of @slots, of a PARTY_GROUND
 * @unread: why what was asked for could not be had
 * @none:   why this party has nothing to tell of this VM, ever: that is less
 *	    coverage, and nothing was lost
 * @audit:  of the indexes by which @slots were found; there may be one though they
 *	    could not be read. NULL: nobody asked for it
 * @stage2: what KVM's page tables make of @slots; NULL: nobody asked for it
 *
 * One of @slots, @map, @unread and @none; none of them: nobody asked for it. All
 * is borrowed.
 */
struct view {
	enum party_id party;
	const struct slot_state *slots;
	const struct host_map *map;
	const char *unread;
	const char *none;
	const struct index_audit *audit;
	const struct stage2_audit *stage2;
};

/** index_audit_deinit() - free it; zero is empty */
void index_audit_deinit(struct index_audit *audit);

/* States */

/** slot_state_init() - make a state of @party without slots, address spaces or coverage */
void slot_state_init(struct slot_state *state, enum party_id party);
/** slot_state_deinit() - free it; zero is empty */
void slot_state_deinit(struct slot_state *state);

/**
 * slot_state_set_nr_as() - say how many address spaces the VM has
 *
 * New ones are not covered and at generation 0.
 * Return: 0 or -ENOMEM.
 */
int slot_state_set_nr_as(struct slot_state *state, size_t nr_as);

/**
 * slot_state_add() - append a slot
 * @slot: copied, its @name too
 *
 * Call slot_state_sort() when all are in.
 * Return: 0, -ENOMEM, or -EINVAL for size 0, a range that wraps, or an as_id
 * that the state does not have.
 */
int slot_state_add(struct slot_state *state, const struct slot *slot);

/**
 * slot_state_copy() - make @out the same as @state
 * @out: initialised here; the caller deinits, also after an error
 *
 * Return: 0 or -ENOMEM.
 */
int slot_state_copy(const struct slot_state *state, struct slot_state *out);

/** slot_state_sort() - bring the slots in the order of (as_id, gpa) */
void slot_state_sort(struct slot_state *state);

/**
 * slot_state_doubt() - why what a state has, or lacks, may be wrong anywhere
 *
 * Events or records were lost, or it is cut off. What it never set out to tell is no
 * doubt: see slot_state_beginning().
 *
 * Return: a string that lives as long as the program; NULL: nothing of the kind.
 */
const char *slot_state_doubt(const struct slot_state *state);

/**
 * slot_state_beginning() - why a state that follows events may lack slots: it does
 * not tell, or not of every address, what there was before them
 *
 * Return: likewise. NULL: it tells, or needs not: it follows nothing.
 */
const char *slot_state_beginning(const struct slot_state *state);

/**
 * slot_state_moment() - the generation of the last change that a state includes
 *
 * KERNEL may be read in the middle of a change, and is told of two ways. While a
 * change waits for KVM's readers, its slots are in place under the generation
 * before (@updating). A deletion or a move has a first half that includes nothing
 * of it yet, save that the slot is SLOT_INVALID.
 */
uint64_t slot_state_moment(const struct slot_state *state, uint16_t as_id);

/** slot_last() - guest address of a slot's last byte; @slot's size is not 0 */
static inline gpa_t slot_last(const struct slot *slot)
{
	return slot->gpa + (slot->size - 1);
}

/**
 * stage2_judge() - is a page mapped as its slot, and the host, have it?
 * @slots: KERNEL
 * @page: of 4 KiB; none of a huge page but this part of it
 * @host_page: address of the page that the slot's host address has; NULL for none
 *
 * KVM unmaps a page before the host takes it away or changes what it is: if the
 * mapping stood while the other two were read, anything but STAGE2_FINE is a fault.
 * Of a slot with a guest_memfd, where a page comes from is not told by its hva.
 */
enum stage2_fault_kind stage2_judge(const struct slot_state *slots,
				    const struct stage2_mapping *page,
				    const uint64_t *host_page);

/** slot_state_find() - the slot that holds @gpa, or NULL; in a sorted state */
const struct slot *slot_state_find(const struct slot_state *state,
				   uint16_t as_id, gpa_t gpa);

/**
 * coverage_add_blind() - add a range that cannot be told
 * @why: copied
 *
 * Keeps order and disjointness: what is blind already keeps its reason.
 * Return: 0, -ENOMEM, or -EINVAL for size 0 or a range that wraps.
 */
int coverage_add_blind(struct coverage *coverage, uint16_t as_id, gpa_t gpa,
		       uint64_t size, const char *why);

/** coverage_is_blind() - can nothing be told of this address? */
bool coverage_is_blind(const struct coverage *coverage, uint16_t as_id,
		       gpa_t gpa);

/**
 * coverage_remove_blind() - a range can be told after all
 *
 * What is blind beside it stays so.
 * Return: 0, -ENOMEM, or -EINVAL for size 0 or a range that wraps.
 */
int coverage_remove_blind(struct coverage *coverage, uint16_t as_id, gpa_t gpa,
			  uint64_t size);

/* Logs */

/** slot_log_init() - make a log without events */
void slot_log_init(struct slot_log *log);
/** slot_log_deinit() - free it; zero is empty */
void slot_log_deinit(struct slot_log *log);

/**
 * slot_log_add() - append a copy
 *
 * An event owns no memory: a name in it (base.name and the like) is dropped.
 * Return: 0, -ENOMEM, or -EINVAL if @event's seq is not above the last's, or the same
 * in what says how things stood.
 */
int slot_log_add(struct slot_log *log, const struct slot_event *event);

/**
 * slot_log_until() - leave out what ended after a moment
 *
 * Their numbers are those of LOST events (SLOT_LOST_DROPPED), or of none at the end.
 */
void slot_log_until(struct slot_log *log, uint64_t ns);

/** slot_log_find() - the event of this number, or NULL; O(log n) */
const struct slot_event *slot_log_find(const struct slot_log *log,
				       uint64_t seq);

/**
 * slot_state_apply() - let one event take effect on a TRACED state
 * @state: sorted; stays so
 *
 * Follows the kernel's changes, not the requests: a request is a wish. An
 * event of another VM (@state->vm.serial) has no effect. A change that does not
 * fit the state (the deletion of a slot it does not have) means that something
 * was missed: it counts as lost, and the change is applied as far as it tells.
 * Costs O(n log n) in the number of slots; fold() is the way to a whole log,
 * and joins BASE slots with changes that the log has before them, which this
 * can only count as lost.
 *
 * Return: 0 or -ENOMEM.
 */
int slot_state_apply(struct slot_state *state, const struct slot_event *event);

/**
 * fold() - the state that a log leaves
 * @log:    events of any number of VMs
 * @vm:     whose state; its serial selects the events. Copied to @out
 * @out:    initialised here; the caller deinits it, also after an error
 *
 * The log speaks for the whole VM if it has its VM_CREATE, or BASE slots up to
 * BASE_END for each address space (a change that the base already includes is
 * told by its generation, and skipped); else only for the ranges its events
 * touched. Without changes in the log (a tracer that sees system calls alone)
 * requests that succeeded are followed instead, and generations not covered.
 *
 * Return: 0 or -ENOMEM.
 */
int fold(const struct slot_log *log, const struct vm_id *vm,
	 struct slot_state *out);

/**
 * fold_until() - the state that a log had left at a moment
 * @moment: changes beyond its generations do not take effect: however restless
 *	    a VM, the two are of one moment. Of an address space that it does not
 *	    cover, all do. NULL, or without SLOT_FIELD_GENERATION: fold()
 *
 * A log that is behind @moment is told by its own generations. Without changes
 * in the log (requests only) there is no way to stop at a moment.
 *
 * Return: 0 or -ENOMEM.
 */
int fold_until(const struct slot_log *log, const struct vm_id *vm,
	       const struct slot_state *moment, struct slot_state *out);

/* Host maps */

/** host_map_init() - make a map without ranges */
void host_map_init(struct host_map *map);
/** host_map_deinit() - free it; zero is empty */
void host_map_deinit(struct host_map *map);

/**
 * host_map_parse() - read the text of /proc/PID/maps, or of /proc/PID/smaps
 * @text: need not end with a newline or NUL; a line cut short ends the reading
 *	  and sets @truncated. Empty lines mean nothing
 *
 * How far files reach is not in it.
 *
 * Return: 0, -ENOMEM, or -EINVAL for text that is neither (@err names the
 * line).
 */
int host_map_parse(struct host_map *map, const char *text, size_t len,
		   struct slotscope_error *err);

/** host_map_copy() - make @out the same as @map, as slot_state_copy() does */
int host_map_copy(const struct host_map *map, struct host_map *out);

/**
 * host_map_from() - place of the first range that ends above @hva
 *
 * Return: @map->nr if there is none.
 */
size_t host_map_from(const struct host_map *map, hva_t hva);

/** host_map_find() - the range that holds @hva, or NULL */
const struct host_range *host_map_find(const struct host_map *map, hva_t hva);

/**
 * host_range_reach() - how much of a mapping there is memory for
 *
 * Return: bytes from @range->start, at most its length: what lies beyond cannot
 * be touched. The whole length, too, if its end is not known.
 */
uint64_t host_range_reach(const struct host_range *range);

/**
 * host_range_same_memory() - are both mappings of the same thing?
 *
 * Which is: of one file, with the same distance of offsets and addresses, and
 * shared or private alike; or of anonymous memory. Rights may differ.
 */
bool host_range_same_memory(const struct host_range *a,
			    const struct host_range *b);

#ifdef __cplusplus
}
#endif

#endif
