/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The KVMSlot table: which RAM sections of an address space KVM was told of,
 * under which slot number. A listener of the memory model that turns sections
 * into KVM_SET_USER_MEMORY_REGION requests and hands them to a callback. Pure:
 * whoever owns the VM's descriptor makes the call.
 *
 * The rules are those of QEMU's accel/kvm/kvm-all.c: sections are cut to whole
 * pages, a section larger than KVM takes is cut in pieces, a slot is found again
 * by its exact start and size, and a new one gets the lowest free number.
 */
#ifndef SLOTSCOPE_KVM_SLOTS_H
#define SLOTSCOPE_KVM_SLOTS_H

#include <slotscope/memory.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kvm_slots;

/* When requests are made, and how much stays in place */
enum kvm_slots_mode {
	/* 7.2: as the commit goes; first all that go, then all that come */
	KVM_SLOTS_IMMEDIATE,
	/*
	 * Newer: at the commit's end, all deletions, then all additions; what
	 * they touch is known before the first
	 */
	KVM_SLOTS_QUEUED,
	/*
	 * 2.8: a section that goes or comes cuts the slots that it overlaps into
	 * a part before and a part behind, which become slots of their own
	 */
	KVM_SLOTS_SPLIT,
};

/**
 * struct kvm_slot - a slot that is in use
 * @id:		number within the address space
 * @gpa:	in whole pages, as @size
 * @hva:	0 if not known
 * @flags:	SLOT_*
 * @region:	whose memory it is
 * @offset:	of its first byte in @region
 * @error:	what the last request for it returned: 0 or a negative errno. A
 *		slot whose creation was refused stays in the table: the model
 *		wants it, KVM has it not
 */
struct kvm_slot {
	uint32_t id;
	gpa_t gpa;
	uint64_t size;
	hva_t hva;
	uint32_t flags;
	struct memory_region *region;
	uint64_t offset;
	int error;
};

/**
 * struct kvm_slot_request - one KVM_SET_USER_MEMORY_REGION to make
 * @slot:	the raw slot word: id, with the address space in the upper half
 * @flags:	SLOT_*, the same values as KVM_MEM_*
 * @size:	0 deletes
 * @gmem_fd:	guest_memfd of the region's RAM, with SLOT_GUEST_MEMFD in @flags:
 *		needs KVM_SET_USER_MEMORY_REGION2; -1 if none
 * @gmem_offset: bytes into it
 * @pre_delete:	this deletion makes way for the same slot with another
 *		read-only flag, which KVM does not change in place
 * @region:	whose memory; for people
 * @offset:	of the first byte in @region
 *
 * @slot, @flags, @gpa, @size and @hva are what the ioctl takes, and what struct
 * slot_request of view.h holds.
 */
struct kvm_slot_request {
	uint32_t slot;
	uint32_t flags;
	gpa_t gpa;
	uint64_t size;
	hva_t hva;
	int gmem_fd;
	uint64_t gmem_offset;
	bool pre_delete;
	const struct memory_region *region;
	uint64_t offset;
};

/**
 * struct kvm_slots_options - what KVM can do, and what to do with requests
 * @mode:	   see enum kvm_slots_mode
 * @as_id:	   KVM's number for the address space; 1 is SMM on x86
 * @nr_slots:	   how many KVM has (KVM_CAP_NR_MEMSLOTS); 0 means 32764
 * @max_slot_size: bytes, in whole pages; 0 means no limit (x86)
 * @page_size:	   of the host, a power of 2; 0 means 4096
 * @no_readonly_mem: KVM_CAP_READONLY_MEM is missing: ROM gets no slot, and the
 *		   flag is not used
 * @request:	   make the call. Return: 0 or a negative errno
 * @inhibit:	   keep vCPUs out of KVM (true), let them in again (false): what
 *		   goes and what comes overlap, and a vCPU must not run while
 *		   neither is there, which only KVM_SLOTS_QUEUED can prevent; or
 *		   from before @log_ends until the request has been made. May be
 *		   NULL; calls may be nested
 * @log_ends:	   the next request takes the slot's dirty log from KVM: it
 *		   deletes the slot, or has it logged no more. Whoever wants what
 *		   is in it, fetches it now. May be NULL
 * @problem:	   told of each section that can not become a slot, and of each
 *		   request that was refused: nothing else is done about it. May
 *		   be NULL
 * @opaque:	   for all of them
 */
struct kvm_slots_options {
	enum kvm_slots_mode mode;
	uint16_t as_id;
	uint32_t nr_slots;
	uint64_t max_slot_size;
	uint64_t page_size;
	bool no_readonly_mem;
	int (*request)(void *opaque, const struct kvm_slot_request *request);
	void (*inhibit)(void *opaque, bool inhibit);
	void (*log_ends)(void *opaque, const struct kvm_slot *slot);
	void (*problem)(void *opaque, const struct slotscope_error *problem);
	void *opaque;
};

/**
 * kvm_slots_create() - keep KVM's slots as an address space wants them
 * @as:	     gets a listener of priority 10; what is there is requested at once
 * @options: copied
 *
 * Errors: -EINVAL for sizes that are no whole pages, or no callback; and those
 * of memory_listener_register().
 */
int kvm_slots_create(struct address_space *as,
		     const struct kvm_slots_options *options,
		     struct kvm_slots **out, struct slotscope_error *err);

/**
 * kvm_slots_destroy() - stop; each slot is deleted by a request
 * @slots: NULL is allowed. Before its address space, and before the model
 */
void kvm_slots_destroy(struct kvm_slots *slots);

/** kvm_slots_nr() - how many slots are in use */
uint32_t kvm_slots_nr(const struct kvm_slots *slots);

/**
 * kvm_slots_next() - walk the slots in use, lowest number first
 * @slot: the one before; NULL for the first
 *
 * Return: NULL at the end. Valid until the next commit.
 */
const struct kvm_slot *kvm_slots_next(const struct kvm_slots *slots,
				      const struct kvm_slot *slot);

/** kvm_slots_find() - the slot in use that holds @gpa, or NULL */
const struct kvm_slot *kvm_slots_find(const struct kvm_slots *slots, gpa_t gpa);

/** kvm_slots_find_from() - likewise, or else the next one above @gpa, or NULL */
const struct kvm_slot *kvm_slots_find_from(const struct kvm_slots *slots,
					   gpa_t gpa);

#ifdef __cplusplus
}
#endif

#endif
