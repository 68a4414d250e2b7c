/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON form of events, states and host maps. Pure: objects in memory, no
 * files. Documentation/json.md is its description; a change of meaning there
 * raises SLOTSCOPE_JSON_VERSION (base/json_value.h), a new member does not.
 *
 * *_write_json() writes one, as @member of an object or, if that is NULL, alone or
 * into an array. *_to_json() returns the same as a new object, for documents that
 * are made of such; or NULL when out of memory.
 *
 * *_from_json() trusts nothing. It returns 0, -EINVAL with the member at fault
 * in @err, or -ENOMEM; members that it does not know are passed over. After an
 * error the output holds nothing that the caller would have to free.
 */
#ifndef VIEW_JSON_H
#define VIEW_JSON_H

#include <json-c/json.h>

#include <slotscope/view.h>

#include "base/json_value.h"
#include "base/json_writer.h"

void vm_id_write_json(struct json_writer *w, const char *member,
		      const struct vm_id *vm);
struct json_object *vm_id_to_json(const struct vm_id *vm);

void slot_event_write_json(struct json_writer *w, const char *member,
			   const struct slot_event *event);
/** slot_event_begin_json() - the same, and more members may follow: json_end_object() */
void slot_event_begin_json(struct json_writer *w, const char *member,
			   const struct slot_event *event);
int slot_event_from_json(struct json_object *obj, struct slot_event *event,
			 struct slotscope_error *err);

struct json_object *coverage_to_json(const struct coverage *coverage);

/** slot_state_spaces_to_json() - the array "address_spaces" alone */
struct json_object *slot_state_spaces_to_json(const struct slot_state *state);
void slot_state_write_json(struct json_writer *w, const char *member,
			   const struct slot_state *state);
/** slot_state_write_members() - what is in that, for an object that has more */
void slot_state_write_members(struct json_writer *w,
			      const struct slot_state *state);
/** slot_state_from_json() - @state is initialised here; the caller deinits */
int slot_state_from_json(struct json_object *obj, struct slot_state *state,
			 struct slotscope_error *err);

/** host_range_details_to_json() - what is known beyond /proc/PID/maps; 0 or not */
int host_range_details_to_json(const struct host_range *range,
			       struct json_object *obj);

#endif
