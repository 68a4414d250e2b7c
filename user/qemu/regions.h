/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What QEMU's tree tells of the regions that its flat views name. A flat view
 * gives of a region its name, its priority and (with -o) its owner; the tree
 * has the rest, but several regions may share all three. Pure.
 */
#ifndef SLOTSCOPE_QEMU_REGIONS_H
#define SLOTSCOPE_QEMU_REGIONS_H

#include <slotscope/mtree.h>

#include "mtree/match.h"

/**
 * struct regions - the regions of a tree, by what a flat view tells of them
 *
 * Holds pointers into the tree and the match that it was made of.
 */
struct regions {
	struct region_group {
		const struct mtree_node *node; /* one of them */
		unsigned int kinds;	       /* 1 << enum mtree_kind */
		int32_t class;		       /* of all, or -1 */
	} * groups;
	size_t nr;
	bool owned;
};

/**
 * regions_init() - sort them
 * @match: NULL if there is none; no region is then known to be the only one
 *
 * Return: 0 or -ENOMEM.
 */
int regions_init(struct regions *regions, const struct mtree_tree *tree,
		 const struct mtree_match *match);
void regions_deinit(struct regions *regions);

/** regions_find() - those that may be what @range shows, or NULL */
const struct region_group *regions_find(const struct regions *regions,
					const struct mtree_range *range);

enum range_slot {
	RANGE_NO_SLOT, /* registers */
	RANGE_SLOT,
	RANGE_SLOT_READONLY,
	RANGE_SLOT_EITHER, /* memory, and its flag cannot be told */
	RANGE_UNKNOWN,	   /* may be registers that are shown read-only */
};

/**
 * regions_slot() - what a flat range is to KVM
 *
 * The rule of QEMU's kvm_set_phys_mem() and kvm_mem_flags(), on 7.2: RAM,
 * and ROM devices in ROM mode, get a slot; it is read-only if the region itself
 * is a ROM or such a device. A flat view says "rom" of everything that is shown
 * read-only, so that this must come from the tree.
 */
enum range_slot regions_slot(const struct regions *regions,
			     const struct mtree_range *range);

#endif
