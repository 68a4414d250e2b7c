/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the regions of a tree stand in an address space, what of each is seen there,
 * and what hides the rest: the tree and its flat view, laid over each other. Pure.
 *
 *	struct mtree_tree, struct mtree_match -> regions, each once
 *	+ struct mtree_flatview of an address space -> places in it, ranges that are seen
 *
 * Nothing is rendered here: what is seen is what the flat view has. Where the two
 * cannot be brought together, that is told as not known.
 */
#ifndef SLOTSCOPE_MTREE_PLACES_H
#define SLOTSCOPE_MTREE_PLACES_H

#include <slotscope/mtree.h>

#include "mtree/match.h"

/* Above any machine's; bounds the work that a hostile text can cause */
#define MTREE_PLACES_MAX 16384
#define MTREE_DEPTH_MAX	 128

/*
 * What a region is, as far as text and flat views tell. Up to QEMU 9 a text calls
 * registers and containers alike: a flat view that shows the region, or nothing at
 * a place of it, tells them apart.
 */
enum mtree_region_kind {
	MTREE_REGION_NOT_TOLD, /* of QEMU before 2.9 */
	MTREE_REGION_RAM,
	MTREE_REGION_ROM,
	MTREE_REGION_ROMD,
	MTREE_REGION_RAMD,
	MTREE_REGION_MMIO,
	MTREE_REGION_CONTAINER,
	MTREE_REGION_IO, /* one of the two */
	MTREE_REGION_ALIAS,
	NR_MTREE_REGION_KINDS,
};

/** mtree_region_kind_name() - "mmio"; NULL for MTREE_REGION_NOT_TOLD */
const char *mtree_region_kind_name(enum mtree_region_kind kind);

/**
 * struct mtree_region - a MemoryRegion
 * @node:   of the tree: what was printed of it
 * @parent: index of the region that contains it, or -1
 * @target: of an alias: index of what it shows; -1: no alias, or not in the text
 */
struct mtree_region {
	int32_t node;
	int32_t parent;
	int32_t target;
	enum mtree_region_kind kind;
};

/* Why something else is seen */
enum mtree_why {
	MTREE_WHY_NOT_KNOWN,
	MTREE_WHY_PRIORITY, /* it has a higher one, where the ways to the two part */
	MTREE_WHY_ORDER,     /* the same priority, and was mapped later */
	MTREE_WHY_SUBREGION, /* it is within the region, and goes before it */
	MTREE_WHY_DISABLED,  /* the region, or one around it, is disabled */
	NR_MTREE_WHYS,
};

/** mtree_why_name() - "priority"; NULL for MTREE_WHY_NOT_KNOWN */
const char *mtree_why_name(enum mtree_why why);

/**
 * struct mtree_piece - a part of a place
 * @first, @last: guest addresses
 * @shown: the region is seen here, or something within it; otherwise
 * @by:	   index of the place that is seen; -1: not known, or nothing is seen
 */
struct mtree_piece {
	uint64_t first;
	uint64_t last;
	bool shown;
	int32_t by;
	enum mtree_why why;
};

/**
 * struct mtree_place - where a region stands in an address space
 * @region:  index
 * @in:	     index of the place around it: of its container, or of the alias that
 *	     shows it; -1 for the root
 * @first, @last: guest addresses, cut to what is around it
 * @offset:  of @first in the region
 * @enabled: it, and all around it
 * @pieces:  ascending, @nr_pieces. What nothing is said of: nothing within a container
 *	     or an alias is there, or there is no flat view
 */
struct mtree_place {
	uint16_t as_id;
	int32_t region;
	int32_t in;
	uint64_t first;
	uint64_t last;
	uint64_t offset;
	bool enabled;
	struct mtree_piece *pieces;
	size_t nr_pieces;
};

/**
 * struct mtree_seen - a range of a flat view; or one without, a hole
 * @range: NULL: a hole
 * @place: index of what it shows; -1: not found, or a hole
 */
struct mtree_seen {
	uint16_t as_id;
	uint64_t first;
	uint64_t last;
	const struct mtree_range *range;
	int32_t place;
};

/**
 * struct mtree_space - an address space to lay out
 * @root: its root's node, or -1
 * @view: NULL: there is none
 */
struct mtree_space {
	uint16_t as_id;
	int32_t root;
	const struct mtree_flatview *view;
};

/**
 * struct mtree_places - all of it; holds pointers into tree and views
 * @regions: in the order of the text
 * @places:  depth first, an address space after the other; the children of a place by
 *	     priority, the highest first
 * @seen:    ascending: together all addresses of each space that has a view
 * @cut:     there are more places
 */
struct mtree_places {
	const struct mtree_tree *tree;
	struct mtree_region *regions;
	size_t nr_regions;
	struct mtree_place *places;
	size_t nr_places;
	struct mtree_seen *seen;
	size_t nr_seen;
	bool cut;
	int32_t *region_of; /* by node; -1: it is another's print */
};

/**
 * mtree_places_init() - lay out
 * @match:  of @tree; needed during the call only
 * @spaces: @nr of them
 * @out:    mtree_places_deinit() it, also after an error
 *
 * Return: 0 or -ENOMEM.
 */
int mtree_places_init(const struct mtree_tree *tree,
		      const struct mtree_match *match,
		      const struct mtree_space *spaces, size_t nr,
		      struct mtree_places *out);
void mtree_places_deinit(struct mtree_places *places);

/** mtree_places_region() - which region a node is a print of; -1: none */
int32_t mtree_places_region(const struct mtree_places *places, int32_t node);

#endif
