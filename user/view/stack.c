// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "view/stack.h"

const char *const stack_end_names[STACK_ENDS] = {
	[STACK_WHOLE] = "whole",	 [STACK_CUT] = "cut",
	[STACK_NO_TABLE] = "no-table",	 [STACK_DEEP] = "deep",
	[STACK_RING_FULL] = "ring-full", [STACK_UNREAD] = "unread",
	[STACK_GONE] = "gone",		 [STACK_FOREIGN] = "foreign",
};

/**
 * struct stack_entry - what is to be known of a stack in a table
 * @hash:  of what it is told apart by
 * @used:  number of the use of the table that it was in last
 * @bytes: that it takes
 * @told:  it was asked for by stack_table_first()
 */
struct stack_entry {
	uint64_t hash;
	uint64_t used;
	size_t bytes;
	bool told;
};

void slot_stack_deinit(struct slot_stack *stack)
{
	for (size_t i = 0; i < stack->nr; i++) {
		free(stack->frames[i].file);
		free(stack->frames[i].name);
	}
	free(stack->frames);
	*stack = (struct slot_stack){ 0 };
}

bool slot_stack_lost(const struct slot_stack *stack)
{
	return stack->end >= STACK_RING_FULL;
}

void stack_table_deinit(struct stack_table *table)
{
	for (size_t i = 0; i < table->nr; i++)
		slot_stack_deinit(&table->stacks[i]);
	free(table->stacks);
	free(table->entries);
	*table = (struct stack_table){ 0 };
}

/* FNV-1a */
static uint64_t mix(uint64_t hash, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3ULL;
	return hash;
}

static uint64_t hash_of(const struct slot_stack *stack)
{
	uint64_t hash = 0xcbf29ce484222325ULL ^ stack->end;

	for (size_t i = 0; i < stack->nr; i++) {
		const struct stack_frame *frame = &stack->frames[i];

		hash = mix(hash, frame->build_id, frame->nr_build_id);
		hash = mix(hash, &frame->offset, sizeof(frame->offset));
	}
	return hash;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool is_same(const struct slot_stack *a, const struct slot_stack *b)
{
	if (a->end != b->end || a->nr != b->nr)
		return false;
	for (size_t i = 0; i < a->nr; i++) {
		const struct stack_frame *x = &a->frames[i];
		const struct stack_frame *y = &b->frames[i];

		if (x->offset != y->offset || x->guess != y->guess ||
		    x->nr_build_id != y->nr_build_id ||
		    memcmp(x->build_id, y->build_id, x->nr_build_id) ||
		    !same_text(x->file, y->file) ||
		    !same_text(x->name, y->name) ||
		    x->name_offset != y->name_offset)
			return false;
	}
	return true;
}

/* Room for one more in both arrays */
static bool grow(struct stack_table *table)
{
	size_t cap = table->cap ? table->cap * 2 : 16;
	void *stacks, *entries;

	if (table->nr < table->cap)
		return true;
	stacks = reallocarray(table->stacks, cap, sizeof(*table->stacks));
	if (stacks)
		table->stacks = stacks;
	entries = reallocarray(table->entries, cap, sizeof(*table->entries));
	if (entries)
		table->entries = entries;
	if (!stacks || !entries)
		return false;
	table->cap = cap;
	return true;
}

static size_t bytes_of(const struct slot_stack *stack)
{
	size_t bytes = sizeof(*stack) + sizeof(struct stack_entry) +
		       stack->nr * sizeof(*stack->frames);

	for (size_t i = 0; i < stack->nr; i++) {
		if (stack->frames[i].file)
			bytes += strlen(stack->frames[i].file) + 1;
		if (stack->frames[i].name)
			bytes += strlen(stack->frames[i].name) + 1;
	}
	return bytes;
}

static void drop(struct stack_table *table, size_t at)
{
	size_t behind = table->nr - at - 1;

	table->bytes -= table->entries[at].bytes;
	slot_stack_deinit(&table->stacks[at]);
	memmove(&table->stacks[at], &table->stacks[at + 1],
		behind * sizeof(*table->stacks));
	memmove(&table->entries[at], &table->entries[at + 1],
		behind * sizeof(*table->entries));
	table->nr--;
	table->dropped++;
}

/* Those that nobody has used for the longest time go, until so much more fits */
static void make_room(struct stack_table *table, size_t bytes)
{
	while (table->max_bytes && table->nr &&
	       table->bytes + bytes > table->max_bytes) {
		size_t oldest = 0;

		for (size_t i = 1; i < table->nr; i++)
			if (table->entries[i].used <
			    table->entries[oldest].used)
				oldest = i;
		drop(table, oldest);
	}
}

/* Where it is, or would be: by number */
static size_t place_of(const struct stack_table *table, uint64_t id)
{
	size_t low = 0, high = table->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->stacks[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static uint64_t insert(struct stack_table *table, struct slot_stack *stack,
		       uint64_t hash)
{
	const size_t bytes = bytes_of(stack);
	size_t at = place_of(table, stack->id), behind;

	if (at < table->nr && table->stacks[at].id == stack->id) {
		bool same = is_same(&table->stacks[at], stack);

		slot_stack_deinit(stack);
		return same ? table->stacks[at].id : 0;
	}
	make_room(table, bytes);
	if (!grow(table)) {
		slot_stack_deinit(stack);
		return 0;
	}
	at = place_of(table, stack->id);
	behind = table->nr - at;
	memmove(&table->stacks[at + 1], &table->stacks[at],
		behind * sizeof(*table->stacks));
	memmove(&table->entries[at + 1], &table->entries[at],
		behind * sizeof(*table->entries));
	table->stacks[at] = *stack;
	table->entries[at] = (struct stack_entry){
		.hash = hash,
		.used = ++table->uses,
		.bytes = bytes,
	};
	table->bytes += bytes;
	table->nr++;
	if (stack->id > table->last_id)
		table->last_id = stack->id;
	*stack = (struct slot_stack){ 0 };
	return table->stacks[at].id;
}

uint64_t stack_table_add(struct stack_table *table, struct slot_stack *stack)
{
	uint64_t hash = hash_of(stack);

	if (stack->id)
		return insert(table, stack, hash);
	for (size_t i = 0; i < table->nr; i++) {
		if (table->entries[i].hash != hash ||
		    !is_same(&table->stacks[i], stack))
			continue;
		slot_stack_deinit(stack);
		table->entries[i].used = ++table->uses;
		return table->stacks[i].id;
	}
	stack->id = table->last_id + 1;
	return insert(table, stack, hash);
}

const struct slot_stack *stack_table_find(const struct stack_table *table,
					  uint64_t id)
{
	size_t at = place_of(table, id);

	return at < table->nr && table->stacks[at].id == id ?
		       &table->stacks[at] :
		       NULL;
}

const struct slot_stack *stack_table_first(struct stack_table *table,
					   uint64_t id)
{
	const struct slot_stack *stack = stack_table_find(table, id);

	if (!stack || table->entries[stack - table->stacks].told)
		return NULL;
	table->entries[stack - table->stacks].told = true;
	return stack;
}
