/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dispatch: from a guest address to the section that answers there. A radix
 * tree of 4 bits a level, from the highest digit that matters down to the byte.
 *
 *	address  c 0 0 0 3
 *	         │       └── its slot in the lower node
 *	         └────────── its slot in the upper node
 *
 *	00000-fffff  [ram| ... |ram|vga|vga| │ |   |   |   ]
 *	                                     ▼
 *	c0000-c000f  a subpage              [com|com|com|com|lpt| ... ]
 *
 * What the tree looks like follows from the sections alone:
 *
 * - A part of the address space with nothing in it is NULL.
 * - A part with one section in it is that section, whatever it covers of it. So
 *   a terabyte of RAM takes a slot here and there, and no node of its own; and
 *   the last step of each look-up asks the section whether it reaches so far.
 * - A part with several is a node: the smallest aligned block of 16, 256, ...
 *   bytes with all of them in it, cut into 16 slots, each such a part again.
 *   Levels that would have one child are not there.
 *
 * A node of less than a page is what QEMU calls a subpage. It is there only where
 * a page is shared by several sections. It is no structure of another kind, so
 * 1 byte can change in a page of 4096 sections without a look at the rest.
 *
 * A tree that readers can see never changes. A commit shares all of it and copies
 * what lies on the way to what it changes, from the root down:
 *
 *	old root ──► [ a | b | c ]     [ a | b'| c ] ◄── new root
 *	               │   │   └─────────────────┘
 *	               │   └─► goes with the old view
 *	               └── is in both, as is c
 *
 * Nodes and sections count the slots and trees that lead to them. Whoever walks
 * down from a root of its own through nodes with a count of 1 is alone with them,
 * and may change them in place: so of two changes in one commit the second finds
 * most of its way copied already.
 *
 * Only the thread that changes the model counts. Readers hold the view, the view
 * its tree; the regions that sections name are held by the view's ranges.
 */
#ifndef SLOTSCOPE_MEMORY_DISPATCH_H
#define SLOTSCOPE_MEMORY_DISPATCH_H

#include <slotscope/memory.h>

#define DISPATCH_BITS  4
#define DISPATCH_SLOTS (1u << DISPATCH_BITS)

/* What a slot leads to: a section, or a node */
struct dispatch_entry {
	unsigned int refs;
	bool is_node;
	uint8_t shift; /* of a node: log2 of the bytes of a slot */
};

struct dispatch_section {
	struct dispatch_entry entry;
	struct flat_range range;
};

struct dispatch_node {
	struct dispatch_entry entry;
	gpa_t base; /* a multiple of its size: 16 slots */
	struct dispatch_entry *slots[DISPATCH_SLOTS];
};

/* Zero-initialise it: nothing answers anywhere */
struct dispatch {
	struct dispatch_entry *root;
};

/** dispatch_share() - let @to, which is empty, be as @from is */
void dispatch_share(struct dispatch *to, const struct dispatch *from);

/** dispatch_drop() - give it back; frees what no other tree shares */
void dispatch_drop(struct dispatch *dispatch);

/**
 * dispatch_insert() - something answers there now; nothing did before
 * @dispatch: of a view that is not published yet
 *
 * Return: 0 or -ENOMEM: @dispatch is then good for dispatch_drop() only. No tree
 * that it shares with has changed.
 */
int dispatch_insert(struct dispatch *dispatch, const struct flat_range *range);

/** dispatch_erase() - no more; @range was inserted. Return: likewise */
int dispatch_erase(struct dispatch *dispatch, const struct flat_range *range);

/**
 * dispatch_lookup() - what answers at @addr, or NULL
 *
 * Return: a range that lives as long as the view. It is not one of the view's
 * own: flat_view_next() does not know it.
 */
const struct flat_range *dispatch_lookup(const struct dispatch *dispatch,
					 gpa_t addr);

/** dispatch_at_or_behind() - the lowest range that ends behind @addr, or NULL */
const struct flat_range *dispatch_at_or_behind(const struct dispatch *dispatch,
					       gpa_t addr);

#endif
