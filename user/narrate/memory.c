// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <string.h>

#include "narrate/memory.h"
#include "narrate/memory_watch.h"
#include "narrate/narrate.h"

#define DEPTH_MAX 32 /* events nest no deeper than boards call */

/* Events that have begun and not ended, of the thread that changes the model */
static _Thread_local struct {
	struct frame {
		struct narrate_scope scope;
		struct memory_event event;
		bool told;
	} frames[DEPTH_MAX];
	unsigned int depth;
	const struct flat_view *told_view; /* in this commit */
	struct memory_model *model;
} here;

struct memory_model *narrate_memory_model(void)
{
	return here.model;
}

static const enum narrate_id region_ids[] = {
	[MEMORY_REGION_CONTAINER] = NARRATE_REGION_INIT,
	[MEMORY_REGION_IO] = NARRATE_REGION_INIT_IO,
	[MEMORY_REGION_IOMMU] = NARRATE_REGION_INIT_IO,
	[MEMORY_REGION_RAM] = NARRATE_REGION_INIT_RAM,
	[MEMORY_REGION_ROM_DEVICE] = NARRATE_REGION_INIT_ROM_DEVICE,
	[MEMORY_REGION_ALIAS] = NARRATE_REGION_INIT_ALIAS,
};

static const char *name_of(const struct memory_region *region)
{
	/* An ioeventfd's section has an address alone */
	return region ? memory_region_info(region)->name : "";
}

#define ENTER(frame, id, watch, ...)                                     \
	((frame)->scope =                                                \
		 narrate_enter(id, watch, &(frame)->event, __VA_ARGS__), \
	 (frame)->told = true)

/* A commit is told of when it turns out to change a view */
static void enter_view(struct frame *frame)
{
	const struct memory_event *event = &frame->event;
	struct frame *around = here.depth > 1 ? frame - 1 : NULL;
	bool same = event->new_view == here.told_view;

	if (around && around->event.kind == MEMORY_EVENT_COMMIT &&
	    !around->told)
		ENTER(around, NARRATE_TRANSACTION_COMMIT, NULL, "%s", "");
	ENTER(frame, NARRATE_SET_FLATVIEW, NULL, "\"%s\"%s",
	      address_space_name(event->as),
	      same ? ", the same FlatView again" : "");
	if (!same)
		narrate_diff(watch_flat_view, event->old_view, event->new_view);
	here.told_view = event->new_view;
}

/* What KVM's listeners are told of memory, ioeventfds and coalesced ranges */
static void enter_call(struct frame *frame)
{
	static const struct {
		const char *callback;
		enum narrate_id id;
	} calls[] = {
		{ "region_add", NARRATE_REGION_ADD },
		{ "region_del", NARRATE_REGION_DEL },
		{ "eventfd_add", NARRATE_KVM_IOEVENTFD },
		{ "eventfd_del", NARRATE_KVM_IOEVENTFD },
		{ "coalesced_io_add", NARRATE_KVM_COALESCE_MMIO },
		{ "coalesced_io_del", NARRATE_KVM_COALESCE_MMIO },
	};
	const struct memory_event *event = &frame->event;
	bool gone;
	size_t i;

	if (strncmp(memory_listener_name(event->listener), "kvm-", 4) ||
	    !event->section)
		return;
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (strcmp(calls[i].callback, event->callback))
			continue;
		ENTER(frame, calls[i].id, NULL, "\"%s\", \"%s\"",
		      memory_listener_name(event->listener),
		      name_of(event->section->region));
		gone = strstr(event->callback, "del");
		narrate_diff(watch_section, gone ? event->section : NULL,
			     gone ? NULL : event->section);
	}
}

static void enter(struct frame *frame)
{
	const struct memory_event *e = &frame->event;

	switch (e->kind) {
	case MEMORY_EVENT_RAM_BLOCK:
		ENTER(frame, NARRATE_QEMU_RAM_ALLOC, watch_event_block,
		      "\"%s\"", e->name);
		break;
	case MEMORY_EVENT_REGION:
		ENTER(frame, region_ids[e->what], watch_event_region, "\"%s\"",
		      e->name);
		break;
	case MEMORY_EVENT_MAP:
		ENTER(frame, NARRATE_REGION_ADD_SUBREGION, watch_event_region,
		      "\"%s\", 0x%" PRIx64 ", \"%s\"", name_of(e->container),
		      e->addr, name_of(e->region));
		break;
	case MEMORY_EVENT_UNMAP:
		ENTER(frame, NARRATE_REGION_DEL_SUBREGION, watch_event_region,
		      "\"%s\", \"%s\"", name_of(e->container),
		      name_of(e->region));
		break;
	case MEMORY_EVENT_ENABLE:
		ENTER(frame, NARRATE_REGION_CHANGE, watch_event_region,
		      "\"%s\"", name_of(e->region));
		break;
	case MEMORY_EVENT_READONLY:
		ENTER(frame, NARRATE_REGION_SET_READONLY, watch_event_region,
		      "\"%s\"", name_of(e->region));
		break;
	case MEMORY_EVENT_ADDRESS_SPACE:
		ENTER(frame, NARRATE_ADDRESS_SPACE_INIT,
		      watch_event_address_space, "\"%s\", root \"%s\"", e->name,
		      name_of(e->region));
		break;
	case MEMORY_EVENT_LISTEN:
		ENTER(frame, NARRATE_MEMORY_LISTENER_REGISTER, NULL,
		      "\"%s\" to \"%s\", priority %d",
		      memory_listener_name(e->listener),
		      address_space_name(e->as),
		      memory_listener_priority(e->listener));
		break;
	case MEMORY_EVENT_REPLAY:
		ENTER(frame, NARRATE_LISTENER_ADD_ADDRESS_SPACE,
		      watch_event_address_space, "\"%s\", \"%s\"",
		      memory_listener_name(e->listener),
		      address_space_name(e->as));
		break;
	case MEMORY_EVENT_VIEW:
		enter_view(frame);
		break;
	case MEMORY_EVENT_CALL:
		enter_call(frame);
		break;
	case MEMORY_EVENT_COMMIT:
		here.told_view = NULL;
		break;
	}
}

static void begin(void *opaque, const struct memory_event *event)
{
	struct frame *frame = &here.frames[here.depth];

	if (here.depth++ >= DEPTH_MAX)
		return;
	frame->event = *event;
	frame->scope = (struct narrate_scope){};
	frame->told = false;
	if (event->as)
		here.model = address_space_model(event->as);
	if (narrating())
		enter(frame);
}

static void end(void *opaque, const struct memory_event *event)
{
	struct frame *frame;

	if (here.depth-- > DEPTH_MAX)
		return;
	frame = &here.frames[here.depth];
	frame->event = *event;
	if (event->as)
		here.model = address_space_model(event->as);
	narrate_leave(&frame->scope);
}

const struct memory_observer narrate_memory = { .begin = begin, .end = end };
