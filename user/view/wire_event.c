// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * slot_event as the payload of a record. A kind's number is never used for another;
 * a member is added at the end of a list, and marked @later.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "view/probes.h"
#include "view/wire.h"

/* Linux never returns an errno beyond this (MAX_ERRNO in linux/err.h) */
#define MAX_ERRNO 4095

#define EVENT(member, bytes, ...) \
	WIRE(struct slot_event, member, bytes, ##__VA_ARGS__)

#define ONE_OF(last) .max = (last)

/* What every event begins with */
static const struct wire_field head[] = {
	EVENT(seq, 8),
	EVENT(time_ns, 8),
	EVENT(duration_ns, 8),
	EVENT(serial, 8),
	EVENT(tgid, 4, .max = INT_MAX),
	EVENT(tid, 4, .max = INT_MAX),
	EVENT(comm, 16, .text = true),
	EVENT(call, 8),
};

static const struct wire_field vm[] = {
	EVENT(vm.boot_id, 37, .text = true),
	EVENT(vm.tgid, 4, .max = INT_MAX),
	EVENT(vm.start_time, 8),
	EVENT(vm.fd, 4),
	EVENT(vm.serial, 8),
};

/* clang-format off */
#define SLOT(slot)                                                        \
	EVENT(slot.as_id, 2), EVENT(slot.id, 4), EVENT(slot.gpa, 8),      \
	EVENT(slot.size, 8), EVENT(slot.hva, 8), EVENT(slot.flags, 4),    \
	EVENT(slot.gmem_fd, 4), EVENT(slot.gmem_offset, 8),               \
	EVENT(slot.gmem, 1, ONE_OF(SLOT_GMEM_CLOSED)),                    \
	EVENT(slot.gmem_dev, 8), EVENT(slot.gmem_ino, 8),                 \
	EVENT(slot.hidden, 1, ONE_OF(1)), EVENT(slot.unknown, 4)
/* clang-format on */

static const struct wire_field base[] = { SLOT(base) };

static const struct wire_field base_end[] = {
	EVENT(base_end.as_id, 2),
	EVENT(base_end.generation, 8),
	EVENT(base_end.start_time, 8, .later = true),
	EVENT(base_end.fd, 4, .later = true),
};

static const struct wire_field request[] = {
	EVENT(request.region2, 1, ONE_OF(1)),
	EVENT(request.unread, 1, ONE_OF(1)),
	EVENT(request.slot, 4),
	EVENT(request.flags, 4),
	EVENT(request.gpa, 8),
	EVENT(request.size, 8),
	EVENT(request.hva, 8),
	EVENT(request.gmem_fd, 4),
	EVENT(request.gmem_offset, 8),
	EVENT(request.result, 4),
	EVENT(stack, 8, .later = true),
};

static const struct wire_field change[] = {
	EVENT(change.kind, 1, ONE_OF(SLOT_FLAGS_ONLY)),
	SLOT(change.before),
	SLOT(change.after),
	EVENT(change.generation, 8),
	EVENT(change.generation_before, 8),
	EVENT(change.result, 4),
	EVENT(change.invalid_ns, 8, .later = true),
	EVENT(change.active_ns, 8, .later = true),
};

static const struct wire_field vm_exit[] = {
	EVENT(exit.reason, 1, ONE_OF(SLOT_EXIT_REASONS - 1)),
	EVENT(exit.vcpu, 4),
	EVENT(exit.gpa, 8),
	EVENT(exit.len, 8),
	EVENT(exit.write, 1, ONE_OF(1)),
	EVENT(exit.flags, 8),
	EVENT(exit.rip, 8),
	EVENT(exit.result, 4),
};

static const struct wire_field kvm_call[] = {
	EVENT(kvm_call.kind, 1, ONE_OF(SLOT_CALL_KINDS - 1)),
	EVENT(kvm_call.unread, 1, ONE_OF(1)),
	EVENT(kvm_call.slot, 4),
	EVENT(kvm_call.start, 8),
	EVENT(kvm_call.size, 8),
	EVENT(kvm_call.flags, 8),
	EVENT(kvm_call.pages, 8),
	EVENT(kvm_call.result, 4),
};

static const struct wire_field vcpu[] = {
	EVENT(vcpu.kind, 1, ONE_OF(SLOT_VCPU_KINDS - 1)),
	EVENT(vcpu.id, 4),
	EVENT(vcpu.result, 4),
	EVENT(vcpu.generation, 8),
};

static const struct wire_field mapping[] = {
	EVENT(mapping.kind, 1, ONE_OF(SLOT_MAPPING_KINDS - 1)),
	EVENT(mapping.hva, 8),
	EVENT(mapping.size, 8),
	EVENT(mapping.as_id, 2),
	EVENT(mapping.slot, 4),
	EVENT(mapping.syscall, 4),
	EVENT(mapping.args[0], 8),
	EVENT(mapping.args[1], 8),
	EVENT(mapping.args[2], 8),
	EVENT(mapping.args[3], 8),
	EVENT(mapping.result, 4, .later = true),
	EVENT(mapping.uffd, 4, .later = true),
};

static const struct wire_field fault[] = {
	EVENT(fault.kind, 1, ONE_OF(SLOT_FAULT_KINDS - 1)),
	EVENT(fault.vcpu, 4),
	EVENT(fault.gpa, 8),
	EVENT(fault.hva, 8),
	EVENT(fault.uffd, 1, ONE_OF(1)),
	EVENT(fault.result, 4),
};

static const struct wire_field gmem_close[] = {
	EVENT(gmem_close.dev, 8),
	EVENT(gmem_close.ino, 8),
};

static const struct wire_field process_exit[] = {
	EVENT(process_exit.status, 4, .max = UINT16_MAX),
};

static const struct wire_field freed[] = { SLOT(freed) };

static const struct wire_field probed[] = {
	EVENT(probe.provider, 16, .text = true),
	EVENT(probe.name, 32, .text = true),
	EVENT(probe.form, SLOT_PROBE_ARGS + 1, .text = true),
	EVENT(probe.texts[0], SLOT_PROBE_TEXT, .text = true),
	EVENT(probe.texts[1], SLOT_PROBE_TEXT, .text = true),
	EVENT(probe.args[0], 8),
	EVENT(probe.args[1], 8),
	EVENT(probe.args[2], 8),
	EVENT(probe.args[3], 8),
	EVENT(probe.args[4], 8),
	EVENT(probe.args[5], 8),
	EVENT(probe.args[6], 8),
	EVENT(probe.args[7], 8),
	EVENT(probe.args[8], 8),
};

static const struct wire_field lost[] = {
	EVENT(lost.reason, 1, ONE_OF(SLOT_LOST_REASONS - 1)),
	EVENT(lost.count, 8),
};

static const struct wire_field unknown[] = {
	EVENT(unknown.kind, 4),
};

/**
 * struct event_kind - one type of event
 * @kind:   of its record
 * @fields: what comes after the head
 */
struct event_kind {
	uint16_t kind;
	const struct wire_field *fields;
	size_t nr;
};

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define KIND(number, list)                     \
	{                                      \
		number, list, ARRAY_SIZE(list) \
	}

static const struct event_kind kinds[SLOT_EVENT_TYPES] = {
	[SLOT_EVENT_VM_CREATE] = KIND(0x100, vm),
	[SLOT_EVENT_VM_DESTROY] = KIND(0x101, vm),
	[SLOT_EVENT_BASE] = KIND(0x102, base),
	[SLOT_EVENT_BASE_END] = KIND(0x103, base_end),
	[SLOT_EVENT_REQUEST] = KIND(0x104, request),
	[SLOT_EVENT_CHANGE] = KIND(0x105, change),
	[SLOT_EVENT_EXIT] = KIND(0x106, vm_exit),
	[SLOT_EVENT_LOST] = KIND(0x107, lost),
	/* what a reader did not know may be written again */
	[SLOT_EVENT_UNKNOWN] = KIND(0x108, unknown),
	[SLOT_EVENT_CALL] = KIND(0x110, kvm_call),
	[SLOT_EVENT_VCPU] = KIND(0x111, vcpu),
	[SLOT_EVENT_MAPPING] = KIND(0x112, mapping),
	[SLOT_EVENT_FAULT] = KIND(0x113, fault),
	[SLOT_EVENT_GMEM_CLOSE] = KIND(0x114, gmem_close),
	[SLOT_EVENT_PROCESS_EXIT] = KIND(0x115, process_exit),
	[SLOT_EVENT_FREE] = KIND(0x116, freed),
	[SLOT_EVENT_PROBE] = KIND(0x117, probed),
};

size_t wire_event_put(uint8_t *at, const struct slot_event *event,
		      uint16_t *kind)
{
	const struct event_kind *row = &kinds[event->type];
	size_t len = wire_put(at, head, ARRAY_SIZE(head), event);

	*kind = row->kind;
	return len + wire_put(at + len, row->fields, row->nr, event);
}

static bool is_result(int32_t result)
{
	return result <= 0 && result >= -MAX_ERRNO;
}

static bool has_end(const char *text, size_t size)
{
	return memchr(text, '\0', size);
}

static const char *probe_fault(const struct slot_probe *probe)
{
	if (!has_end(probe->provider, sizeof(probe->provider)) ||
	    !has_end(probe->name, sizeof(probe->name)) ||
	    !has_end(probe->form, sizeof(probe->form)))
		return "a text in it has no end";
	for (size_t i = 0; i < SLOT_PROBE_TEXTS; i++)
		if (!has_end(probe->texts[i], sizeof(probe->texts[i])))
			return "a text in it has no end";
	return slot_probe_form_fault(probe->form) ?
		       "its form is none of a probe" :
		       NULL;
}

/* What only some values of members that fit are */
static const char *cannot_be(const struct slot_event *event)
{
	const struct slot_change *c = &event->change;

	switch (event->type) {
	case SLOT_EVENT_BASE:
		return event->base.size ? NULL : "its slot has no size";
	case SLOT_EVENT_FREE:
		return event->freed.size ? NULL : "its slot has no size";
	case SLOT_EVENT_PROBE:
		return probe_fault(&event->probe);
	case SLOT_EVENT_REQUEST:
		return is_result(event->request.result) ?
			       NULL :
			       "its result is no errno";
	case SLOT_EVENT_CHANGE:
		if (!is_result(c->result))
			return "its result is no errno";
		if (!c->before.size != (c->kind == SLOT_CREATE) ||
		    !c->after.size != (c->kind == SLOT_DELETE))
			return "its slots are not those of its kind";
		if (c->before.size && c->after.size &&
		    (c->before.as_id != c->after.as_id ||
		     c->before.id != c->after.id))
			return "its slots are not one slot";
		return NULL;
	case SLOT_EVENT_EXIT:
		return is_result(event->exit.result) ? NULL :
						       "its result is no errno";
	case SLOT_EVENT_CALL:
		return event->kvm_call.result >= -MAX_ERRNO ?
			       NULL :
			       "its result is no errno";
	case SLOT_EVENT_VCPU:
		return event->vcpu.result >= -MAX_ERRNO ?
			       NULL :
			       "its result is no errno";
	case SLOT_EVENT_MAPPING:
		return is_result(event->mapping.result) ?
			       NULL :
			       "its result is no errno";
	case SLOT_EVENT_FAULT:
		return is_result(event->fault.result) ?
			       NULL :
			       "its result is no errno";
	default:
		return NULL;
	}
}

int wire_event_get(const uint8_t *at, size_t len, uint16_t kind,
		   struct slot_event *event, const char **why)
{
	int got, type;

	memset(event, 0, sizeof(*event));
	*why = "it is shorter than its kind, or has a value that cannot be";
	got = wire_get(at, len, head, ARRAY_SIZE(head), event);
	if (got < 0)
		return got;
	for (type = 0; type < SLOT_EVENT_TYPES; type++)
		if (kinds[type].kind == kind)
			break;
	if (type == SLOT_EVENT_TYPES) {
		event->type = SLOT_EVENT_UNKNOWN;
		event->unknown.kind = kind;
		return 0;
	}
	event->type = type;
	got = wire_get(at + got, len - got, kinds[type].fields, kinds[type].nr,
		       event);
	if (got < 0)
		return got;
	if (type == SLOT_EVENT_VM_CREATE || type == SLOT_EVENT_VM_DESTROY)
		event->vm.boot_id[sizeof(event->vm.boot_id) - 1] = '\0';
	*why = cannot_be(event);
	return *why ? -EINVAL : 0;
}
