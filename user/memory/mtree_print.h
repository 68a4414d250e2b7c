/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints a model as QEMU 7.2's `info mtree` does. To a FILE that the caller
 * has opened; open_memstream(3) serves who wants a string.
 */
#ifndef SLOTSCOPE_MEMORY_MTREE_PRINT_H
#define SLOTSCOPE_MEMORY_MTREE_PRINT_H

#include <stdio.h>

#include <slotscope/memory.h>

enum {
	MTREE_FLATVIEW = 1U << 0, /* -f: flat views instead of the tree */
	MTREE_OWNER = 1U << 1,	  /* -o: owner and parent of each region */
	MTREE_DISABLED = 1U << 2, /* -D: also what is disabled */
};

/**
 * mtree_print() - print the tree, or the flat views, of all address spaces
 * @flags: MTREE_*
 *
 * The format is QEMU 7.2's, byte for byte, but for two things that are not the
 * model's: QEMU's order of address spaces and views is that of a hash table
 * (ours: the oldest first), and " KVM" is never printed, since it comes from a
 * slot table.
 *
 * Return: 0, -ENOMEM, or -EIO if @out is in error.
 */
int mtree_print(FILE *out, const struct memory_model *model,
		unsigned int flags);

#endif
