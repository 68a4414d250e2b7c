/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RENDER_SLOTS_H
#define RENDER_SLOTS_H

#include <stdio.h>

#include <slotscope/view.h>

#include "base/json_writer.h"
#include "render/table.h"

/* The columns of that, for table_choose(); and their keys, for completion */
#define SLOT_COLUMNS	 7
#define SLOT_COLUMN_KEYS ",as slot gpa size hva flags guest_memfd"
extern const struct table_column slot_columns[SLOT_COLUMNS];

/** render_slots() - the slots of one state, a line each; raw: nothing but these */
void render_slots(FILE *out, const struct slot_state *state);

/**
 * render_slots_json() - the state as one document
 * @detail: what KVM keeps beside them, as its member "details"; NULL: nobody asked
 * @more:   writes further members; may be NULL
 */
void render_slots_json(FILE *out, const struct slot_state *state,
		       const struct vm_detail *detail,
		       void (*more)(struct json_writer *w, void *opaque),
		       void *opaque);

#endif
