// SPDX-License-Identifier: GPL-2.0-or-later
/* slot_event as JSON: also one line of a recording */
#include <limits.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/utf8.h"
#include "view/json.h"
#include "view/json_parts.h"
#include "view/names.h"
#include "view/probes.h"

/* Linux never returns an errno beyond this (MAX_ERRNO in linux/err.h) */
#define MAX_ERRNO 4095

/* A negative errno has its name beside it: its number is this machine's */
static void write_result(struct json_writer *w, int64_t result)
{
	const char *name = result < 0 ? strerrorname_np(-result) : NULL;

	json_write_s64(w, "result", result);
	if (name)
		json_write_str(w, "errno", name);
	else if (result < 0)
		json_write_s64(w, "errno", -result);
}

/* The raw word, and what it says: address space in the upper half */
static void write_slot_word(struct json_writer *w, uint32_t slot)
{
	json_write_hex(w, "slot", slot);
	json_write_u64(w, "as_id", slot >> 16);
	json_write_u64(w, "id", slot & 0xffff);
}

static void write_request(struct json_writer *w,
			  const struct slot_request *request)
{
	json_write_bool(w, "region2", request->region2);
	if (request->unread) {
		json_write_bool(w, "unread", true);
	} else {
		write_slot_word(w, request->slot);
		json_write_hex(w, "flags", request->flags);
		json_write_hex(w, "gpa", request->gpa);
		json_write_hex(w, "size", request->size);
		json_write_hex(w, "hva", request->hva);
		if (request->region2) {
			json_write_s64(w, "gmem_fd", request->gmem_fd);
			json_write_hex(w, "gmem_offset", request->gmem_offset);
		}
	}
	write_result(w, request->result);
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

static void write_side(struct json_writer *w, const char *member,
		       const struct slot *slot)
{
	if (slot->size)
		slot_write_json(w, member, slot);
	else
		json_write_null(w, member);
}

static void write_change(struct json_writer *w,
			 const struct slot_change *change)
{
	json_write_str(w, "kind", slot_change_kind_names[change->kind]);
	write_side(w, "old", &change->before);
	write_side(w, "new", &change->after);
	json_write_u64(w, "generation", change->generation);
	if (change->generation_before)
		json_write_u64(w, "generation_before",
			       change->generation_before);
	write_result(w, change->result);
	if (change->invalid_ns)
		json_write_u64(w, "invalid_ns", change->invalid_ns);
	if (change->active_ns)
		json_write_u64(w, "active_ns", change->active_ns);
}

static void write_call(struct json_writer *w, const struct slot_call *call)
{
	json_write_str(w, "kind", slot_call_kind_names[call->kind]);
	if (call->unread) {
		json_write_bool(w, "unread", true);
	} else {
		if (call->kind == SLOT_CALL_DIRTY_LOG ||
		    call->kind == SLOT_CALL_CLEAR_DIRTY_LOG)
			write_slot_word(w, call->slot);
		else
			json_write_hex(w, "slot", call->slot);
		json_write_hex(w, "start", call->start);
		json_write_hex(w, "size", call->size);
		json_write_hex(w, "flags", call->flags);
		if (call->pages != SLOT_PAGES_UNKNOWN)
			json_write_u64(w, "pages", call->pages);
	}
	write_result(w, call->result);
}

static void call_from_json_in(const struct json_in *in, struct slot_call *call)
{
	call->kind =
		json_in_name(in, "kind", slot_call_kind_names, SLOT_CALL_KINDS);
	call->unread = json_in_bool_or(in, "unread", false);
	call->pages =
		json_in_u64_or(in, "pages", UINT64_MAX, SLOT_PAGES_UNKNOWN);
	call->result = json_in_s64(in, "result", -MAX_ERRNO, INT32_MAX);
	if (call->unread)
		return;
	call->slot = json_in_hex(in, "slot", UINT32_MAX);
	call->start = json_in_hex(in, "start", UINT64_MAX);
	call->size = json_in_hex(in, "size", UINT64_MAX);
	call->flags = json_in_hex(in, "flags", UINT64_MAX);
}

static void write_vcpu(struct json_writer *w, const struct slot_vcpu *vcpu)
{
	json_write_str(w, "kind", slot_vcpu_kind_names[vcpu->kind]);
	json_write_u64(w, "id", vcpu->id);
	if (vcpu->kind == SLOT_VCPU_CREATE)
		write_result(w, vcpu->result);
	else
		json_write_u64(w, "generation", vcpu->generation);
}

static void vcpu_from_json_in(const struct json_in *in, struct slot_vcpu *vcpu)
{
	vcpu->kind =
		json_in_name(in, "kind", slot_vcpu_kind_names, SLOT_VCPU_KINDS);
	vcpu->id = json_in_u64(in, "id", UINT32_MAX);
	if (vcpu->kind == SLOT_VCPU_CREATE)
		vcpu->result = json_in_s64(in, "result", -MAX_ERRNO, INT32_MAX);
	else
		vcpu->generation = json_in_u64(in, "generation", UINT64_MAX);
}

static void write_exit(struct json_writer *w, const struct slot_exit *exit)
{
	json_write_str(w, "reason", slot_exit_reason_names[exit->reason]);
	json_write_s64(w, "vcpu", exit->vcpu);
	json_write_hex(w, "gpa", exit->gpa);
	json_write_u64(w, "len", exit->len);
	json_write_bool(w, "write", exit->write);
	json_write_hex(w, "flags", exit->flags);
	json_write_hex(w, "rip", exit->rip);
	write_result(w, exit->result);
}

static void exit_from_json_in(const struct json_in *in, struct slot_exit *exit)
{
	exit->reason = json_in_name(in, "reason", slot_exit_reason_names,
				    SLOT_EXIT_REASONS);
	exit->vcpu = json_in_s64(in, "vcpu", -1, INT32_MAX);
	exit->gpa = json_in_hex(in, "gpa", UINT64_MAX);
	exit->len = json_in_u64(in, "len", UINT64_MAX);
	exit->write = json_in_bool(in, "write");
	exit->flags = json_in_hex(in, "flags", UINT64_MAX);
	exit->rip = json_in_hex(in, "rip", UINT64_MAX);
	exit->result = json_in_s64(in, "result", -MAX_ERRNO, 0);
}

static void write_mapping(struct json_writer *w, const struct slot_mapping *m)
{
	json_write_str(w, "kind", slot_mapping_kind_names[m->kind]);
	json_write_hex(w, "hva", m->hva);
	json_write_hex(w, "size", m->size);
	json_write_u64(w, "as_id", m->as_id);
	json_write_s64(w, "slot", m->slot);
	if (m->result)
		write_result(w, m->result);
	if (m->kind == SLOT_MAPPING_UFFD)
		json_write_hex(w, "uffd", m->uffd);
	json_write_s64(w, "syscall", m->syscall);
	if (m->syscall < 0)
		return;
	json_write_hex(w, "arg0", m->args[0]);
	json_write_hex(w, "arg1", m->args[1]);
	json_write_hex(w, "arg2", m->args[2]);
	json_write_hex(w, "arg3", m->args[3]);
}

static void mapping_from_json_in(const struct json_in *in,
				 struct slot_mapping *m)
{
	m->kind = json_in_name(in, "kind", slot_mapping_kind_names,
			       SLOT_MAPPING_KINDS);
	m->hva = json_in_hex(in, "hva", UINT64_MAX);
	m->size = json_in_hex(in, "size", UINT64_MAX);
	m->as_id = json_in_u64(in, "as_id", UINT16_MAX);
	m->slot = json_in_s64(in, "slot", -1, INT32_MAX);
	m->result = json_in_s64_or(in, "result", -MAX_ERRNO, 0, 0);
	if (m->kind == SLOT_MAPPING_UFFD)
		m->uffd = json_in_hex(in, "uffd", UINT32_MAX);
	m->syscall = json_in_s64(in, "syscall", INT32_MIN, INT32_MAX);
	if (m->syscall < 0)
		return;
	m->args[0] = json_in_hex(in, "arg0", UINT64_MAX);
	m->args[1] = json_in_hex(in, "arg1", UINT64_MAX);
	m->args[2] = json_in_hex(in, "arg2", UINT64_MAX);
	m->args[3] = json_in_hex(in, "arg3", UINT64_MAX);
}

static void write_fault(struct json_writer *w, const struct slot_fault *fault)
{
	json_write_str(w, "kind", slot_fault_kind_names[fault->kind]);
	json_write_s64(w, "vcpu", fault->vcpu);
	json_write_hex(w, "gpa", fault->gpa);
	json_write_hex(w, "hva", fault->hva);
	json_write_bool(w, "uffd", fault->uffd);
	if (fault->kind == SLOT_FAULT_FAILED)
		write_result(w, fault->result);
}

static void fault_from_json_in(const struct json_in *in,
			       struct slot_fault *fault)
{
	fault->kind = json_in_name(in, "kind", slot_fault_kind_names,
				   SLOT_FAULT_KINDS);
	fault->vcpu = json_in_s64(in, "vcpu", -1, INT32_MAX);
	fault->gpa = json_in_hex(in, "gpa", UINT64_MAX);
	fault->hva = json_in_hex(in, "hva", UINT64_MAX);
	fault->uffd = json_in_bool(in, "uffd");
	if (fault->kind == SLOT_FAULT_FAILED)
		fault->result = json_in_s64(in, "result", -MAX_ERRNO, -1);
}

static void write_gmem_close(struct json_writer *w,
			     const struct slot_gmem_close *close)
{
	json_write_u64(w, "gmem_dev_major", major(close->dev));
	json_write_u64(w, "gmem_dev_minor", minor(close->dev));
	json_write_hex(w, "gmem_inode", close->ino);
}

static void gmem_close_from_json_in(const struct json_in *in,
				    struct slot_gmem_close *close)
{
	close->dev = makedev(json_in_u64(in, "gmem_dev_major", UINT32_MAX),
			     json_in_u64(in, "gmem_dev_minor", UINT32_MAX));
	close->ino = json_in_hex(in, "gmem_inode", UINT64_MAX);
}

/* Each argument has a member; @form says what it is */
static const char *const probe_args[SLOT_PROBE_ARGS] = {
	"arg0", "arg1", "arg2", "arg3", "arg4", "arg5", "arg6", "arg7", "arg8",
};

static void write_probe(struct json_writer *w, const struct slot_probe *probe)
{
	size_t text = 0;

	json_write_str(w, "provider", probe->provider);
	json_write_str(w, "name", probe->name);
	json_write_str(w, "form", probe->form);
	for (size_t i = 0; probe->form[i]; i++) {
		if (probe->form[i] == 't')
			json_write_str(w, probe_args[i], probe->texts[text++]);
		else if (probe->form[i] == 'x')
			json_write_hex(w, probe_args[i], probe->args[i]);
		else if (probe->form[i] == 'd')
			json_write_s64(w, probe_args[i], probe->args[i]);
	}
}

static void probe_from_json_in(const struct json_in *in,
			       struct slot_probe *probe)
{
	size_t text = 0;

	utf8_copy(probe->provider, sizeof(probe->provider),
		  json_in_str(in, "provider"));
	utf8_copy(probe->name, sizeof(probe->name), json_in_str(in, "name"));
	utf8_copy(probe->form, sizeof(probe->form), json_in_str(in, "form"));
	if (slot_probe_form_fault(probe->form))
		json_in_fail(in, "form", "%s",
			     slot_probe_form_fault(probe->form));
	for (size_t i = 0; i < SLOT_PROBE_ARGS && probe->form[i]; i++) {
		const char *member = probe_args[i];

		if (probe->form[i] == 't' && text < SLOT_PROBE_TEXTS)
			utf8_copy(probe->texts[text++], SLOT_PROBE_TEXT,
				  json_in_str(in, member));
		else if (probe->form[i] == 'x')
			probe->args[i] = json_in_hex(in, member, UINT64_MAX);
		else if (probe->form[i] == 'd')
			probe->args[i] =
				json_in_s64(in, member, INT64_MIN, INT64_MAX);
	}
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
	change->invalid_ns = json_in_u64_or(in, "invalid_ns", UINT64_MAX, 0);
	change->active_ns = json_in_u64_or(in, "active_ns", UINT64_MAX, 0);
}

/* What the event is about goes under a member named like its type */
static void write_body(struct json_writer *w, const char *member,
		       const struct slot_event *event)
{
	json_begin_object(w, member);
	switch (event->type) {
	case SLOT_EVENT_REQUEST:
		write_request(w, &event->request);
		break;
	case SLOT_EVENT_CHANGE:
		write_change(w, &event->change);
		break;
	case SLOT_EVENT_BASE_END:
		json_write_u64(w, "as_id", event->base_end.as_id);
		json_write_u64(w, "generation", event->base_end.generation);
		if (event->base_end.start_time) {
			json_write_u64(w, "start_time",
				       event->base_end.start_time);
			json_write_s64(w, "fd", event->base_end.fd);
		}
		break;
	case SLOT_EVENT_EXIT:
		write_exit(w, &event->exit);
		break;
	case SLOT_EVENT_CALL:
		write_call(w, &event->kvm_call);
		break;
	case SLOT_EVENT_VCPU:
		write_vcpu(w, &event->vcpu);
		break;
	case SLOT_EVENT_MAPPING:
		write_mapping(w, &event->mapping);
		break;
	case SLOT_EVENT_UNKNOWN:
		json_write_u64(w, "kind", event->unknown.kind);
		break;
	case SLOT_EVENT_FAULT:
		write_fault(w, &event->fault);
		break;
	case SLOT_EVENT_GMEM_CLOSE:
		write_gmem_close(w, &event->gmem_close);
		break;
	case SLOT_EVENT_PROCESS_EXIT:
		json_write_s64(w, "status", event->process_exit.status);
		break;
	case SLOT_EVENT_PROBE:
		write_probe(w, &event->probe);
		break;
	default:
		json_write_str(w, "reason",
			       slot_lost_reason_names[event->lost.reason]);
		json_write_u64(w, "count", event->lost.count);
	}
	json_end_object(w);
}

void slot_event_write_json(struct json_writer *w, const char *member,
			   const struct slot_event *event)
{
	slot_event_begin_json(w, member, event);
	json_end_object(w);
}

void slot_event_begin_json(struct json_writer *w, const char *member,
			   const struct slot_event *event)
{
	const char *type = slot_event_type_names[event->type];
	char comm[sizeof(event->comm) + 1];

	/* comm comes from a kernel: it need not end in NUL */
	memcpy(comm, event->comm, sizeof(event->comm));
	comm[sizeof(event->comm)] = '\0';
	json_begin_object(w, member);
	json_write_u64(w, "seq", event->seq);
	json_write_u64(w, "time_ns", event->time_ns);
	json_write_u64(w, "duration_ns", event->duration_ns);
	json_write_u64(w, "serial", event->serial);
	json_write_s64(w, "tgid", event->tgid);
	json_write_s64(w, "tid", event->tid);
	json_write_str(w, "comm", comm);
	if (event->call)
		json_write_u64(w, "call", event->call);
	if (event->stack)
		json_write_u64(w, "stack", event->stack);
	json_write_str(w, "type", type);
	switch (event->type) {
	case SLOT_EVENT_VM_CREATE:
	case SLOT_EVENT_VM_DESTROY:
		vm_id_write_json(w, type, &event->vm);
		break;
	case SLOT_EVENT_BASE:
		slot_write_json(w, type, &event->base);
		break;
	case SLOT_EVENT_FREE:
		slot_write_json(w, type, &event->freed);
		break;
	default:
		write_body(w, type, event);
	}
}

static void whole_slot_from_json_in(const struct json_in *in, struct slot *slot)
{
	slot_from_json_in(in, slot);
	slot->name = NULL;
	if (!slot->size)
		json_in_fail(in, "size", "is 0");
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
		whole_slot_from_json_in(in, &event->base);
		break;
	case SLOT_EVENT_FREE:
		whole_slot_from_json_in(in, &event->freed);
		break;
	case SLOT_EVENT_PROBE:
		probe_from_json_in(in, &event->probe);
		break;
	case SLOT_EVENT_BASE_END:
		event->base_end.as_id = json_in_u64(in, "as_id", UINT16_MAX);
		event->base_end.generation =
			json_in_u64(in, "generation", UINT64_MAX);
		event->base_end.start_time =
			json_in_u64_or(in, "start_time", UINT64_MAX, 0);
		if (event->base_end.start_time)
			event->base_end.fd =
				(int32_t)json_in_s64(in, "fd", -1, INT32_MAX);
		break;
	case SLOT_EVENT_REQUEST:
		request_from_json_in(in, &event->request);
		break;
	case SLOT_EVENT_CHANGE:
		change_from_json_in(in, &event->change);
		break;
	case SLOT_EVENT_EXIT:
		exit_from_json_in(in, &event->exit);
		break;
	case SLOT_EVENT_CALL:
		call_from_json_in(in, &event->kvm_call);
		break;
	case SLOT_EVENT_VCPU:
		vcpu_from_json_in(in, &event->vcpu);
		break;
	case SLOT_EVENT_MAPPING:
		mapping_from_json_in(in, &event->mapping);
		break;
	case SLOT_EVENT_UNKNOWN:
		event->unknown.kind = json_in_u64(in, "kind", UINT32_MAX);
		break;
	case SLOT_EVENT_FAULT:
		fault_from_json_in(in, &event->fault);
		break;
	case SLOT_EVENT_GMEM_CLOSE:
		gmem_close_from_json_in(in, &event->gmem_close);
		break;
	case SLOT_EVENT_PROCESS_EXIT:
		event->process_exit.status =
			json_in_s64(in, "status", 0, UINT16_MAX);
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
	event->stack = json_in_u64_or(&in, "stack", UINT64_MAX, 0);
	event->type = json_in_name(&in, "type", slot_event_type_names,
				   SLOT_EVENT_TYPES);
	if (!ret && !event->seq)
		json_in_fail(&in, "seq", "is 0");
	body = json_in_object(&in, slot_event_type_names[event->type]);
	body_from_json_in(&body, event);
	return ret;
}
