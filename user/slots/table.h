/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What slots.c (the listener) and slots_table.c (the table) share */
#ifndef SLOTSCOPE_SLOTS_TABLE_H
#define SLOTSCOPE_SLOTS_TABLE_H

#include <slotscope/kvm_slots.h>

#include "base/treap.h"

struct entry {
	struct kvm_slot slot;
	uint32_t kvm_flags; /* what KVM was told last */
	bool created;	    /* KVM has it, as far as its answers tell */
	bool stuck;	    /* KVM refused to delete it: its number is lost */
	struct treap_node by_gpa;
};

/* A section that waits for the end of its commit */
struct queued {
	struct memory_region_section section;
	bool add;
};

struct kvm_slots {
	struct kvm_slots_options options;
	struct memory_listener *listener;
	struct entry **entries; /* by number; NULL where free */
	uint32_t cap;
	uint32_t nr;
	uint32_t first_free; /* no lower number is free */
	struct treap by_gpa;
	struct queued *queue;
	size_t nr_queue;
	size_t cap_queue;
};

/* Where a section lies once cut to whole pages */
struct span {
	gpa_t gpa;
	uint64_t size;
	uint64_t offset; /* in the region */
};

/** slots_find_exact() - the slot with just this start and size, or NULL */
struct entry *slots_find_exact(const struct kvm_slots *slots, gpa_t gpa,
			       uint64_t size);

/** slots_find_overlap() - the lowest slot with a byte in the range, or NULL */
struct entry *slots_find_overlap(const struct kvm_slots *slots, gpa_t gpa,
				 uint64_t size);

/** slots_add() - make a slot of the lowest free number, and request it */
void slots_add(struct kvm_slots *slots, struct memory_region *region,
	       const struct span *span, uint32_t flags);

/** slots_del() - request that it goes, and take it out of the table */
void slots_del(struct kvm_slots *slots, struct entry *e);

/** slots_set() - request what @e->slot says: a new slot, or other flags */
void slots_set(struct kvm_slots *slots, struct entry *e);

/** slots_problem() - tell the owner */
void slots_problem(struct kvm_slots *slots, const struct slotscope_error *err);

/** slots_about() - begin an error about a section */
void slots_about(struct slotscope_error *err, int code,
		 const struct memory_region *region, const struct span *span);

/** slots_free() - forget the table; no requests */
void slots_free(struct kvm_slots *slots);

#endif
