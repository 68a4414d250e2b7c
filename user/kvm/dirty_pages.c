// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "kvm/dirty_pages.h"

struct dirty_block {
	const struct ram_block *block;
	uint64_t offset; /* of the block: another may come to lie at its address */
	uint64_t nr_pages;
	uint64_t *bits[DIRTY_CLIENTS]; /* NULL: nothing was ever dirty */
	UT_hash_handle hh;
};

static struct dirty_block *find(const struct dirty_pages *dirty,
				const struct ram_block *block)
{
	struct dirty_block *b;

	HASH_FIND_PTR(dirty->blocks, &block, b);
	if (b && (b->offset != block->offset ||
		  b->nr_pages != block->max_length / DIRTY_PAGE_SIZE))
		return NULL;
	return b;
}

static void forget(struct dirty_pages *dirty, struct dirty_block *b)
{
	int i;

	HASH_DEL(dirty->blocks, b);
	for (i = 0; i < DIRTY_CLIENTS; i++)
		free(b->bits[i]);
	free(b);
}

void dirty_pages_deinit(struct dirty_pages *dirty)
{
	struct dirty_block *b, *next;
	int i;

	HASH_ITER(hh, dirty->blocks, b, next)
	{
		HASH_DEL(dirty->blocks, b);
		for (i = 0; i < DIRTY_CLIENTS; i++)
			free(b->bits[i]);
		free(b);
	}
}

static size_t words(uint64_t nr_pages)
{
	return (nr_pages + 63) / 64;
}

static struct dirty_block *get(struct dirty_pages *dirty,
			       const struct ram_block *block)
{
	struct dirty_block *b = find(dirty, block);

	if (b)
		return b;
	HASH_FIND_PTR(dirty->blocks, &block, b);
	if (b)
		forget(dirty, b);
	b = calloc(1, sizeof(*b));
	if (!b)
		return NULL;
	b->block = block;
	b->offset = block->offset;
	b->nr_pages = block->max_length / DIRTY_PAGE_SIZE;
	HASH_ADD_PTR(dirty->blocks, block, b);
	return b;
}

static void set_page(uint64_t *bits, uint64_t page)
{
	bits[page / 64] |= 1ULL << page % 64;
}

static bool is_set(const uint64_t *bits, uint64_t page)
{
	return bits[page / 64] >> page % 64 & 1;
}

int dirty_pages_set(struct dirty_pages *dirty, unsigned int clients,
		    const struct ram_block *block, uint64_t first,
		    const uint64_t *bits, uint64_t nr)
{
	struct dirty_block *b = get(dirty, block);
	uint64_t word, i;
	int c;

	for (c = 0; b && c < DIRTY_CLIENTS; c++) {
		if (!(clients & 1U << c) || b->bits[c])
			continue;
		b->bits[c] = calloc(words(b->nr_pages), sizeof(uint64_t));
		if (!b->bits[c])
			return -ENOMEM;
	}
	if (!b)
		return -ENOMEM;
	if (first >= b->nr_pages)
		return 0;
	if (nr > b->nr_pages - first)
		nr = b->nr_pages - first;
	for (i = 0; i < nr; i++) {
		word = bits[i / 64];
		if (!word) {
			i |= 63;
			continue;
		}
		if (!(word >> i % 64 & 1))
			continue;
		for (c = 0; c < DIRTY_CLIENTS; c++)
			if (clients & 1U << c)
				set_page(b->bits[c], first + i);
	}
	return 0;
}

static const uint64_t *client_bits(const struct dirty_block *b,
				   unsigned int client)
{
	return b ? b->bits[__builtin_ctz(client)] : NULL;
}

uint64_t dirty_pages_count(const struct dirty_pages *dirty, unsigned int client,
			   const struct ram_block *block)
{
	const struct dirty_block *b = find(dirty, block);
	const uint64_t *bits = client_bits(b, client);
	uint64_t count = 0;
	size_t i;

	for (i = 0; bits && i < words(b->nr_pages); i++)
		count += __builtin_popcountll(bits[i]);
	return count;
}

uint64_t dirty_pages_next(const struct dirty_pages *dirty, unsigned int client,
			  const struct ram_block *block, uint64_t *page)
{
	const struct dirty_block *b = find(dirty, block);
	const uint64_t *bits = client_bits(b, client);
	uint64_t at = *page, end;

	if (!bits)
		return 0;
	while (at < b->nr_pages && !is_set(bits, at))
		at = bits[at / 64] >> at % 64 ? at + 1 : (at | 63) + 1;
	if (at >= b->nr_pages)
		return 0;
	for (end = at; end < b->nr_pages && is_set(bits, end);)
		end++;
	*page = at;
	return end - at;
}

void dirty_pages_clear(struct dirty_pages *dirty, unsigned int client,
		       const struct ram_block *block)
{
	struct dirty_block *b = find(dirty, block);
	uint64_t *bits = b ? b->bits[__builtin_ctz(client)] : NULL;

	if (bits)
		memset(bits, 0, words(b->nr_pages) * sizeof(*bits));
}
