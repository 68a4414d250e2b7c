// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_value.h"
#include "render/document.h"
#include "render/explain.h"
#include "render/tree_json.h"

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

/* What has a number, as long as it is there */
struct object {
	const void *address;
	uint64_t id;
};

static int compare_objects(const void *a, const void *b)
{
	const struct object *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

/* Its number, given at the first time; 0: it has none, or there is no memory */
static uint64_t id_of(struct explain *e, const void *address)
{
	const struct object key = { .address = address };
	struct object **found, *object;

	if (!address)
		return 0;
	found = tfind(&key, &e->objects, compare_objects);
	if (found)
		return (*found)->id;
	object = malloc(sizeof(*object));
	if (!object)
		return 0;
	*object = (struct object){ address, e->nr_objects + 1 };
	if (!tsearch(object, &e->objects, compare_objects)) {
		free(object);
		return 0;
	}
	return ++e->nr_objects;
}

/* Another may come to stand at its address */
static void forget(struct explain *e, const void *address)
{
	const struct object key = { .address = address };
	struct object **found = tfind(&key, &e->objects, compare_objects);
	struct object *object;

	if (!found)
		return;
	object = *found;
	tdelete(&key, &e->objects, compare_objects);
	free(object);
}

void explain_deinit(struct explain *e)
{
	tdestroy(e->objects, free);
	e->objects = NULL;
}

static int put_id(struct json_object *obj, const char *member, uint64_t id)
{
	return id ? json_put_u64(obj, member, id) : json_put_null(obj, member);
}

/* A value as what it is */
static int put_value(struct json_object *obj, const char *member,
		     const struct narrate_diff *diff, const char *value)
{
	char *end;
	long long number;

	if (!value || (!diff->words && !strcmp(value, "NULL")))
		return json_put_null(obj, member);
	if (diff->words || diff->refers)
		return json_put_str(obj, member, value);
	if (!strcmp(value, "true") || !strcmp(value, "false"))
		return json_put_bool(obj, member, value[0] == 't');
	if (!strcmp(value, "2^64"))
		return json_put_str(obj, member, "0x10000000000000000");
	errno = 0;
	number = strtoll(value, &end, 10);
	if (*value && !*end && !errno)
		return json_put_s64(obj, member, number);
	return json_put_str(obj, member, value);
}

static struct json_object *diff_to_json(struct explain *e,
					const struct narrate_diff *diff)
{
	struct json_object *obj = json_object_new_object();
	int ret = !obj;

	if (!ret)
		ret = json_put_str(obj, "field", diff->field) ||
		      put_value(obj, "before", diff, diff->before) ||
		      put_value(obj, "after", diff, diff->after);
	if (!ret && diff->refers)
		ret = put_id(obj, "before_id", id_of(e, diff->before_object)) ||
		      put_id(obj, "after_id", id_of(e, diff->after_object));
	if (!ret)
		return obj;
	json_object_put(obj);
	return NULL;
}

static int put_change(struct explain *e, struct json_object *obj,
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
		ret = json_add(fields, diff_to_json(e, &change->diff[i]));
	ret |= json_put_str(obj, "structure", change->type);
	ret |= put_id(obj, "id", id_of(e, change->object));
	ret |= json_put_str(obj, "name", change->name);
	ret |= json_put_str(obj, "how", hows[change->how]);
	ret |= json_put(obj, "fields", fields);
	if (change->how == NARRATE_GONE && change->object)
		forget(e, change->object);
	return ret;
}

static uint64_t id_of_region(void *explain, const struct memory_region *region)
{
	return id_of(explain, region);
}

void explain_tree_json(struct explain *e, const struct model_tree *tree)
{
	struct json_object *obj = json_object_new_object();

	if (obj && (json_put_str(obj, "event", "tree") ||
		    json_put_u64(obj, "time_ns", e->time_ns) ||
		    json_put(obj, "tree",
			     model_tree_to_json_with(tree, id_of_region, e)))) {
		json_object_put(obj);
		obj = NULL;
	}
	render_document(e->out, obj);
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
		ret = json_put_u64(obj, "step", event->nr) ||
		      json_put_u64(obj, "time_ns", e->time_ns);
	if (!ret && event->kind == NARRATE_ENTER)
		ret = put_step(obj, event);
	if (!ret && event->kind == NARRATE_CALL)
		ret = put_call(obj, event->call);
	if (!ret && event->kind == NARRATE_CHANGE)
		ret = put_change(e, obj, event->change);
	if (ret) {
		json_object_put(obj);
		obj = NULL;
	}
	render_document(e->out, obj);
}
