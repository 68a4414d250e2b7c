/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RENDER_SLOTS_H
#define RENDER_SLOTS_H

#include <stdio.h>

#include <slotscope/view.h>

#include "base/json_writer.h"

/** render_slots() - the slots of one state, a line each */
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
