// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "base/json_value.h"
#include "render/document.h"
#include "render/explain.h"

/* "file function(); file function()", as objects */
static struct json_object *kernel_to_json(const char *kernel)
{
	struct json_object *array = json_object_new_array(), *obj;
	char *copy = strdup(kernel ? kernel : "");
	char *next = copy, *one, *function;
	int ret = !array || !copy;

	while (!ret && (one = strsep(&next, ";"))) {
		one += strspn(one, " ");
		function = strchr(one, ' ');
		if (!function)
			break;
		*function++ = '\0';
		function[strcspn(function, "(")] = '\0';
		obj = json_object_new_object();
		ret = !obj || json_put_str(obj, "file", one) ||
		      json_put_str(obj, "function", function) ||
		      json_add(array, obj);
	}
	free(copy);
	if (!ret)
		return array;
	json_object_put(array);
	return NULL;
}

static int put_step(struct json_object *obj, const struct narrate_event *event)
{
	const struct narrate_step *step = event->step;
	int ret = 0;

	ret |= json_put_u64(obj, "in", event->in);
	ret |= json_put_u64(obj, "depth", event->depth);
	ret |= json_put_str(obj, "function", step->function);
	ret |= json_put_str(obj, "part", step->part);
	ret |= json_put_str(obj, "subject", event->subject);
	ret |= json_put_str(obj, "file", step->file);
	ret |= json_put_str(obj, "article", step->article);
	ret |= json_put(obj, "kernel", kernel_to_json(step->kernel));
	ret |= json_put_str(obj, "says", step->says);
	ret |= json_put_u64(obj, "first", event->first);
	ret |= json_put_bool(obj, "folded", event->folded);
	return ret;
}

static int put_call(struct json_object *obj, const struct narrate_call *call)
{
	int ret = 0;

	ret |= json_put_str(obj, "call", call->name);
	ret |= json_put_str(obj, "request", call->request);
	ret |= call->fd < 0 ? json_put_null(obj, "fd") :
			      json_put_s64(obj, "fd", call->fd);
	ret |= json_put_str(obj, "text", call->text);
	ret |= call->hex && !call->error ?
		       json_put_hex(obj, "result", call->result) :
		       json_put_s64(obj, "result", call->result);
	ret |= json_put_str(obj, "errno",
			    call->error ? strerrorname_np(call->error) : NULL);
	return ret;
}

static struct json_object *diff_to_json(const struct narrate_diff *diff)
{
	struct json_object *obj = json_object_new_object();

	if (obj && (json_put_str(obj, "field", diff->field) ||
		    json_put_str(obj, "before", diff->before) ||
		    json_put_str(obj, "after", diff->after))) {
		json_object_put(obj);
		obj = NULL;
	}
	return obj;
}

static int put_change(struct json_object *obj,
		      const struct narrate_change *change)
{
	static const char *const hows[] = {
		[NARRATE_MADE] = "new",
		[NARRATE_CHANGED] = "changed",
		[NARRATE_GONE] = "gone",
	};
	struct json_object *fields = json_object_new_array();
	int ret = !fields;
	size_t i;

	for (i = 0; !ret && i < change->nr; i++)
		ret = json_add(fields, diff_to_json(&change->diff[i]));
	ret |= json_put_str(obj, "structure", change->type);
	ret |= json_put_str(obj, "name", change->name);
	ret |= json_put_str(obj, "how", hows[change->how]);
	ret |= json_put(obj, "fields", fields);
	return ret;
}

void explain_json(struct explain *e, const struct narrate_event *event)
{
	static const char *const names[] = {
		[NARRATE_ENTER] = "step",
		[NARRATE_CALL] = "call",
		[NARRATE_CHANGE] = "change",
		[NARRATE_LEAVE] = "step-end",
	};
	struct json_object *obj = json_object_new_object();
	int ret = !obj;

	if (!ret)
		ret = json_put_str(obj, "event", names[event->kind]);
	if (!ret)
		ret = json_put_u64(obj, "step", event->nr);
	if (!ret && event->kind == NARRATE_ENTER)
		ret = put_step(obj, event);
	if (!ret && event->kind == NARRATE_CALL)
		ret = put_call(obj, event->call);
	if (!ret && event->kind == NARRATE_CHANGE)
		ret = put_change(obj, event->change);
	if (ret) {
		json_object_put(obj);
		obj = NULL;
	}
	render_document(e->out, obj);
}
