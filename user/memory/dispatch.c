// SPDX-License-Identifier: GPL-2.0-or-later
/* The dispatch tree: look-ups, and changes that share what they do not touch. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/treap.h"
#include "memory/dispatch.h"

/* Addresses, both inclusive: the last one may be that of all */
struct block {
	gpa_t first;
	gpa_t last;
};

static const struct block everything = { .last = UINT64_MAX };

static struct dispatch_node *node_of(struct dispatch_entry *entry)
{
	return container_of(entry, struct dispatch_node, entry);
}

static struct dispatch_section *section_of_entry(struct dispatch_entry *entry)
{
	return container_of(entry, struct dispatch_section, entry);
}

static gpa_t range_last(const struct flat_range *range)
{
	return range->addr + (uint64_t)(range->size - 1);
}

/* For an address outside of the node: DISPATCH_SLOTS or more */
static uint64_t slot_of(const struct dispatch_node *node, gpa_t addr)
{
	return (addr - node->base) >> node->entry.shift;
}

static struct block node_block(const struct dispatch_node *node)
{
	/* Shifted in two steps: together it may be by 64 */
	uint64_t size = 1ull << node->entry.shift << DISPATCH_BITS;

	return (struct block){ node->base, node->base + size - 1 };
}

static struct block slot_block(const struct dispatch_node *node, uint64_t slot)
{
	gpa_t first = node->base + (slot << node->entry.shift);

	return (struct block){ first,
			       first + ((1ull << node->entry.shift) - 1) };
}

/* What a section covers of a block */
static struct block part_of(const struct dispatch_section *section,
			    struct block block)
{
	if (section->range.addr > block.first)
		block.first = section->range.addr;
	if (range_last(&section->range) < block.last)
		block.last = range_last(&section->range);
	return block;
}

static struct dispatch_entry *entry_ref(struct dispatch_entry *entry)
{
	if (entry)
		entry->refs++;
	return entry;
}

/* As deep as the tree: 16 levels at the most */
static void entry_unref(struct dispatch_entry *entry)
{
	unsigned int i;

	if (!entry || --entry->refs)
		return;
	if (!entry->is_node) {
		free(section_of_entry(entry));
		return;
	}
	for (i = 0; i < DISPATCH_SLOTS; i++)
		entry_unref(node_of(entry)->slots[i]);
	free(node_of(entry));
}

void dispatch_share(struct dispatch *to, const struct dispatch *from)
{
	to->root = entry_ref(from->root);
}

void dispatch_drop(struct dispatch *dispatch)
{
	entry_unref(dispatch->root);
	dispatch->root = NULL;
}

/* Make sure that nobody else sees the node in a slot that is ours */
static int own_node(struct dispatch_entry **slot)
{
	struct dispatch_node *node;
	unsigned int i;

	if ((*slot)->refs == 1)
		return 0;
	node = malloc(sizeof(*node));
	if (!node)
		return -ENOMEM;
	*node = *node_of(*slot);
	node->entry.refs = 1;
	for (i = 0; i < DISPATCH_SLOTS; i++)
		entry_ref(node->slots[i]);
	entry_unref(*slot);
	*slot = &node->entry;
	return 0;
}

/* The smallest node that has both addresses in it; they differ */
static struct dispatch_node *new_node(gpa_t first, gpa_t last)
{
	struct dispatch_node *node = calloc(1, sizeof(*node));
	unsigned int highest;

	if (!node)
		return NULL;
	highest = 63 - __builtin_clzll(first ^ last);
	node->entry.refs = 1;
	node->entry.is_node = true;
	node->entry.shift = highest / DISPATCH_BITS * DISPATCH_BITS;
	node->base = first >> node->entry.shift >>
		     DISPATCH_BITS << node->entry.shift << DISPATCH_BITS;
	return node;
}

/* Put a node above what is in a slot, with room for another part */
static int put_node_above(struct dispatch_entry **slot, struct block there,
			  struct block part)
{
	struct dispatch_node *node;
	uint64_t i;

	node = new_node(part.first < there.first ? part.first : there.first,
			part.last > there.last ? part.last : there.last);
	if (!node)
		return -ENOMEM;
	for (i = slot_of(node, there.first); i <= slot_of(node, there.last);
	     i++)
		node->slots[i] = entry_ref(*slot);
	entry_unref(*slot);
	*slot = &node->entry;
	return 0;
}

/* @block: what the slot stands for */
static int insert(struct dispatch_entry **slot, struct block block,
		  struct dispatch_section *section)
{
	struct block part = part_of(section, block), there;
	struct dispatch_node *node;
	uint64_t i;
	int r;

	if (!*slot) {
		*slot = entry_ref(&section->entry);
		return 0;
	}
	there = (*slot)->is_node ? node_block(node_of(*slot)) :
				   part_of(section_of_entry(*slot), block);
	if ((*slot)->is_node && part.first >= there.first &&
	    part.last <= there.last)
		r = own_node(slot);
	else
		r = put_node_above(slot, there, part);
	if (r)
		return r;
	node = node_of(*slot);
	for (i = slot_of(node, part.first); i <= slot_of(node, part.last) && !r;
	     i++)
		r = insert(&node->slots[i], slot_block(node, i), section);
	return r;
}

/* Without a node, if one of its slots says all that it says */
static void collapse(struct dispatch_entry **slot)
{
	struct dispatch_entry *only = NULL;
	unsigned int i;

	for (i = 0; i < DISPATCH_SLOTS; i++) {
		struct dispatch_entry *entry = node_of(*slot)->slots[i];

		if (!entry)
			continue;
		if (only && only != entry)
			return;
		only = entry;
	}
	entry_ref(only);
	entry_unref(*slot);
	*slot = only;
}

static int erase(struct dispatch_entry **slot, struct block block,
		 const struct dispatch_section *section)
{
	struct block part = part_of(section, block);
	struct dispatch_node *node;
	uint64_t i;
	int r;

	if (*slot == &section->entry) {
		entry_unref(*slot);
		*slot = NULL;
		return 0;
	}
	r = own_node(slot);
	if (r)
		return r;
	node = node_of(*slot);
	for (i = slot_of(node, part.first); i <= slot_of(node, part.last) && !r;
	     i++)
		r = erase(&node->slots[i], slot_block(node, i), section);
	if (!r)
		collapse(slot);
	return r;
}

static struct dispatch_section *look_up(const struct dispatch *dispatch,
					gpa_t addr)
{
	struct dispatch_entry *entry = dispatch->root;
	struct dispatch_section *section;
	uint64_t slot;

	while (entry && entry->is_node) {
		slot = slot_of(node_of(entry), addr);
		if (slot >= DISPATCH_SLOTS)
			return NULL;
		entry = node_of(entry)->slots[slot];
	}
	if (!entry)
		return NULL;
	section = section_of_entry(entry);
	return addr - section->range.addr < section->range.size ? section :
								  NULL;
}

const struct flat_range *dispatch_lookup(const struct dispatch *dispatch,
					 gpa_t addr)
{
	const struct dispatch_section *section = look_up(dispatch, addr);

	return section ? &section->range : NULL;
}

/* In the slots from @addr's on; only the first of them can be in vain */
static const struct flat_range *at_or_behind(struct dispatch_entry *entry,
					     gpa_t addr)
{
	const struct flat_range *range;
	const struct dispatch_node *node;
	uint64_t slot;

	if (!entry)
		return NULL;
	if (!entry->is_node) {
		range = &section_of_entry(entry)->range;
		return range_last(range) >= addr ? range : NULL;
	}
	node = node_of(entry);
	slot = addr > node->base ? slot_of(node, addr) : 0;
	for (; slot < DISPATCH_SLOTS; slot++) {
		range = at_or_behind(node->slots[slot], addr);
		if (range)
			return range;
	}
	return NULL;
}

const struct flat_range *dispatch_at_or_behind(const struct dispatch *dispatch,
					       gpa_t addr)
{
	return at_or_behind(dispatch->root, addr);
}

int dispatch_insert(struct dispatch *dispatch, const struct flat_range *range)
{
	struct dispatch_section *section = malloc(sizeof(*section));
	int r;

	if (!section)
		return -ENOMEM;
	section->entry = (struct dispatch_entry){ .refs = 1 };
	section->range = *range;
	r = insert(&dispatch->root, everything, section);
	/* It counts the slots that lead to it from here on */
	entry_unref(&section->entry);
	return r;
}

int dispatch_erase(struct dispatch *dispatch, const struct flat_range *range)
{
	return erase(&dispatch->root, everything,
		     look_up(dispatch, range->addr));
}
