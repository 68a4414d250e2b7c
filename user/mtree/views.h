/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the printers of trees and of flat views share */
#ifndef SLOTSCOPE_MTREE_VIEWS_H
#define SLOTSCOPE_MTREE_VIEWS_H

#include <slotscope/mtree.h>

/** mtree_kind_of() - what a region is called; an alias as its target is */
enum mtree_kind mtree_kind_of(const struct memory_region_info *info);

/** mtree_extent() - from the first to the last byte; 0 also for size 0 */
uint64_t mtree_extent(memory_size_t size);

/** mtree_print_owner() - what -o adds to a line */
void mtree_print_owner(FILE *out, const char *owner, const char *parent);

#endif
