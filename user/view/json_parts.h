/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts that events and states have in common in JSON */
#ifndef VIEW_JSON_PARTS_H
#define VIEW_JSON_PARTS_H

#include "base/json_value.h"
#include "base/json_writer.h"

void slot_write_json(struct json_writer *w, const char *member,
		     const struct slot *slot);

/**
 * slot_from_json_in() - read one slot
 * @slot: filled; @name is borrowed from the JSON
 */
void slot_from_json_in(const struct json_in *in, struct slot *slot);

void vm_id_from_json_in(const struct json_in *in, struct vm_id *vm);

#endif
