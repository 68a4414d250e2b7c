/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a VMM's RAM is made of. A RAMBlock is mapped once, as one piece of memory:
 * of one file, shared or not, or anonymous. A page of it that is anything else was
 * put there by someone who did not know. KVM maps it all the same, and the parties
 * that share the file (vhost-user, ivshmem, a migration) see something else.
 */
#ifndef CHECK_RAM_H
#define CHECK_RAM_H

#include <slotscope/view.h>

/**
 * struct ram_block - a RAMBlock, found by its ranges in a MODEL
 * @base:   host address of its first byte
 * @name:   borrowed from the MODEL
 * @shared: the VMM says so itself: a private mapping is wrong even if all of it
 *	    is private
 * @usual:  a mapping that is what most of it is; NULL if none is mapped
 */
struct ram_block {
	hva_t base;
	const char *name;
	bool shared;
	const struct host_range *usual;
};

struct ram_blocks {
	struct ram_block *items;
	size_t nr;
};

/**
 * ram_blocks_find() - the RAMBlocks of a MODEL, and what they are made of
 *
 * Ranges whose host address is not known are left out.
 * Return: 0 or -ENOMEM; ram_blocks_deinit() after either.
 */
int ram_blocks_find(const struct slot_state *model, const struct host_map *map,
		    struct ram_blocks *out);
void ram_blocks_deinit(struct ram_blocks *blocks);

/** ram_blocks_of() - the block of a MODEL's range, or NULL */
const struct ram_block *ram_blocks_of(const struct ram_blocks *blocks,
				      const struct slot *range);

#define RAM_WRONG_MAX 512

/**
 * ram_block_wrong() - is a mapping not of the block's memory? Say how
 *
 * Return: false if it is. Otherwise @text, "is anonymous memory, the rest of mem0
 * is /dev/shm/ram, shared".
 */
bool ram_block_wrong(const struct ram_block *block,
		     const struct host_range *range, char text[RAM_WRONG_MAX]);

#endif
