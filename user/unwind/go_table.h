/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Go's own table of functions (.gopclntab): their names, and how far up the stack each
 * has its return address, wherever it is. It is in each Go program, also in one that was
 * stripped of symbols and .debug_frame. By its form since Go 1.18 ("Go 1.2 Runtime Symbol
 * Information", and the header of runtime's pcHeader). Pure: bytes that a stranger wrote.
 */
#ifndef UNWIND_GO_TABLE_H
#define UNWIND_GO_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct go_table - private, but for
 * @text: where its functions begin, as linked. 0: it is to be set, to where the file's
 *	  .text does (a position-independent program's is only known as it is loaded)
 */
struct go_table {
	uint64_t text;
	const uint8_t *bytes;
	size_t size;
	uint64_t nr;
	uint64_t names, steps, functions;
	unsigned int quantum;
	unsigned int flags_at;
};

/**
 * struct go_function - what it tells of an address
 * @name:  in the table; ends in NUL
 * @start: of the function, as linked
 * @frame: bytes between the stack pointer and the return address
 * @last:  nobody called it: a thread or goroutine begins there
 * @moves: it goes to another stack: @frame says nothing
 */
struct go_function {
	const char *name;
	uint64_t start;
	uint64_t frame;
	bool last;
	bool moves;
};

/** go_table_read() - false if it is none, or of a form that is not known here */
bool go_table_read(struct go_table *table, const void *bytes, size_t size);

/** go_table_find() - the function at an address, as linked; false if there is none */
bool go_table_find(const struct go_table *table, uint64_t addr,
		   struct go_function *out);

#endif
