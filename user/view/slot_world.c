// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "view/fold.h"
#include "view/slot_world.h"

/* Events that are kept of a VM beyond twice what it holds */
#define KEPT 256

/* What comes without a beginning for so long has none */
#define KEPT_BASELESS 4096

/**
 * struct world_vm - one VM
 * @event:  one of it, for who it is of
 * @id:	    the process that has it, and where, by its creation or its base; a
 *	    start_time of 0: nobody told
 * @log:    its events, numbered anew, without a hole
 * @next:   number of the next one
 * @told:   how many of @log are what was before
 * @ground: its creation or the end of a base is in @log
 */
struct world_vm {
	struct slot_event event;
	struct vm_id id;
	struct slot_log log;
	uint64_t next;
	size_t told;
	bool ground;
};

static void forget(struct world_vm *vm)
{
	slot_log_deinit(&vm->log);
}

void slot_world_deinit(struct slot_world *world)
{
	for (size_t i = 0; i < world->nr; i++)
		forget(&world->vms[i]);
	free(world->vms);
	*world = (struct slot_world){ 0 };
}

/* Where the VM of this serial is, or is to be */
static size_t place_of(const struct slot_world *world, uint64_t serial)
{
	size_t low = 0, high = world->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (world->vms[mid].event.serial < serial)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct world_vm *find(struct slot_world *world, uint64_t serial)
{
	size_t at = place_of(world, serial);

	return at < world->nr && world->vms[at].event.serial == serial ?
		       &world->vms[at] :
		       NULL;
}

static struct world_vm *add(struct slot_world *world,
			    const struct slot_event *event)
{
	size_t at = place_of(world, event->serial);
	struct world_vm *more =
		grown(world->vms, world->nr, &world->cap, sizeof(*more));

	if (!more)
		return NULL;
	world->vms = more;
	memmove(&more[at + 1], &more[at], (world->nr++ - at) * sizeof(*more));
	more[at] = (struct world_vm){ .event = *event, .next = 1 };
	return &more[at];
}

static void drop(struct slot_world *world, uint64_t serial)
{
	struct world_vm *vm = find(world, serial);

	if (!vm)
		return;
	forget(vm);
	world->nr--;
	memmove(vm, vm + 1,
		(world->nr - (size_t)(vm - world->vms)) * sizeof(*vm));
}

static void learn_id(struct world_vm *vm, const struct slot_event *event)
{
	if (event->type == SLOT_EVENT_VM_CREATE)
		vm->id = event->vm;
	else if (event->type == SLOT_EVENT_BASE_END &&
		 event->base_end.start_time)
		vm->id = (struct vm_id){
			.tgid = event->tgid,
			.start_time = event->base_end.start_time,
			.fd = event->base_end.fd,
		};
}

static int keep(struct world_vm *vm, const struct slot_event *event)
{
	struct slot_event kept = *event;

	kept.seq = vm->next;
	vm->next += event->type == SLOT_EVENT_LOST ? event->lost.count : 1;
	vm->ground |= event->type == SLOT_EVENT_VM_CREATE ||
		      event->type == SLOT_EVENT_BASE_END;
	return slot_log_add(&vm->log, &kept);
}

/* An event of a VM as it stands now */
static struct slot_event told(const struct slot_world *world,
			      const struct world_vm *vm,
			      enum slot_event_type type)
{
	struct slot_event event = {
		.time_ns = world->now_ns,
		.serial = vm->event.serial,
		.tgid = vm->id.start_time ? vm->id.tgid : vm->event.tgid,
		.type = type,
	};

	memcpy(event.comm, vm->event.comm, sizeof(event.comm));
	return event;
}

static int keep_state(const struct slot_world *world, struct world_vm *vm,
		      const struct slot_state *state)
{
	struct slot_event event;
	int ret = 0;

	for (size_t i = 0; i < state->nr_slots && !ret; i++) {
		if (!state->as[state->slots[i].as_id].covered)
			continue;
		event = told(world, vm, SLOT_EVENT_BASE);
		event.base = state->slots[i];
		ret = keep(vm, &event);
	}
	for (size_t i = 0; i < state->nr_as && !ret; i++) {
		if (!state->as[i].covered)
			continue;
		event = told(world, vm, SLOT_EVENT_BASE_END);
		event.base_end.as_id = i;
		event.base_end.generation = state->as[i].generation;
		event.base_end.start_time = vm->id.start_time;
		event.base_end.fd = vm->id.fd;
		ret = keep(vm, &event);
	}
	if (ret || !state->coverage.lost)
		return ret;
	event = told(world, vm, SLOT_EVENT_LOST);
	event.lost.reason = SLOT_LOST_MISSED;
	event.lost.count = state->coverage.lost;
	return keep(vm, &event);
}

/* Put what they add up to in place of a VM's events */
static int replace(const struct slot_world *world, struct world_vm *vm)
{
	const struct vm_id id = { .serial = vm->event.serial };
	struct slot_log before = vm->log;
	struct slot_state state;
	int ret = fold(&before, &id, &state);

	slot_log_init(&vm->log);
	vm->next = 1;
	if (!ret)
		ret = keep_state(world, vm, &state);
	vm->told = vm->log.nr;
	slot_state_deinit(&state);
	slot_log_deinit(&before);
	return ret;
}

static int keep_few(const struct slot_world *world, struct world_vm *vm)
{
	if (vm->ground && vm->log.nr > 2 * vm->told + KEPT)
		return replace(world, vm);
	if (!vm->ground && vm->log.nr > KEPT_BASELESS) {
		slot_log_deinit(&vm->log);
		vm->next = 1;
	}
	return 0;
}

/* Does it say anything of which slots there are? */
static bool matters(struct slot_world *world, const struct slot_event *event)
{
	switch (event->type) {
	case SLOT_EVENT_VM_CREATE:
	case SLOT_EVENT_BASE:
	case SLOT_EVENT_BASE_END:
	case SLOT_EVENT_GMEM_CLOSE:
	case SLOT_EVENT_LOST:
		return true;
	case SLOT_EVENT_CHANGE:
		world->saw_change = true;
		return true;
	case SLOT_EVENT_REQUEST:
		/* Who tells of changes tells of them first */
		return !world->saw_change;
	default:
		return false;
	}
}

static int take_of(struct slot_world *world, const struct slot_event *event)
{
	struct world_vm *vm = find(world, event->serial);
	int ret;

	if (!vm)
		vm = add(world, event);
	if (!vm)
		return -ENOMEM;
	learn_id(vm, event);
	ret = keep(vm, event);
	return ret ? ret : keep_few(world, vm);
}

int slot_world_take(struct slot_world *world, const struct slot_event *event)
{
	const uint64_t end_ns = event->time_ns + event->duration_ns;
	int ret = 0;

	if (end_ns > world->now_ns)
		world->now_ns = end_ns;
	if (event->type == SLOT_EVENT_VM_DESTROY) {
		drop(world, event->serial);
		return 0;
	}
	if (!matters(world, event))
		return 0;
	if (event->serial)
		return take_of(world, event);
	/* It may have been of any */
	for (size_t i = 0; i < world->nr && !ret; i++) {
		struct slot_event each = *event;

		each.serial = world->vms[i].event.serial;
		ret = keep(&world->vms[i], &each);
		if (!ret)
			ret = keep_few(world, &world->vms[i]);
	}
	return ret;
}

int slot_world_tell(struct slot_world *world,
		    int (*tell)(const struct slot_event *event, void *arg),
		    void *arg)
{
	int ret = 0;

	for (size_t i = 0; i < world->nr && !ret; i++) {
		struct world_vm *vm = &world->vms[i];

		if (!vm->ground)
			continue;
		ret = replace(world, vm);
		for (size_t j = 0; j < vm->log.nr && !ret; j++)
			ret = tell(&vm->log.events[j], arg);
	}
	return ret;
}
