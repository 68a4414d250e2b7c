/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A picture of one address space, as data: a lane for each copy of its memory map, with
 * boxes in it, on one compressed scale (picture/scale.h). Region tree, flat view, slots as
 * they were asked for and as they are held, page tables, host memory. Whoever draws it
 * chooses which way is up. Pure.
 *
 *	struct lanes_input input = { .comparison = &comparison, .rows = &rows, ... };
 *	struct lanes lanes;
 *
 *	for (as_id = 0; as_id < lanes_spaces(&input); as_id++) {
 *		input.as_id = as_id;
 *		if (lanes_make(&input, &lanes))
 *			out of memory
 *		... each of lanes.scale's pieces, and the boxes that hold it
 *		lanes_deinit(&lanes);
 *	}
 */
#ifndef SLOTSCOPE_PICTURE_LANES_H
#define SLOTSCOPE_PICTURE_LANES_H

#include <slotscope/check.h>
#include <slotscope/mtree.h>

#include "picture/scale.h"
#include "qemu/model_tree.h"

enum lane_kind {
	LANE_REGIONS, /* the region tree, from front to back */
	LANE_FLAT,    /* the flat view */
	LANE_SLOTS, /* a view of slots: MODEL without a flat view, TRACED, KERNEL */
	LANE_STAGE2, /* KVM's page tables */
	LANE_HOST,   /* what lies under the slots: BACKING */
};

enum lane_box_kind {
	LANE_BOX_RAM,
	LANE_BOX_ROM,	    /* read only: ROM, or RAM shown so */
	LANE_BOX_IO,	    /* registers */
	LANE_BOX_CONTAINER, /* answers nothing itself */
	LANE_BOX_SLOT,
	LANE_BOX_MAPPED,   /* of LANE_STAGE2 and LANE_HOST */
	LANE_BOX_NOT_TOLD, /* one of the first three */
	LANE_BOX_UNSEEN,   /* nobody knows what is there, or if anything is */
};

/**
 * struct lane_box - one thing in a lane; what it is of stands in the member of its lane
 * @first:   first byte
 * @last:    last byte
 * @row:     place beside others in the same range, from the front. Of LANE_REGIONS: no
 *	     box of a lower row that overlaps lies behind it
 * @name:    what it is called; NULL: it has no name. Borrowed
 * @offset:  of @first, in what is called so, in bytes; of LANE_HOST with a file in that
 * @place:   LANE_REGIONS: in the places of the layout's space
 * @flat:    LANE_FLAT
 * @slot:    LANE_SLOTS
 * @mapping: LANE_HOST
 * @filled:  LANE_STAGE2: bytes of it that are mapped
 *
 * Boxes of one row do not overlap. With a zoom they end where that does.
 */
struct lane_box {
	uint64_t first;
	uint64_t last;
	unsigned int row;
	enum lane_box_kind kind;
	const char *name;
	uint64_t offset;
	union {
		size_t place;
		const struct mtree_range *flat;
		const struct slot *slot;
		const struct host_range *mapping;
		uint64_t filled;
	};
};

/**
 * struct lane - one copy of the map
 * @party: LANE_SLOTS, LANE_HOST: whose
 * @boxes: by row, then ascending
 * @rows:  that there are
 * @front: LANE_REGIONS: rows of what is or shows memory or registers; containers have
 *	   those from here on
 * @none:  why there is nothing to draw; NULL: it was looked at
 */
struct lane {
	enum lane_kind kind;
	enum party_id party;
	struct lane_box *boxes;
	size_t nr;
	size_t cap; /* private */
	unsigned int rows;
	unsigned int front;
	const char *none;
};

/**
 * struct lanes_input - what to draw; all is borrowed, and must outlive the lanes
 * @layout:     the VMM's regions, where they stand; without a model: not told, and
 * @no_layout:  why
 * @rights:     they are of a text that tells no kinds
 * @views:      its flat views, by as_id, @nr_views; NULL, or one of them: likewise
 * @no_views:   why
 * @stage2:     what KVM's page tables map, ascending, @nr_stage2; NULL: not known
 * @no_stage2:  why
 * @as_id:      which address space
 * @zoom:       only from @first to @last
 */
struct lanes_input {
	const struct comparison *comparison;
	const struct check_rows *rows;
	const struct model_layout *layout;
	const char *no_layout;
	bool rights;
	const struct mtree_flatview *const *views;
	size_t nr_views;
	const char *no_views;
	const struct stage2_row *stage2;
	size_t nr_stage2;
	const char *no_stage2;
	uint16_t as_id;
	bool zoom;
	gpa_t first;
	gpa_t last;
};

#define LANES_MAX (CHECK_MAX_VIEWS + 3)

/**
 * struct lanes - a picture
 * @lane:   in the order of the way from the VMM to the host, @nr
 * @scale:  cut at each edge of a box that is no container, of a row and of a finding;
 *	    empty if there is nothing to draw
 */
struct lanes {
	uint16_t as_id;
	struct lane lane[LANES_MAX];
	size_t nr;
	struct scale scale;
};

/** lanes_spaces() - how many address spaces there may be something of, from 0 on */
uint16_t lanes_spaces(const struct lanes_input *input);

/**
 * lanes_make() - draw one
 * @out: initialised here; lanes_deinit() it, also after an error
 *
 * Return: 0 or -ENOMEM.
 */
int lanes_make(const struct lanes_input *input, struct lanes *out);
void lanes_deinit(struct lanes *lanes);

/** lane_title() - "regions", "flat view", "asked", "held", ... */
const char *lane_title(const struct lane *lane);

/** lane_box_at() - the box of row @row that holds @addr; NULL if none does */
const struct lane_box *lane_box_at(const struct lane *lane, unsigned int row,
				   uint64_t addr);

/**
 * lanes_row_at() - the row of check's table that holds @addr
 *
 * What a picture marks is what the table says: its verdict, its finding.
 * Return: NULL if none does.
 */
const struct check_row *lanes_row_at(const struct lanes_input *input,
				     uint64_t addr);

#endif
