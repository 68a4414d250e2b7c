/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RENDER_SLOTS_H
#define RENDER_SLOTS_H

#include <stdio.h>

#include <slotscope/view.h>

/** render_slots() - the slots of one state, a line each */
void render_slots(FILE *out, const struct slot_state *state);

/** render_slots_json() - the state as one document */
void render_slots_json(FILE *out, const struct slot_state *state);

#endif
