/* SPDX-License-Identifier: GPL-2.0-only */
/* What slotscope_test.ko does, for it and for the tests. */
#ifndef SLOTSCOPE_TEST_H
#define SLOTSCOPE_TEST_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define TEST_DEVICE "/dev/slotscope-test"

/* Argument: descriptor of a VM. The first and the last id that is KVM's own */
#define TEST_HIDDEN_SLOTS    _IO('T', 1)
/* Where they are: where the identity map and the APIC access page lie. A page each */
#define TEST_FIRST_GPA	     0xfffbc000
#define TEST_LAST_GPA	     0xfee00000
/* Argument: descriptor of a VM. Returns how long the walk took, in ns */
#define TEST_WALK	     _IO('T', 2)
/* Argument: struct test_damage */
#define TEST_DAMAGE	     _IO('T', 3)
/* Argument: struct test_holds */
#define TEST_HOLDS	     _IO('T', 4)
/* Argument: descriptor of a VM that has hidden slots */
#define TEST_NO_HIDDEN_SLOTS _IO('T', 5)

/*
 * test_damage.what; those of a slot are of the active set of its address space, whose
 * number is the upper half of @id, as in a request to KVM
 */
enum {
	DAMAGE_NODE_IDX, /* of the set with index @id */
	DAMAGE_SLOT_AS_ID,
	DAMAGE_SLOT_ID,
	DAMAGE_SLOT_NPAGES,
	DAMAGE_SLOT_BASE_GFN,
	DAMAGE_SLOT_HVA,  /* and not where the hva tree has it */
	DAMAGE_ID_HASH,	  /* 0: the slot is not in the hash, 1: it is */
	DAMAGE_HVA_START, /* of the slot's node in the hva tree */
	DAMAGE_NR_PAGES,  /* kvm->nr_memslot_pages */
	DAMAGE_GFN_TREE,  /* 0: the slot is not in the gfn tree, 1: it is */
	DAMAGE_UPDATING, /* 1: an update of the set is not complete, 0: it is */
	/*
	 * The entry of KVM's page table that maps gpa @id << 12, as vCPU 0 has it, or
	 * as a shadow page table, the one of the slot's reverse map
	 */
	DAMAGE_SPTE,
	DAMAGE_NR_DIRTY_LOGGING, /* KVM's count; ENODEV where it has none */
	DAMAGE_HVA_SUBTREE,	 /* the last address below the slot's node */
	DAMAGE_HVA_LEFTMOST, /* the first node of the hva tree, of address space 0 */
	/* 1: that of address space 1 is in its place; else the value that it had */
	DAMAGE_ACTIVE_SET,
	/* 1: KVM makes each slot a page smaller than it says, 0: as it says */
	DAMAGE_REQUESTS,
};

/**
 * struct test_damage - make KVM's tables wrong, or right again
 * @vm_fd: the VM
 * @what:  DAMAGE_*
 * @id:    slot id
 * @value: in: what is put there; out: what was there
 */
struct test_damage {
	__s32 vm_fd;
	__u32 what;
	__u32 id;
	__u32 reserved;
	__u64 value;
};

/**
 * struct test_holds - how the calling task holds a VM's srcu
 * @vm_fd:       the VM, to begin; -1, to end and to be told
 * @nr:          out: holds that ended since it began
 * @preemptible: out: those of them in which preemption was on
 * @keeping:     out: those of them that began without that the processor was given up,
 *		 which with the end of each is asked for
 * @step_at:     in: with the end of which hold an update of address space 0 goes a
 *		 step on, as KVM's do: begins if none is under way, else is complete. 0:
 *		 none
 * @nr_as:       in: how many address spaces the VM has, for that
 * @longest_ns:  out: the longest of them
 * @empty_ns:    out: one in which nothing is done, counted in the same way
 */
struct test_holds {
	__s32 vm_fd;
	__u32 nr;
	__u32 preemptible;
	__u32 step_at;
	__u32 nr_as;
	__u32 keeping;
	__u64 longest_ns;
	__u64 empty_ns;
};

#endif
