/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/slotscope: what KVM itself holds about the memory of a virtual machine
 * =============================================================================
 *
 * This comment is the specification; slotscope.ko is held to it.
 *
 * The device
 *   A misc device, mode 0600. Opening it needs CAP_SYS_ADMIN in the initial
 *   user namespace; whoever lacks it gets EPERM, and nothing is logged. The
 *   capability is asked for at open alone, but for SLOTSCOPE_STAGE2: an open
 *   descriptor is the right to use it, so that a program may open it, drop its
 *   privileges and go on.
 *   The module only reads. It changes nothing in a VM and keeps nothing of it
 *   after an ioctl returns.
 *
 * Which VM
 *   A VM is named by a descriptor in the caller's own table, as KVM_CREATE_VM
 *   returns it, or a duplicate (pidfd_getfd(), SCM_RIGHTS). It need not belong
 *   to the caller's process, and its owner may be gone. The descriptor is held
 *   while the ioctl runs, so a VM closed meanwhile dies right after it.
 *
 * Units
 *   Addresses and sizes are in bytes, as in KVM's own ABI, whatever the host's
 *   page size. Times are in nanoseconds of CLOCK_MONOTONIC.
 *
 * Calls and versions
 *   Each ioctl takes a pointer to one struct, whose first member @size the
 *   caller sets to sizeof() of that struct. Structs and records only ever grow
 *   at their end, by members for which 0 means what their absence meant:
 *   - a @size below that of the first version: EINVAL;
 *   - a @size that the module does not know yet: what it does not know must be
 *     zero, else E2BIG; it stays zero on return. So is a @size above
 *     SLOTSCOPE_SIZE_MAX;
 *   - a @size of an older version: no more than @size bytes are written back.
 *   Bits in @flags and members named reserved that the module does not know
 *   must be zero, else EINVAL.
 *
 *   The version is major.minor. A new minor adds (ioctls, flags, members at the
 *   end); an old program works on unchanged. A new major may break, and a
 *   program must refuse a major that it does not know. SLOTSCOPE_INFO keeps its
 *   number and its first 16 bytes for ever, so that this can always be asked.
 *   The layout is the same for 32-bit and 64-bit callers.
 *
 * Arrays
 *   A caller passes an address, a capacity in records, and the size of one
 *   record as it knows it. A record larger than the module's is padded with
 *   zeros; one smaller is cut at its end; one smaller than the first version's,
 *   above SLOTSCOPE_SIZE_MAX or no multiple of 8 is EINVAL. The address of an
 *   array with capacity 0 is not looked at. Records beyond the number copied
 *   are not touched.
 *
 *   Truncation is told, never silent: beside the number copied stands the
 *   number there were. The array was large enough if the two are equal.
 *   Capacity 0 is therefore the way to ask for a number. A capacity larger
 *   than any VM can fill is harmless.
 *
 * What a snapshot promises
 *   For each address space: the slots of one moment, all of them (or the first
 *   of them, when truncated), each whole, and the generation at that moment.
 *   Two snapshots of one address space with equal generations, neither marked
 *   SLOTSCOPE_AS_UPDATING, hold the same slots, but for what is said of their
 *   guest_memfd: KVM counts no generation where such a file is closed. That
 *   happens to a slot at most once, and it never gets another file, so of two
 *   such snapshots the one in which fewer slots have SLOTSCOPE_SLOT_GMEM is the
 *   later. (While an update is marked, the slots are already those after the
 *   change and the generation is still that before it.) To delete or move a slot
 *   KVM makes two changes, each with a generation of its own; between them the
 *   slot is there with SLOTSCOPE_MEM_INVALID.
 *
 *   Two address spaces may be of different moments, one after the other. A
 *   caller that needs the whole VM at one moment takes the generations
 *   (SLOTSCOPE_NO_SLOTS) before and after, and repeats if they moved or are
 *   marked.
 *
 *   Slots are sorted by @as_id, then by @gpa. KVM forbids an overlap within one
 *   address space, so the order is total.
 *
 *   No lock of KVM's is held while memory is allocated or copied. What is held
 *   while KVM's tables are walked is kvm->srcu, for reading, and a VMM that
 *   changes a slot meanwhile waits for that. So the tables are walked in pieces
 *   of at most 128 slots, preemption off: no limit or priority of the caller's
 *   makes the wait longer. (What SLOTSCOPE_DETAIL counts is cut into such pieces,
 *   too. The longest wait is for two pieces, each of 20 to 106 microseconds if an
 *   instruction takes a nanosecond: selftests/bench/kmod/run --icount.)
 *   If the slots change between two pieces, the walk begins anew; if they do each
 *   time, EAGAIN is returned after the eighth walk. With SLOTSCOPE_TORN_OK that
 *   walk is finished, and what it found is marked
 *   SLOTSCOPE_AS_TORN: each slot stood at some time between @begin_ns and
 *   @end_ns, but not all of them at once. One that moved may be seen twice, or
 *   not at all. SLOTSCOPE_NO_SLOTS holds nothing.
 *
 * Errors of every ioctl
 *   EFAULT   an address given cannot be read or written; what was written
 *            before stays written
 *   EINVAL   @size, @flags, a reserved member or a record size; see above
 *   E2BIG    @size above SLOTSCOPE_SIZE_MAX, or not zero beyond what the module
 *            knows
 *   ENOTTY   no such ioctl in this version
 * Errors of those that take a VM, besides
 *   EBADF    @vm_fd is not open (or O_PATH)
 *   EBADFD   @vm_fd is open and is no VM of KVM's
 *   EPROTO   KVM's structures are not where the kernel headers said that the
 *            module was built with, so kvm.ko and the module do not belong
 *            together; or it cannot be told. Nothing was read from them.
 *            SLOTSCOPE_LAYOUT says what differs. (Or they are, and what is in
 *            them makes no sense: KVM's own memory was damaged)
 *   EAGAIN   the slots change faster than they can be read; see above
 *   EINTR    the caller is being killed
 *   ENOMEM   no memory (charged to the caller's cgroup) for the records
 */
#ifndef _UAPI_SLOTSCOPE_H
#define _UAPI_SLOTSCOPE_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define SLOTSCOPE_DEVICE "/dev/slotscope"

#define SLOTSCOPE_MAJOR 1
#define SLOTSCOPE_MINOR 3

/* The largest struct or record that a caller may name, in bytes */
#define SLOTSCOPE_SIZE_MAX 4096

/*
 * As the structs may grow, the numbers do not encode their size. 0xF5 is not
 * taken in the kernel's Documentation/userspace-api/ioctl/ioctl-number.rst.
 */
#define SLOTSCOPE_IOC	   0xF5
#define SLOTSCOPE_INFO	   _IO(SLOTSCOPE_IOC, 0x00) /* struct slotscope_info */
#define SLOTSCOPE_SNAPSHOT _IO(SLOTSCOPE_IOC, 0x01) /* slotscope_snapshot */
#define SLOTSCOPE_LAYOUT   _IO(SLOTSCOPE_IOC, 0x02) /* slotscope_layout, 1.1 */
#define SLOTSCOPE_AUDIT	   _IO(SLOTSCOPE_IOC, 0x03) /* slotscope_audit, 1.1 */
#define SLOTSCOPE_STAGE2   _IO(SLOTSCOPE_IOC, 0x04) /* slotscope_stage2, 1.2 */
#define SLOTSCOPE_VMS	   _IO(SLOTSCOPE_IOC, 0x05) /* slotscope_vms, 1.2 */

/* slotscope_info.features */
/* Slots of this kernel can have a guest_memfd (since 6.8, by configuration) */
#define SLOTSCOPE_FEATURE_GUEST_MEMFD (1ULL << 0)

/**
 * struct slotscope_info - SLOTSCOPE_INFO: version and limits
 * @size:	 in: sizeof(struct slotscope_info)
 * @flags:	 in: 0
 * @major:	 out: SLOTSCOPE_MAJOR of the module
 * @minor:	 out: SLOTSCOPE_MINOR of the module
 * @features:	 out: SLOTSCOPE_FEATURE_*
 * @max_as:	 out: address spaces that a VM of this kernel can have at most
 * @user_slots:	 out: slot ids that a VMM can use, in each address space: from 0
 *		 to @user_slots - 1
 * @max_slots:	 out: all slot ids of an address space, KVM's own included
 * @snapshot_size: out: the module's sizeof(struct slotscope_snapshot)
 * @as_size:	 out: the module's sizeof(struct slotscope_as)
 * @slot_size:	 out: the module's sizeof(struct slotscope_slot)
 */
struct slotscope_info {
	__u32 size;
	__u32 flags;
	__u32 major;
	__u32 minor;
	__aligned_u64 features;
	__u32 max_as;
	__u32 user_slots;
	__u32 max_slots;
	__u32 snapshot_size;
	__u32 as_size;
	__u32 slot_size;
};

/* slotscope_as.flags */
/* An update was under way: slots may be in transition (SLOTSCOPE_MEM_INVALID) */
#define SLOTSCOPE_AS_UPDATING (1U << 0)
/*
 * The slots are not of one moment; @generation is that of the last of them. Only
 * with SLOTSCOPE_TORN_OK. Since 1.1
 */
#define SLOTSCOPE_AS_TORN     (1U << 1)

/**
 * struct slotscope_as - one address space of a VM
 * @generation:	KVM's memslot generation, without the bit that marks an update
 *		under way. It moves with every change of a slot, and by more
 *		than one: compare for equality only
 * @as_id:	its number, from 0; on x86, 1 is system management mode
 * @flags:	SLOTSCOPE_AS_*
 * @nr_slots:	slots it had, KVM's own included; 0 with SLOTSCOPE_NO_SLOTS
 * @nr_copied:	how many of them are among the slots copied
 * @last_gpa:	of the last byte that is in a slot; 0 without slots. Since 1.2, as are
 * @nr_dirty_logging: slots with KVM_MEM_LOG_DIRTY_PAGES; 0 with SLOTSCOPE_NO_SLOTS
 * @reserved:	0
 */
struct slotscope_as {
	__aligned_u64 generation;
	__u32 as_id;
	__u32 flags;
	__u32 nr_slots;
	__u32 nr_copied;
	__aligned_u64 last_gpa;
	__u32 nr_dirty_logging;
	__u32 reserved;
};

/*
 * slotscope_slot.mem_flags is KVM's own word, unchanged: KVM_MEM_* of
 * <linux/kvm.h> in the lower half. The upper half is internal to KVM and may
 * differ between kernels, but for this bit: the slot is about to be deleted or
 * moved, and KVM resolves no address by it any more.
 */
#define SLOTSCOPE_MEM_INVALID (1U << 16)

/* slotscope_slot.flags */
/* KVM made it for itself (x86: TSS, identity map, APIC access page) */
#define SLOTSCOPE_SLOT_HIDDEN	 (1U << 0)
/* A guest_memfd is bound to it now; what is said of it holds */
#define SLOTSCOPE_SLOT_GMEM	 (1U << 1)
/*
 * KVM takes all of the slot's memory from its guest_memfd, none from @hva (since
 * 6.18, where the file can be mapped). Since 1.1
 */
#define SLOTSCOPE_SLOT_GMEM_ONLY (1U << 2)

/**
 * struct slotscope_slot - one memslot
 * @gpa:	guest physical address of its first byte
 * @bytes:	its size; never 0
 * @hva:	address of its first byte in the process that made the VM; 0 in a
 *		slot of KVM's own that has no memory
 * @gmem_offset: of its first byte in its guest_memfd; 0 without
 *		SLOTSCOPE_SLOT_GMEM
 * @id:		slot number within the address space
 * @as_id:	address space
 * @mem_flags:	KVM_MEM_* and SLOTSCOPE_MEM_INVALID
 * @flags:	SLOTSCOPE_SLOT_*. KVM_MEM_GUEST_MEMFD without SLOTSCOPE_SLOT_GMEM:
 *		the file is closed, by its last descriptor and mapping, and what
 *		it held is gone; the slot lives on
 * @gmem_ino:	inode number of its guest_memfd, never 0, as stat() has it; 0
 *		without SLOTSCOPE_SLOT_GMEM. Since 1.1, as are
 * @gmem_major: the device of that inode, as stat() and /proc/PID/maps have it,
 * @gmem_minor: in its two parts
 */
struct slotscope_slot {
	__aligned_u64 gpa;
	__aligned_u64 bytes;
	__aligned_u64 hva;
	__aligned_u64 gmem_offset;
	__u32 id;
	__u32 as_id;
	__u32 mem_flags;
	__u32 flags;
	__aligned_u64 gmem_ino;
	__u32 gmem_major;
	__u32 gmem_minor;
};

/* slotscope_detail.flags */
/* It was counted. Without it the slots changed meanwhile (SLOTSCOPE_AS_TORN) */
#define SLOTSCOPE_DETAIL_TOLD	     (1U << 0)
/* There is a dirty bitmap: KVM_GET_DIRTY_LOG would answer */
#define SLOTSCOPE_DETAIL_DIRTY	     (1U << 1)
/* KVM counts, for each page, who wants to know of writes (x86) */
#define SLOTSCOPE_DETAIL_WRITE_TRACK (1U << 2)
/* KVM keeps reverse mappings: this VM has, or had, shadow page tables (x86) */
#define SLOTSCOPE_DETAIL_RMAP	     (1U << 3)

/* Sizes of huge pages that are told of at most; x86 has two */
#define SLOTSCOPE_HUGE 4

/**
 * struct slotscope_huge - huge pages of one size, in one slot
 * @page_shift:	their size is 1 << @page_shift bytes
 * @nr_pages:	how many the slot reaches into, at its two ends too
 * @nr_disallowed: how many of them KVM must not map as one: the slot covers them in
 *		part, gpa and hva are not congruent, a page in them is tracked, or their
 *		attributes differ
 */
struct slotscope_huge {
	__u32 page_shift;
	__u32 nr_pages;
	__u32 nr_disallowed;
};

/**
 * struct slotscope_detail - what KVM keeps beside a slot. Since 1.2
 * @flags:	SLOTSCOPE_DETAIL_*
 * @nr_huge:	sizes that @huge tells of; 0 where KVM keeps no such books
 * @nr_dirty:	pages that are marked in the dirty bitmap; 0 without
 *		SLOTSCOPE_DETAIL_DIRTY. (With a dirty ring there is none)
 * @nr_write_tracked: pages of which KVM must learn each write, as there are guest page
 *		tables in them; 0 without SLOTSCOPE_DETAIL_WRITE_TRACK
 * @huge:	by size, ascending
 *
 * vCPUs run on while this is counted, so the numbers are not of one moment, though
 * the slot is.
 */
struct slotscope_detail {
	__u32 flags;
	__u32 nr_huge;
	__aligned_u64 nr_dirty;
	__aligned_u64 nr_write_tracked;
	struct slotscope_huge huge[SLOTSCOPE_HUGE];
};

/* slotscope_snapshot.flags */
/* Address spaces alone; @slot_capacity must be 0. Cheap, however many slots */
#define SLOTSCOPE_NO_SLOTS (1U << 0)
/* Slots that are not of one moment are better than EAGAIN. Since 1.1 */
#define SLOTSCOPE_TORN_OK  (1U << 1)
/*
 * A struct slotscope_detail for each slot that is copied, too. The time it takes
 * grows with the memory of the guest, at worst two bytes for each of its pages are
 * read; what is held at a time, kvm->srcu, does not. Since 1.2
 */
#define SLOTSCOPE_DETAIL   (1U << 2)

/* slotscope_snapshot.owner */
#define SLOTSCOPE_OWNER_YES \
	1		     /* the slots' @hva are addresses of that process */
#define SLOTSCOPE_OWNER_NO 2 /* they are not: it has other memory there */

/**
 * struct slotscope_snapshot - SLOTSCOPE_SNAPSHOT: the slots of one VM
 * @size:	in: sizeof(struct slotscope_snapshot)
 * @flags:	in: SLOTSCOPE_NO_SLOTS, SLOTSCOPE_TORN_OK, SLOTSCOPE_DETAIL
 * @vm_fd:	in: the VM
 * @reserved:	in: 0
 * @as_addr:	in: address of an array of struct slotscope_as
 * @slot_addr:	in: address of an array of struct slotscope_slot
 * @as_size:	in: sizeof(struct slotscope_as)
 * @as_capacity: in: records that fit at @as_addr
 * @slot_size:	in: sizeof(struct slotscope_slot)
 * @slot_capacity: in: records that fit at @slot_addr
 * @nr_as:	out: address spaces that the VM has
 * @nr_as_copied: out: how many of them were copied
 * @nr_slots:	out: slots that the VM has, in all address spaces; 0 with
 *		SLOTSCOPE_NO_SLOTS
 * @nr_slots_copied: out: how many of them were copied
 * @begin_ns:	out: when reading began, and
 * @end_ns:	out: when it ended; the copying to the caller is not included
 * @nr_pages:	out: KVM's count of the pages of all slots, of all address spaces.
 *		Since 1.1, as are
 * @users:	out: references to the VM: its file, its vCPUs', and KVM's own
 * @nr_vcpus:	out: vCPUs
 * @dirty_ring_bytes: out: size of each vCPU's ring of dirty pages; 0 if it is not
 *		in use
 * @vm_type:	out: as KVM_CREATE_VM was asked for it (x86); 0 where KVM keeps none
 * @pid:	in: a process, as the caller sees it, about which to tell @owner; 0
 *		for none
 * @owner:	out: SLOTSCOPE_OWNER_*; 0 if @pid is 0, no process, or one that has no
 *		memory any more. A descriptor does not tell: it can be inherited, or
 *		sent
 * @detail_addr: in: address of an array of struct slotscope_detail, of @slot_capacity
 *		records: that at I is of the slot at I. 0 without SLOTSCOPE_DETAIL.
 *		Since 1.2, as are
 * @detail_size: in: sizeof(struct slotscope_detail); 0 without SLOTSCOPE_DETAIL
 * @reserved2:	in: 0
 *
 * What is told since 1.1 is of the moment before the slots are read, and is told
 * with SLOTSCOPE_NO_SLOTS too. After an error the members marked "out" are
 * not written.
 */
struct slotscope_snapshot {
	__u32 size;
	__u32 flags;
	__s32 vm_fd;
	__u32 reserved;
	__aligned_u64 as_addr;
	__aligned_u64 slot_addr;
	__u32 as_size;
	__u32 as_capacity;
	__u32 slot_size;
	__u32 slot_capacity;
	__u32 nr_as;
	__u32 nr_as_copied;
	__u32 nr_slots;
	__u32 nr_slots_copied;
	__aligned_u64 begin_ns;
	__aligned_u64 end_ns;
	__aligned_u64 nr_pages;
	__u32 users;
	__u32 nr_vcpus;
	__u32 dirty_ring_bytes;
	__u32 vm_type;
	__s32 pid;
	__u32 owner;
	__aligned_u64 detail_addr;
	__u32 detail_size;
	__u32 reserved2;
};

/* slotscope_layout.verdict */
#define SLOTSCOPE_LAYOUT_SAME	 1 /* all is where the module thinks it is */
#define SLOTSCOPE_LAYOUT_OTHER	 2 /* it is not: every VM gives EPROTO */
#define SLOTSCOPE_LAYOUT_UNKNOWN 3 /* it cannot be told: EPROTO, too */

/* slotscope_member.offset and .size: KVM has no such member */
#define SLOTSCOPE_NO_MEMBER 0xffffffffU

/**
 * struct slotscope_member - a member of KVM's that the module looks at
 * @name:	"STRUCT.MEMBER", or "STRUCT" for all of it; ends with a NUL
 * @built_offset: of the member in the struct, in the headers that the module was
 *		built with, in bytes; and
 * @built_size:	its size
 * @offset:	the same, as the BTF of the running kvm.ko has it, or
 *		SLOTSCOPE_NO_MEMBER; 0 with SLOTSCOPE_LAYOUT_UNKNOWN
 * @size:	likewise
 */
struct slotscope_member {
	char name[48];
	__u32 built_offset;
	__u32 built_size;
	__u32 offset;
	__u32 size;
};

/**
 * struct slotscope_layout - SLOTSCOPE_LAYOUT: do the module and kvm.ko belong
 * together? Since 1.1
 * @size:	in: sizeof(struct slotscope_layout)
 * @flags:	in: 0
 * @vm_fd:	in: any VM: it says which KVM is asked about
 * @reserved:	in: 0
 * @member_addr: in: address of an array of struct slotscope_member
 * @member_size: in: sizeof(struct slotscope_member)
 * @member_capacity: in: records that fit at @member_addr
 * @nr_members:	out: members that the module looks at
 * @nr_copied:	out: how many of them were copied
 * @verdict:	out: SLOTSCOPE_LAYOUT_*
 * @error:	out: with SLOTSCOPE_LAYOUT_UNKNOWN, the errno with which reading
 *		/sys/kernel/btf failed; else 0
 *
 * It is not refused with EPROTO for the layout: this is how to learn about it.
 * The module holds the two against each other itself, with the first VM that it
 * is given after kvm.ko was loaded, and before it follows any pointer of KVM's.
 */
struct slotscope_layout {
	__u32 size;
	__u32 flags;
	__s32 vm_fd;
	__u32 reserved;
	__aligned_u64 member_addr;
	__u32 member_size;
	__u32 member_capacity;
	__u32 nr_members;
	__u32 nr_copied;
	__u32 verdict;
	__u32 error;
};

/* slotscope_fault.what; what @seen and @expected are */
/* the slot is no slot: its id, address space or size cannot be */
#define SLOTSCOPE_FAULT_SLOT		 1
/* by its id the hash has none, or another (bucket and right bucket, or 0) */
#define SLOTSCOPE_FAULT_ID_HASH		 2
/* it is in the hash and not in the tree of gfns */
#define SLOTSCOPE_FAULT_GFN_TREE	 3
/* it begins before the slot before it ends (gpa of both) */
#define SLOTSCOPE_FAULT_GFN_ORDER	 4
/* it is in the hash and not in the tree of hvas */
#define SLOTSCOPE_FAULT_HVA_TREE	 5
/* the tree of hvas has it with another range (host address in tree and slot) */
#define SLOTSCOPE_FAULT_HVA_RANGE	 6
/* the tree of hvas is not in order, so not all of it is found (as it stands there,
 * as it should)
 */
#define SLOTSCOPE_FAULT_HVA_ORDER	 7
/* the active and the inactive set have not the same slot by that id (1: has one) */
#define SLOTSCOPE_FAULT_SETS		 8
/* KVM's count of all slots' pages (KVM's, ours); of no slot: @id is -1 */
#define SLOTSCOPE_FAULT_NR_PAGES	 9
/* an index has more entries than there can be slots: it goes round */
#define SLOTSCOPE_FAULT_LOOP		 10
/* KVM's count of slots with dirty logging (KVM's, ours); of no slot. Since 1.2 */
#define SLOTSCOPE_FAULT_NR_DIRTY_LOGGING 11

/**
 * struct slotscope_fault - one way in which KVM's indexes disagree
 * @what:	SLOTSCOPE_FAULT_*
 * @as_id:	address space
 * @set:	0: in the active set, 1: in the inactive one
 * @id:		slot, as it calls itself; -1 if it is about none
 * @gpa:	of that slot
 * @seen:	what KVM has; see SLOTSCOPE_FAULT_*
 * @expected:	what follows from the rest
 */
struct slotscope_fault {
	__u32 what;
	__u32 as_id;
	__u32 set;
	__s32 id;
	__aligned_u64 gpa;
	__aligned_u64 seen;
	__aligned_u64 expected;
};

/**
 * struct slotscope_audit - SLOTSCOPE_AUDIT: do KVM's own indexes of its slots
 * agree? Since 1.1
 * @size:	in: sizeof(struct slotscope_audit)
 * @flags:	in: 0
 * @vm_fd:	in: the VM
 * @reserved:	in: 0
 * @fault_addr:	in: address of an array of struct slotscope_fault
 * @fault_size:	in: sizeof(struct slotscope_fault)
 * @fault_capacity: in: records that fit at @fault_addr
 * @nr_faults:	out: faults found
 * @nr_copied:	out: how many of them were copied; at most 256
 * @nr_slots:	out: slots that were looked at, in all address spaces
 * @reserved2:	in: 0
 * @begin_ns:	out: when the audit began, and
 * @end_ns:	out: when it ended
 *
 * KVM finds a slot by id in a hash, by gfn in a tree and by hva in another; and
 * each of them twice, in the active set and in the one that the next change is
 * prepared in. The audit holds them against each other, and KVM's count of pages
 * against the slots. A healthy KVM has no fault, ever.
 *
 * Unlike a snapshot this holds kvm->slots_lock, as a change of slots does: such a
 * change waits for it. The time is linear in the number of slots, and is not the
 * caller's but a kernel thread's, so that no limit of the caller's draws it out.
 * The caller waits for the lock as long as another holds it, and can be killed.
 */
struct slotscope_audit {
	__u32 size;
	__u32 flags;
	__s32 vm_fd;
	__u32 reserved;
	__aligned_u64 fault_addr;
	__u32 fault_size;
	__u32 fault_capacity;
	__u32 nr_faults;
	__u32 nr_copied;
	__u32 nr_slots;
	__u32 reserved2;
	__aligned_u64 begin_ns;
	__aligned_u64 end_ns;
};

/* slotscope_mapping.flags */
/* the guest may write there; KVM takes it away to log what is dirty, too */
#define SLOTSCOPE_MAP_WRITABLE	 (1U << 0)
#define SLOTSCOPE_MAP_EXECUTABLE (1U << 1)
/* the two that follow are told; else they mean nothing */
#define SLOTSCOPE_MAP_AD	 (1U << 2)
#define SLOTSCOPE_MAP_ACCESSED	 (1U << 3)
#define SLOTSCOPE_MAP_DIRTY	 (1U << 4)
/* found by KVM's reverse map: it is an entry of a shadow page table */
#define SLOTSCOPE_MAP_SHADOW	 (1U << 5)
/* more entries than this one map the page; this is the first of them */
#define SLOTSCOPE_MAP_SEVERAL	 (1U << 6)

/**
 * struct slotscope_mapping - one entry that maps guest memory
 * @gpa:	guest physical address of its first byte; of a huge page, and where
 *		the range asked about begins within it, that is before that range
 * @bytes:	how much it maps: 4 KiB, 2 MiB or 1 GiB
 * @hpa:	host physical address of its first byte
 * @spte:	the entry, as KVM has it. What it means besides is the processor's
 *		and this kernel's own
 * @flags:	SLOTSCOPE_MAP_*
 * @level:	1, 2 or 3: of 4 KiB, 2 MiB, 1 GiB
 */
struct slotscope_mapping {
	__aligned_u64 gpa;
	__aligned_u64 bytes;
	__aligned_u64 hpa;
	__aligned_u64 spte;
	__u32 flags;
	__u32 level;
};

/* slotscope_stage2.tables: what there was to be looked at */
/* tables that the processor walks with a gpa: NPT, or EPT */
#define SLOTSCOPE_STAGE2_TDP  (1U << 0)
/* shadow page tables, by the reverse map of the slots (npt=0, nested guests) */
#define SLOTSCOPE_STAGE2_RMAP (1U << 1)
/* they are Intel's EPT. No machine that has it was at hand to prove that */
#define SLOTSCOPE_STAGE2_EPT  (1U << 2)
/* there are more roots than were looked at: what is not told may be mapped */
#define SLOTSCOPE_STAGE2_CUT  (1U << 3)

/**
 * struct slotscope_stage2 - SLOTSCOPE_STAGE2: what do KVM's page tables map?
 * Since 1.2
 * @size:	in: sizeof(struct slotscope_stage2)
 * @flags:	in: 0
 * @vm_fd:	in: the VM
 * @as_id:	in: address space: the tables that are in use in it
 * @gpa:	in: where to begin, and
 * @bytes:	in: how far; both multiples of 4096, their sum at most 2^52
 * @mapping_addr: in: address of an array of struct slotscope_mapping
 * @mapping_size: in: sizeof(struct slotscope_mapping)
 * @mapping_capacity: in: records that fit at @mapping_addr; not 0
 * @nr_copied:	out: how many were copied
 * @tables:	out: SLOTSCOPE_STAGE2_*; 0: there are none (yet), as before a vCPU ran
 * @next_gpa:	out: where to go on, if the array was full; else @gpa + @bytes, or
 *		behind that, where the last mapping ends
 * @reserved:	in: 0
 * @begin_ns:	out: when looking began, and
 * @end_ns:	out: when it ended
 *
 * Nothing is faulted in: what the guest did not touch, or KVM took away, is not
 * mapped, and not told. Mappings come in the order of their @gpa. Each was there at
 * some time between @begin_ns and @end_ns; the next moment it may be another. The
 * page that is mapped is the one behind the slot's hva as long as the mapping stands:
 * KVM unmaps it before the host does. Memory of a guest_memfd has no hva.
 *
 * Page frame numbers are told, so that CAP_SYS_ADMIN (in the initial user
 * namespace) is asked for at each call, and not at open alone: EPERM.
 *
 * Held is kvm->mmu_lock, for reading where it knows that, for a piece of at most 256
 * steps at a time, and preemption is off meanwhile. KVM never waits longer for a
 * caller, however large the range is.
 *
 * Errors besides those of all that take a VM:
 *   EINVAL	no such address space, or a range as above
 *   EOPNOTSUPP	this kernel's tables are not known (no x86-64; its KVM lacks a member
 *		that must be looked at; a TDX VM's)
 */
struct slotscope_stage2 {
	__u32 size;
	__u32 flags;
	__s32 vm_fd;
	__u32 as_id;
	__aligned_u64 gpa;
	__aligned_u64 bytes;
	__aligned_u64 mapping_addr;
	__u32 mapping_size;
	__u32 mapping_capacity;
	__u32 nr_copied;
	__u32 tables;
	__aligned_u64 next_gpa;
	__aligned_u64 reserved;
	__aligned_u64 begin_ns;
	__aligned_u64 end_ns;
};

/**
 * struct slotscope_vm - one VM, as one process holds it. Since 1.2
 * @vm:		number of the VM in this answer, from 1: records of several processes
 *		that hold the same VM have the same
 * @pid:	the process, as the caller sees it; 0 if its pid namespace is not one
 *		that the caller sees
 * @fd:		the lowest of its descriptors of the VM there, and
 * @nr_fds:	how many it has
 * @owner:	SLOTSCOPE_OWNER_*: are the slots' host addresses those of the process?
 *		0 if it has no memory any more
 * @nr_slots:	slots, of all address spaces, KVM's own included
 * @nr_pages:	as in struct slotscope_snapshot, as are
 * @users:	references to the VM,
 * @nr_vcpus:	its vCPUs,
 * @dirty_ring_bytes: the size of their dirty rings, and
 * @vm_type:	its type
 * @comm:	the process's name, as /proc/PID/comm has it; ends with a NUL
 * @user_bytes: of the slots of address space 0, without KVM's own. Since 1.3
 */
struct slotscope_vm {
	__u32 vm;
	__s32 pid;
	__s32 fd;
	__u32 nr_fds;
	__u32 owner;
	__u32 nr_slots;
	__aligned_u64 nr_pages;
	__u32 users;
	__u32 nr_vcpus;
	__u32 dirty_ring_bytes;
	__u32 vm_type;
	char comm[16];
	__aligned_u64 user_bytes;
};

/**
 * struct slotscope_vms - SLOTSCOPE_VMS: the VMs of this machine. Since 1.2
 * @size:	in: sizeof(struct slotscope_vms)
 * @flags:	in: 0
 * @vm_addr:	in: address of an array of struct slotscope_vm
 * @vm_size:	in: sizeof(struct slotscope_vm)
 * @vm_capacity: in: records that fit at @vm_addr
 * @nr_records:	out: records there are: one for each process and VM, and
 * @nr_copied:	out: how many of them were copied
 * @nr_vms:	out: VMs
 * @reserved:	in: 0
 *
 * By process, then by descriptor. A VM is there if a process had a descriptor of it
 * when that was looked at, whatever container it is in. One that lives on without,
 * by a mapping, a vCPU's descriptor or a message under way, is not found: KVM's own
 * list is not open to modules. Processes that come meanwhile may be missed.
 *
 * Each VM found is kept until the ioctl returns. The lock of a process's table of
 * descriptors is held for at most 256 of them at a time. SLOTSCOPE_VMS takes no VM,
 * but gives EPROTO like those that do, if there is one.
 *
 * The same can be read as text from slotscope/vms in debugfs, by whoever has
 * CAP_SYS_ADMIN: a line a record, with a head; a column may be added at the end.
 */
struct slotscope_vms {
	__u32 size;
	__u32 flags;
	__aligned_u64 vm_addr;
	__u32 vm_size;
	__u32 vm_capacity;
	__u32 nr_records;
	__u32 nr_copied;
	__u32 nr_vms;
	__u32 reserved;
};

#endif /* _UAPI_SLOTSCOPE_H */
