/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What info mtree leaves out and cannot be concluded, by the names of QEMU's
 * own regions. One table; see fixtures: "What info mtree leaves out".
 */
#ifndef SLOTSCOPE_MTREE_HINTS_H
#define SLOTSCOPE_MTREE_HINTS_H

enum mtree_hint {
	/* Printed "i/o" whether it answers accesses or only holds others */
	MTREE_HINT_TERMINATES = 1U << 0, /* though it holds others */
	MTREE_HINT_CONTAINER = 1U << 1,	 /* though it holds none now */
	/* An alias is printed with the kind of what it shows */
	MTREE_HINT_READONLY = 1U << 2,
	MTREE_HINT_READONLY_ROMD = 1U << 4, /* if it shows a ROM device */
	/* Size 0 is printed like size 1 */
	MTREE_HINT_EMPTY = 1U << 3, /* if it is printed as one byte */
};

/** mtree_hints() - MTREE_HINT_* for a region of that name; 0 for most */
unsigned int mtree_hints(const char *name);

#endif
