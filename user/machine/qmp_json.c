// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "base/json_value.h"
#include "machine/qmp_json.h"

struct json_object *qmp_wrap(const char *name, struct json_object *value)
{
	struct json_object *object = value ? json_object_new_object() : NULL;

	if (!object) {
		json_object_put(value);
		return NULL;
	}
	if (json_put(object, name, value)) {
		json_object_put(object);
		return NULL;
	}
	return object;
}

char *qmp_line(struct json_object *object)
{
	const char *text;
	char *line;

	text = object ?
		       json_object_to_json_string_ext(
			       object, JSON_C_TO_STRING_SPACED |
					       JSON_C_TO_STRING_NOSLASHESCAPE) :
		       NULL;
	if (!text || asprintf(&line, "%s\r\n", text) < 0)
		line = NULL;
	json_object_put(object);
	return line;
}

char *qmp_event(const char *name, struct json_object *data)
{
	struct json_object *event, *stamp;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	stamp = qmp_wrap("seconds", json_object_new_int64(now.tv_sec));
	if (stamp && json_put_u64(stamp, "microseconds", now.tv_nsec / 1000)) {
		json_object_put(stamp);
		stamp = NULL;
	}
	event = qmp_wrap("timestamp", stamp);
	if (event && json_put_str(event, "event", name)) {
		json_object_put(event);
		event = NULL;
	}
	if (event && data && json_put(event, "data", json_object_get(data))) {
		json_object_put(event);
		event = NULL;
	}
	json_object_put(data);
	return qmp_line(event);
}
