/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who called: the stack of the thread that asked something of KVM. An event names
 * its stack by number (slot_event.stack); equal stacks have one number. Pure.
 *
 * A frame is told by its file's build-id and an address in that file, so that
 * names can be had later, or on another machine; and it is the same in each run,
 * wherever the file was mapped.
 */
#ifndef VIEW_STACK_H
#define VIEW_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json_value.h"
#include "base/json_writer.h"

#define STACK_BUILD_ID_MAX 32
#define STACK_FRAMES_MAX   128

/**
 * enum stack_end - why a stack has no more frames
 *
 * From STACK_RING_FULL on there is none at all: the stack was lost.
 */
enum stack_end {
	STACK_WHOLE,	 /* that is where the thread began */
	STACK_CUT,	 /* it goes on where nothing was copied */
	STACK_NO_TABLE,	 /* nothing tells how to go on from the last frame */
	STACK_DEEP,	 /* it has more than STACK_FRAMES_MAX */
	STACK_RING_FULL, /* no room to hand it over */
	STACK_UNREAD,	 /* registers or memory could not be read */
	STACK_GONE,	 /* its process had ended before we could look, or was
			  * another program by then */
	STACK_FOREIGN,	 /* of a kind of processor that is not known here */
	STACK_ENDS,
};

extern const char *const stack_end_names[STACK_ENDS];

/**
 * struct stack_frame - a function that had been called, innermost first
 * @file:     that holds it, as the process names it; NULL: none (code made at run
 *	      time)
 * @build_id: of that file; @nr_build_id bytes, 0 if it has none
 * @offset:   address in the file, as its symbol table has them (what addr2line
 *	      takes); without a file, in the process. Of a caller it is where the
 *	      call returns to
 * @name:     the function; NULL: no symbol tells
 * @name_offset: bytes from its beginning
 * @guess:    the frame before it has no unwind table: this is where its frame
 *	      pointer would lead
 */
struct stack_frame {
	char *file;
	uint8_t build_id[STACK_BUILD_ID_MAX];
	size_t nr_build_id;
	uint64_t offset;
	char *name;
	uint64_t name_offset;
	bool guess;
};

/** struct slot_stack - @frames and their strings are its own */
struct slot_stack {
	uint64_t id;
	enum stack_end end;
	struct stack_frame *frames;
	size_t nr;
};

void slot_stack_deinit(struct slot_stack *stack);

/** slot_stack_lost() - nothing of it is there */
bool slot_stack_lost(const struct slot_stack *stack);

/**
 * struct stack_table - stacks by number, each once
 * @max_bytes: of all of them; 0: any number. For one more those go that came the longest
 *	       ago. One that comes again gets another number
 * @dropped:   that have gone so
 *
 * All zero is an empty one. The rest is private.
 */
struct stack_table {
	size_t max_bytes;
	uint64_t dropped;
	struct slot_stack *stacks;
	struct stack_entry *entries;
	size_t nr;
	size_t cap;
	size_t bytes;
	uint64_t uses;
	uint64_t last_id;
};

void stack_table_deinit(struct stack_table *table);

/**
 * stack_table_add() - the number of a stack
 * @stack: the table takes what it owns, at all events. With an id of 0 it gets
 *	   the number of one that is equal to it, or the next; with another it is
 *	   put there
 *
 * Return: the number; 0 without memory, or for one that is there and is another.
 */
uint64_t stack_table_add(struct stack_table *table, struct slot_stack *stack);

/** stack_table_find() - NULL if there is none by that number, or none any more */
const struct slot_stack *stack_table_find(const struct stack_table *table,
					  uint64_t id);

/** stack_table_first() - the same, the first time alone that it is asked for */
const struct slot_stack *stack_table_first(struct stack_table *table,
					   uint64_t id);

/** slot_stack_write_json() - as Documentation/json.md describes it */
void slot_stack_write_json(struct json_writer *w, const char *member,
			   const struct slot_stack *stack);

/** slot_stack_from_json() - slot_stack_deinit() it after 0; see view/json.h */
int slot_stack_from_json(struct json_object *obj, struct slot_stack *stack,
			 struct slotscope_error *err);

#endif
