// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size_text.h"
#include "check/footing.h"
#include "check/ram.h"
#include "check/say.h"

/* A range of a MODEL, by the block it is in and its place there */
struct part {
	hva_t base;
	const struct slot *slot;
};

static int by_name(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int by_block(hva_t a_base, const char *a_name, hva_t b_base,
		    const char *b_name)
{
	if (a_base != b_base)
		return a_base < b_base ? -1 : 1;
	return by_name(a_name, b_name);
}

static int by_place(const void *a, const void *b)
{
	const struct part *x = a;
	const struct part *y = b;
	int order = by_block(x->base, x->slot->name, y->base, y->slot->name);

	return order ? order :
		       (x->slot->hva > y->slot->hva) -
			       (x->slot->hva < y->slot->hva);
}

/* How much there is of each kind of memory, of which a block has very few */
struct tally {
	const struct host_range *range;
	uint64_t bytes;
};

#define TALLIES 16

static void count(struct tally tallies[TALLIES], const struct host_range *range,
		  uint64_t bytes)
{
	for (size_t i = 0; i < TALLIES; i++) {
		if (!tallies[i].range)
			tallies[i].range = range;
		if (!host_range_same_memory(tallies[i].range, range))
			continue;
		tallies[i].bytes += bytes;
		return;
	}
}

static const struct host_range *most(const struct tally tallies[TALLIES])
{
	size_t best = 0;

	for (size_t i = 1; i < TALLIES; i++) {
		if (tallies[i].bytes > tallies[best].bytes)
			best = i;
	}
	return tallies[best].range;
}

/* Ranges may show the same memory twice: it counts once */
static const struct host_range *usual_of(const struct part *parts, size_t nr,
					 const struct host_map *map)
{
	struct tally tallies[TALLIES] = { 0 };
	struct footing footing;
	hva_t from = 0;
	hva_t last;

	for (size_t i = 0; i < nr; i++) {
		last = parts[i].slot->hva + (parts[i].slot->size - 1);
		if (parts[i].slot->hva > from)
			from = parts[i].slot->hva;
		if (last < from)
			continue;
		struct footing_walk walk = { .map = map,
					     .next = from,
					     .last = last };

		while (footing_next(&walk, &footing)) {
			if (footing.range)
				count(tallies, footing.range,
				      footing.last - footing.first + 1);
		}
		if (last == UINT64_MAX)
			break;
		from = last + 1;
	}
	return most(tallies);
}

static int find_parts(const struct slot_state *model, struct part **out,
		      size_t *nr)
{
	const struct slot *slot;
	uint32_t fields;

	*nr = 0;
	*out = calloc(model->nr_slots + 1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	for (size_t i = 0; i < model->nr_slots; i++) {
		slot = &model->slots[i];
		fields = model->coverage.fields & ~slot->unknown;
		if (fields & SLOT_FIELD_HVA &&
		    slot->hva + (slot->size - 1) >= slot->hva)
			(*out)[(*nr)++] =
				(struct part){ slot->hva - slot->offset, slot };
	}
	qsort(*out, *nr, sizeof(**out), by_place);
	return 0;
}

int ram_blocks_find(const struct slot_state *model, const struct host_map *map,
		    struct ram_blocks *out)
{
	struct part *parts;
	size_t nr, next;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = find_parts(model, &parts, &nr);
	if (ret)
		return ret;
	out->items = calloc(nr + 1, sizeof(*out->items));
	if (!out->items)
		ret = -ENOMEM;
	for (size_t i = 0; i < nr && !ret; i = next) {
		struct ram_block *block = &out->items[out->nr++];

		*block = (struct ram_block){ .base = parts[i].base,
					     .name = parts[i].slot->name };
		for (next = i; next < nr; next++) {
			if (by_block(parts[next].base, parts[next].slot->name,
				     block->base, block->name))
				break;
			block->shared |= parts[next].slot->share ==
					 SLOT_SHARE_ON;
		}
		block->usual = usual_of(&parts[i], next - i, map);
	}
	free(parts);
	return ret;
}

void ram_blocks_deinit(struct ram_blocks *blocks)
{
	free(blocks->items);
	memset(blocks, 0, sizeof(*blocks));
}

static int is_block_of(const void *key, const void *item)
{
	const struct slot *slot = key;
	const struct ram_block *block = item;

	return by_block(slot->hva - slot->offset, slot->name, block->base,
			block->name);
}

const struct ram_block *ram_blocks_of(const struct ram_blocks *blocks,
				      const struct slot *range)
{
	return bsearch(range, blocks->items, blocks->nr, sizeof(*blocks->items),
		       is_block_of);
}

static bool is_same_file(const struct host_range *a, const struct host_range *b)
{
	return a->inode == b->inode && a->dev_major == b->dev_major &&
	       a->dev_minor == b->dev_minor;
}

/* "/dev/shm/ram, shared" */
static void say_memory(char text[SAY_MAX], const struct host_range *range)
{
	snprintf(text, SAY_MAX, "%.100s%s", range_name_of(range),
		 !range->inode ? "" :
		 range->shared ? ", shared" :
				 ", private");
}

static void say_other(char text[RAM_WRONG_MAX], const struct ram_block *block,
		      const struct host_range *range)
{
	const char *name = block->name ? block->name : "the block";
	const struct host_range *usual = block->usual;
	char copied[SAY_MAX] = "";
	char here[SAY_MAX];
	char rest[SAY_MAX];

	if (range->copied)
		snprintf(copied, sizeof(copied), " (%s of it copied)",
			 SIZE_IN_TEXT(range->copied));
	if (range->inode && is_same_file(range, usual) &&
	    range->shared == usual->shared) {
		snprintf(text, RAM_WRONG_MAX,
			 "is %.100s at offset 0x%" PRIx64
			 ", where it would be at 0x%" PRIx64
			 " by the rest of %.60s",
			 range_name_of(range), range->offset,
			 usual->offset + (range->start - usual->start), name);
		return;
	}
	say_memory(here, range);
	say_memory(rest, usual);
	snprintf(text, RAM_WRONG_MAX, "is %s%s, and the rest of %.60s is %s",
		 here, copied, name, rest);
}

bool ram_block_wrong(const struct ram_block *block,
		     const struct host_range *range, char text[RAM_WRONG_MAX])
{
	if (block->usual && !host_range_same_memory(range, block->usual)) {
		say_other(text, block, range);
		return true;
	}
	if (!block->shared || range->shared)
		return false;
	snprintf(text, RAM_WRONG_MAX,
		 "is private (%.100s), and the VMM says that %.60s is shared",
		 range_name_of(range), block->name ? block->name : "it");
	return true;
}
