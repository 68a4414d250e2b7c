// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer: any JSON as each of the objects of Documentation/json.md that are read.
 * What is taken is written, and read again: it is the same then.
 */
#include <stdlib.h>
#include <string.h>

#include "view/json.h"

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void same(struct json_object *a, struct json_object *b)
{
	must(a && b);
	must(!strcmp(json_object_to_json_string(a),
		     json_object_to_json_string(b)));
	json_object_put(a);
	json_object_put(b);
}

static void state(struct json_object *obj)
{
	struct slotscope_error err = {};
	struct slot_state state;

	slot_state_from_json(obj, &state, &err);
	slot_state_deinit(&state);
}

static void map(struct json_object *obj)
{
	struct slotscope_error err = {};
	struct host_map map, again;
	struct json_object *text;

	if (!host_map_from_json(obj, &map, &err)) {
		text = host_map_to_json(&map);
		must(text && !host_map_from_json(text, &again, &err));
		same(text, host_map_to_json(&again));
		host_map_deinit(&again);
	}
	host_map_deinit(&map);
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
		map,
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
