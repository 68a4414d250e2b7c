// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "base/json_value.h"
#include "render/document.h"
#include "render/error.h"
#include "render/text.h"

void render_error_text(FILE *out, const struct slotscope_error *err)
{
	char text[sizeof(err->tried) + sizeof(err->why) + 2];

	snprintf(text, sizeof(text), "%s: %s", err->tried, err->why);
	text_wrap(out, "slotscope: ", 2, text);
	if (err->next[0])
		text_wrap(out, "  next: ", 8, err->next);
}

static struct json_object *error_to_json(const struct slotscope_error *err)
{
	struct json_object *obj = json_object_new_object();
	int ret = 0;

	if (!obj)
		return NULL;
	ret |= json_put_s64(obj, "code", err->code);
	ret |= json_put_str(obj, "tried", err->tried);
	ret |= json_put_str(obj, "why", err->why);
	ret |= json_put_str(obj, "next", err->next[0] ? err->next : NULL);
	if (ret) {
		json_object_put(obj);
		return NULL;
	}
	return obj;
}

void render_notice_json(FILE *out, const char *text)
{
	struct json_object *obj = json_object_new_object();

	if (obj && json_put_str(obj, "notice", text)) {
		json_object_put(obj);
		obj = NULL;
	}
	render_document(out, obj);
}

void render_error_json(FILE *out, const struct slotscope_error *err)
{
	struct json_object *obj = json_object_new_object();

	if (obj && json_put(obj, "error", error_to_json(err))) {
		json_object_put(obj);
		obj = NULL;
	}
	render_document(out, obj);
}
