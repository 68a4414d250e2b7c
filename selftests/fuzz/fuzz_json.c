// SPDX-License-Identifier: GPL-2.0-or-later
/* libFuzzer: any JSON as each of the objects of Documentation/json.md that are read */
#include "view/json.h"

static void state(struct json_object *obj)
{
	struct slotscope_error err = {};
	struct slot_state state;

	slot_state_from_json(obj, &state, &err);
	slot_state_deinit(&state);
}

static void event(struct json_object *obj)
{
	struct slotscope_error err = {};
	struct slot_event event;

	slot_event_from_json(obj, &event, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(struct json_object *) = {
		state,
		event,
	};
	const size_t nr = sizeof(readers) / sizeof(readers[0]);
	struct slotscope_error err = {};
	struct json_object *obj;

	if (!size ||
	    json_from_text((const char *)data + 1, size - 1, &obj, &err))
		return 0;
	readers[data[0] % nr](obj);
	json_object_put(obj);
	return 0;
}
