/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * At which generation each address space was last. Slots change one at a time,
 * so a change that begins at another generation than that at which the last one
 * ended tells of one in between that nobody saw. Pure.
 */
#ifndef TRACE_GENERATIONS_H
#define TRACE_GENERATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct generations_vm;

/** struct generations - of all VMs that live; all zero is none. Private */
struct generations {
	struct generations_vm *vms;
	size_t nr, cap;
};

void generations_deinit(struct generations *g);

/**
 * generations_created() - a VM is new: as many generations as address spaces have
 * gone by before the first one of each
 *
 * Return: 0 or -ENOMEM.
 */
int generations_created(struct generations *g, uint64_t serial);

/** generations_read() - an address space was found at @generation */
int generations_read(struct generations *g, uint64_t serial, uint16_t as_id,
		     uint64_t generation);

/**
 * generations_change() - a change went from @before to @after
 * @losses: how many losses have been told so far; one that was told since the
 *	    last change here says already what is missing
 *
 * Return: 1 if one before it is missing, and nothing has said so: it is to be
 * told as one loss; 0; or -ENOMEM.
 */
int generations_change(struct generations *g, uint64_t serial, uint16_t as_id,
		       uint64_t before, uint64_t after, uint64_t losses);

/** generations_whole() - was this VM seen from its creation on? */
bool generations_whole(const struct generations *g, uint64_t serial);

/** generations_destroyed() - a VM is gone */
void generations_destroyed(struct generations *g, uint64_t serial);

#endif
