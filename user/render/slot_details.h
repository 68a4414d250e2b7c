/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RENDER_SLOT_DETAILS_H
#define RENDER_SLOT_DETAILS_H

#include <stdio.h>

#include <slotscope/view.h>

#include "base/json_writer.h"

/**
 * render_slot_details() - what KVM keeps beside the slots, a line each, and of the VM
 * @detail: of the slots of @state
 */
void render_slot_details(FILE *out, const struct slot_state *state,
			 const struct vm_detail *detail);

/** slot_details_write_json() - the same as an object */
void slot_details_write_json(struct json_writer *w, const char *member,
			     const struct vm_detail *detail);

#endif
