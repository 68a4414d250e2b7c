/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A picture of guest memory, in characters and as JSON */
#ifndef RENDER_MAP_H
#define RENDER_MAP_H

#include <stdio.h>

#include "picture/lanes.h"

/* Narrower than this nothing can be read: it is drawn so wide all the same */
#define RENDER_MAP_LEAST 80

/**
 * struct map_document - what is to be drawn; all is borrowed
 * @input:   of all address spaces; its as_id does not count
 * @as_id:   this one alone; -1: all
 * @vm:	     which VM; NULL: of files
 * @comm:    of its process; NULL: not known
 * @columns: no line is wider
 * @ascii:   draw with + - and |
 */
struct map_document {
	const struct lanes_input *input;
	int32_t as_id;
	const struct vm_id *vm;
	const char *comm;
	unsigned int columns;
	bool ascii;
};

/**
 * render_map() - a panel for each address space, then what was found
 *
 * Addresses grow downwards. A lane is a column, or several, of which what is in front
 * is to the left. What was not looked at has no column, and is named beneath.
 *
 * Return: 0 or -ENOMEM.
 */
int render_map(FILE *out, const struct map_document *document);

/** render_map_json() - the lanes as one document, see json.md; 0 or -ENOMEM */
int render_map_json(FILE *out, const struct map_document *document);

#endif
