// SPDX-License-Identifier: GPL-2.0-or-later
/* slot_event as JSON: also one line of a recording */
#include <limits.h>
#include <string.h>

#include "base/utf8.h"
#include "view/json.h"
#include "view/json_parts.h"
#include "view/names.h"

/* Linux never returns an errno beyond this (MAX_ERRNO in linux/err.h) */
#define MAX_ERRNO 4095

static struct json_object *request_to_json(const struct slot_request *request)
{
	struct json_object *obj = json_object_new_object();
	int ret = 0;

	if (!obj)
		return NULL;
	ret |= json_put_bool(obj, "region2", request->region2);
	if (request->unread) {
		ret |= json_put_bool(obj, "unread", true);
	} else {
		ret |= json_put_hex(obj, "slot", request->slot);
		ret |= json_put_hex(obj, "flags", request->flags);
		ret |= json_put_hex(obj, "gpa", request->gpa);
		ret |= json_put_hex(obj, "size", request->size);
		ret |= json_put_hex(obj, "hva", request->hva);
		if (request->region2) {
			ret |= json_put_s64(obj, "gmem_fd", request->gmem_fd);
			ret |= json_put_hex(obj, "gmem_offset",
					    request->gmem_offset);
		}
	}
	ret |= json_put_s64(obj, "result", request->result);
	if (ret) {
		json_object_put(obj);
		return NULL;
	}
	return obj;
}

static void request_from_json_in(const struct json_in *in,
				 struct slot_request *request)
{
	request->region2 = json_in_bool(in, "region2");
	request->unread = json_in_bool_or(in, "unread", false);
	request->gmem_fd = -1;
	request->result = json_in_s64(in, "result", -MAX_ERRNO, 0);
	if (request->unread)
		return;
	request->slot = json_in_hex(in, "slot", UINT32_MAX);
	request->flags = json_in_hex(in, "flags", UINT32_MAX);
	request->gpa = json_in_hex(in, "gpa", UINT64_MAX);
	request->size = json_in_hex(in, "size", UINT64_MAX);
	request->hva = json_in_hex(in, "hva", UINT64_MAX);
	if (request->region2) {
		request->gmem_fd =
			json_in_s64(in, "gmem_fd", INT32_MIN, INT32_MAX);
		request->gmem_offset =
			json_in_hex(in, "gmem_offset", UINT64_MAX);
	}
}

static struct json_object *change_to_json(const struct slot_change *change)
{
	struct json_object *obj = json_object_new_object();
	int ret = 0;

	if (!obj)
		return NULL;
	ret |= json_put_str(obj, "kind", slot_change_kind_names[change->kind]);
	ret |= change->before.size ?
		       json_put(obj, "old", slot_to_json(&change->before)) :
		       json_put_null(obj, "old");
	ret |= change->after.size ?
		       json_put(obj, "new", slot_to_json(&change->after)) :
		       json_put_null(obj, "new");
	ret |= json_put_u64(obj, "generation", change->generation);
	if (change->generation_before)
		ret |= json_put_u64(obj, "generation_before",
				    change->generation_before);
	ret |= json_put_s64(obj, "result", change->result);
	if (ret) {
		json_object_put(obj);
		return NULL;
	}
	return obj;
}

/* One side of a change; an event owns no memory, so it has no name */
static void side_from_json_in(const struct json_in *in, const char *member,
			      struct slot *slot)
{
	struct json_in side = json_in_object(in, member);

	slot_from_json_in(&side, slot);
	slot->name = NULL;
	if (!slot->size)
		json_in_fail(&side, "size", "is 0");
}

static void change_from_json_in(const struct json_in *in,
				struct slot_change *change)
{
	static const struct slot none = { .id = -1, .gmem_fd = -1 };

	change->kind = json_in_name(in, "kind", slot_change_kind_names,
				    SLOT_FLAGS_ONLY + 1);
	change->before = none;
	change->after = none;
	if (change->kind != SLOT_CREATE)
		side_from_json_in(in, "old", &change->before);
	if (change->kind != SLOT_DELETE)
		side_from_json_in(in, "new", &change->after);
	/* both sides say which address space and slot: let them agree */
	if (change->before.size && change->after.size &&
	    (change->before.as_id != change->after.as_id ||
	     change->before.id != change->after.id))
		json_in_fail(in, "new", "is another slot than \"old\"");
	if (change->kind == SLOT_CREATE)
		change->before.as_id = change->after.as_id;
	else if (change->kind == SLOT_DELETE)
		change->after.as_id = change->before.as_id;
	change->generation = json_in_u64(in, "generation", UINT64_MAX);
	change->generation_before =
		json_in_u64_or(in, "generation_before", UINT64_MAX, 0);
	change->result = json_in_s64(in, "result", -MAX_ERRNO, 0);
}

static struct json_object *rest_to_json(const struct slot_event *event)
{
	struct json_object *obj = json_object_new_object();
	int ret = 0;

	if (!obj)
		return NULL;
	switch (event->type) {
	case SLOT_EVENT_BASE_END:
		ret |= json_put_u64(obj, "as_id", event->base_end.as_id);
		ret |= json_put_u64(obj, "generation",
				    event->base_end.generation);
		break;
	case SLOT_EVENT_EXIT:
		ret |= json_put_hex(obj, "gpa", event->exit.gpa);
		ret |= json_put_u64(obj, "len", event->exit.len);
		ret |= json_put_bool(obj, "write", event->exit.write);
		break;
	default:
		ret |= json_put_str(obj, "reason",
				    slot_lost_reason_names[event->lost.reason]);
		ret |= json_put_u64(obj, "count", event->lost.count);
	}
	if (ret) {
		json_object_put(obj);
		return NULL;
	}
	return obj;
}

/* What the event is about goes under a member named like its type */
static struct json_object *body_to_json(const struct slot_event *event)
{
	switch (event->type) {
	case SLOT_EVENT_VM_CREATE:
	case SLOT_EVENT_VM_DESTROY:
		return vm_id_to_json(&event->vm);
	case SLOT_EVENT_BASE:
		return slot_to_json(&event->base);
	case SLOT_EVENT_REQUEST:
		return request_to_json(&event->request);
	case SLOT_EVENT_CHANGE:
		return change_to_json(&event->change);
	default:
		return rest_to_json(event);
	}
}

struct json_object *slot_event_to_json(const struct slot_event *event)
{
	const char *type = slot_event_type_names[event->type];
	struct json_object *obj = json_object_new_object();
	char comm[sizeof(event->comm) + 1];
	int ret = 0;

	if (!obj)
		return NULL;
	/* comm comes from a kernel: it need not end in NUL */
	memcpy(comm, event->comm, sizeof(event->comm));
	comm[sizeof(event->comm)] = '\0';
	ret |= json_put_u64(obj, "seq", event->seq);
	ret |= json_put_u64(obj, "time_ns", event->time_ns);
	ret |= json_put_u64(obj, "duration_ns", event->duration_ns);
	ret |= json_put_u64(obj, "serial", event->serial);
	ret |= json_put_s64(obj, "tgid", event->tgid);
	ret |= json_put_s64(obj, "tid", event->tid);
	ret |= json_put_str(obj, "comm", comm);
	if (event->call)
		ret |= json_put_u64(obj, "call", event->call);
	ret |= json_put_str(obj, "type", type);
	ret |= json_put(obj, type, body_to_json(event));
	if (ret) {
		json_object_put(obj);
		return NULL;
	}
	return obj;
}

static void body_from_json_in(const struct json_in *in,
			      struct slot_event *event)
{
	switch (event->type) {
	case SLOT_EVENT_VM_CREATE:
	case SLOT_EVENT_VM_DESTROY:
		vm_id_from_json_in(in, &event->vm);
		break;
	case SLOT_EVENT_BASE:
		slot_from_json_in(in, &event->base);
		event->base.name = NULL;
		if (!event->base.size)
			json_in_fail(in, "size", "is 0");
		break;
	case SLOT_EVENT_BASE_END:
		event->base_end.as_id = json_in_u64(in, "as_id", UINT16_MAX);
		event->base_end.generation =
			json_in_u64(in, "generation", UINT64_MAX);
		break;
	case SLOT_EVENT_REQUEST:
		request_from_json_in(in, &event->request);
		break;
	case SLOT_EVENT_CHANGE:
		change_from_json_in(in, &event->change);
		break;
	case SLOT_EVENT_EXIT:
		event->exit.gpa = json_in_hex(in, "gpa", UINT64_MAX);
		event->exit.len = json_in_u64(in, "len", UINT32_MAX);
		event->exit.write = json_in_bool(in, "write");
		break;
	default:
		event->lost.reason = json_in_name(in, "reason",
						  slot_lost_reason_names,
						  SLOT_LOST_REASONS);
		event->lost.count = json_in_u64(in, "count", UINT64_MAX);
	}
}

int slot_event_from_json(struct json_object *obj, struct slot_event *event,
			 struct slotscope_error *err)
{
	struct json_in in;
	struct json_in body;
	int ret;

	memset(event, 0, sizeof(*event));
	in = json_in_top(obj, "event", &ret, err);
	event->seq = json_in_u64(&in, "seq", UINT64_MAX);
	event->time_ns = json_in_u64(&in, "time_ns", UINT64_MAX);
	event->duration_ns = json_in_u64_or(&in, "duration_ns", UINT64_MAX, 0);
	event->serial = json_in_u64_or(&in, "serial", UINT64_MAX, 0);
	event->tgid = json_in_s64_or(&in, "tgid", 0, INT_MAX, 0);
	event->tid = json_in_s64_or(&in, "tid", 0, INT_MAX, 0);
	utf8_copy(event->comm, sizeof(event->comm),
		  json_in_str_or(&in, "comm", ""));
	event->call = json_in_u64_or(&in, "call", UINT64_MAX, 0);
	event->type = json_in_name(&in, "type", slot_event_type_names,
				   SLOT_EVENT_TYPES);
	if (!ret && !event->seq)
		json_in_fail(&in, "seq", "is 0");
	body = json_in_object(&in, slot_event_type_names[event->type]);
	body_from_json_in(&body, event);
	return ret;
}
