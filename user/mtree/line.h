/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line of QEMU's `info mtree`, in the forms of QEMU 2.8, 7.2 and newer ones:
 * headers, regions of the tree, ranges of a flat view. Pure; allocates nothing.
 */
#ifndef SLOTSCOPE_MTREE_LINE_H
#define SLOTSCOPE_MTREE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <slotscope/mtree.h>

#include "base/pasted.h"

enum mtree_line_type {
	MTREE_LINE_BLANK,	  /* ends a section */
	MTREE_LINE_ELLIPSIS,	  /* MTREE_ELLIPSIS: lines were left out */
	MTREE_LINE_ADDRESS_SPACE, /* address-space: NAME */
	MTREE_LINE_MEMORY_REGION, /* memory-region: NAME */
	MTREE_LINE_FLATVIEW,	  /* FlatView #N */
	MTREE_LINE_FLATVIEW_OLD,  /* address-space (flat view): NAME; to 2.10 */
	MTREE_LINE_FLATVIEW_AS,	  /*  AS "NAME", root: ROOT[, alias ALIAS] */
	MTREE_LINE_FLATVIEW_ROOT, /*  Root memory region: NAME */
	MTREE_LINE_FLATVIEW_EMPTY, /*   No rendered FlatView */
	MTREE_LINE_DISPATCH,	   /*   Dispatch: from -d; more lines follow */
	MTREE_LINE_REGION,	   /* a region of the tree, or a flat range */
	MTREE_LINE_BAD,
};

/**
 * struct mtree_line - a line, taken apart. The strings point into it
 * @type:	what kind of line
 * @name:	of the address space, the region, the view's root
 * @root:	FLATVIEW_AS: the address space's root region
 * @level:	REGION: depth in the tree, from 1; 1 in a flat view
 * @overflow:	QEMU warns that the addresses of this region, or of one that it
 *		did not show before it, wrap
 * @start:	REGION: first byte, as a guest address
 * @end:	REGION: last byte. Equal to @start for size 0 and for size 1
 * @priority:	REGION: among its siblings
 * @kind:	REGION: what QEMU calls it
 * @nonvolatile: REGION: "nv-"
 * @readable, @writable: REGION: of MTREE_RIGHTS
 * @disabled:	REGION: "[disabled]"
 * @alias:	REGION: the alias's target; FLATVIEW_AS: of @root; s is NULL if
 *		it is no alias
 * @alias_start, @alias_end: first and last byte in the target
 * @offset:	REGION, flat: in the region, of the range's first byte
 * @owned:	REGION: -o was given: @owner and @parent are all there is
 * @owner:	REGION: "dev id=x"
 * @parent:	REGION: "obj path=/machine"
 * @accel:	REGION, flat: "KVM" at the end ("kvm" in 4.1 and 4.2): QEMU's own
 *		slot table has it
 */
struct mtree_line {
	enum mtree_line_type type;
	struct piece name;
	struct piece root;
	unsigned int level;
	bool overflow;
	uint64_t start;
	uint64_t end;
	int32_t priority;
	enum mtree_kind kind;
	bool nonvolatile;
	bool readable;
	bool writable;
	bool disabled;
	struct piece alias;
	uint64_t alias_start;
	uint64_t alias_end;
	uint64_t offset;
	bool owned;
	struct piece owner;
	struct piece parent;
	bool accel;
};

/**
 * mtree_line_parse() - take a line apart
 * @in_flatview: the line stands below a FlatView header
 *
 * Names may hold anything but a line break: they are found by what stands
 * around them.
 *
 * Return: @line->type; MTREE_LINE_BAD for what is no line of info mtree.
 */
enum mtree_line_type mtree_line_parse(struct piece text, bool in_flatview,
				      struct mtree_line *line);

#endif
