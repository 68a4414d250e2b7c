// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* uthash would exit the program when out of memory */
#define HASH_NONFATAL_OOM	     1
#define uthash_nonfatal_oom(element) ((element)->nomem = true)
#include <uthash.h>

#include "check/refusals.h"
#include "check/rules_index.h"
#include "check/say.h"
#include "view/apply.h"

/* Who made a slot: what its event told of it */
struct maker {
	uint64_t key;
	uint64_t seq;
	uint64_t time_ns;
	pid_t tid;
	char comm[16];
	bool nomem;
	UT_hash_handle hh;
};

/**
 * struct refusals_vm - one VM
 * @makers:  of the slots that there are, by address space and id
 * @changes: there were changes: requests are wishes then
 * @other_ns: when the last change ended of @tid, and before of any other thread
 */
struct refusals_vm {
	uint64_t serial;
	struct slot_state state;
	struct slot_writer writer;
	struct maker *makers;
	bool changes;
	pid_t tid;
	uint64_t last_ns;
	uint64_t other_ns;
	bool nomem;
	UT_hash_handle hh;
};

static uint64_t key_of(uint16_t as_id, int32_t id)
{
	return (uint64_t)as_id << 32 | (uint32_t)id;
}

static struct refusals_vm *vm_of(struct refusals *r, uint64_t serial)
{
	struct refusals_vm *vm;

	HASH_FIND(hh, r->vms, &serial, sizeof(serial), vm);
	if (vm)
		return vm;
	vm = calloc(1, sizeof(*vm));
	if (!vm)
		return NULL;
	vm->serial = serial;
	slot_state_init(&vm->state, PARTY_TRACED);
	vm->state.vm.serial = serial;
	vm->state.coverage.fields = SLOT_FIELDS_ALL;
	vm->writer = (struct slot_writer){ .state = &vm->state,
					   .index.ordered = true,
					   .indexed = true };
	HASH_ADD(hh, r->vms, serial, sizeof(serial), vm);
	if (!vm->nomem)
		return vm;
	free(vm);
	return NULL;
}

static int note_maker(struct refusals_vm *vm, const struct slot_event *event,
		      uint16_t as_id, int32_t id)
{
	uint64_t key = key_of(as_id, id);
	struct maker *maker;

	HASH_FIND(hh, vm->makers, &key, sizeof(key), maker);
	if (!maker) {
		maker = calloc(1, sizeof(*maker));
		if (!maker)
			return -ENOMEM;
		maker->key = key;
		HASH_ADD(hh, vm->makers, key, sizeof(key), maker);
		if (maker->nomem) {
			free(maker);
			return -ENOMEM;
		}
	}
	maker->seq = event->seq;
	maker->time_ns = event->time_ns;
	maker->tid = event->tid;
	memcpy(maker->comm, event->comm, sizeof(maker->comm));
	return 0;
}

static void note_thread(struct refusals_vm *vm, const struct slot_event *event)
{
	const uint64_t end = event->time_ns + event->duration_ns;

	if (event->tid != vm->tid && vm->last_ns > vm->other_ns)
		vm->other_ns = vm->last_ns;
	vm->tid = event->tid;
	vm->last_ns = end;
}

static int take_change(struct refusals_vm *vm, const struct slot_event *event)
{
	const struct slot *after = &event->change.after;

	vm->changes = true;
	if (event->change.result)
		return 0;
	note_thread(vm, event);
	if (after->size && event->change.kind != SLOT_FLAGS_ONLY &&
	    note_maker(vm, event, after->as_id, after->id))
		return -ENOMEM;
	return slot_writer_change(&vm->writer, event);
}

static void say_made(struct refusals_vm *vm, const struct slot_event *event,
		     struct refusal *out)
{
	const uint64_t key = key_of(out->other.as_id, out->other.id);
	const size_t len = strlen(out->words);
	struct maker *maker;

	HASH_FIND(hh, vm->makers, &key, sizeof(key), maker);
	if (!maker || maker->seq != out->other.seq) {
		snprintf(out->words + len, sizeof(out->words) - len,
			 ", there since before tracing began");
		return;
	}
	out->tid = maker->tid;
	if (event->time_ns > maker->time_ns)
		out->made_ns = event->time_ns - maker->time_ns;
	snprintf(out->words + len, sizeof(out->words) - len,
		 ", made %sbefore%s", SAY_APART(maker->time_ns, event->time_ns),
		 SAY_WHO(maker->tid, maker->comm));
}

static void explain(const struct refusals *r, struct refusals_vm *vm,
		    const struct slot_event *event, struct refusal *out)
{
	static const struct request_limits nothing_known;
	const uint64_t others = event->tid == vm->tid ? vm->other_ns :
							vm->last_ns;
	struct request_outcome why;
	char words[REQUEST_SAY_MAX];

	*out = (struct refusal){ 0 };
	out->known = request_explain_by(&vm->state, &vm->writer.index,
					&event->request, event->request.result,
					r->limits ? r->limits : &nothing_known,
					words, &why);
	out->rule = why.rule;
	snprintf(out->words, sizeof(out->words), "%s", words);
	if (why.other) {
		out->other = *why.other;
		out->other.name = NULL;
		say_made(vm, event, out);
	}
	if (why.other && vm->state.coverage.lost)
		snprintf(out->words + strlen(out->words),
			 sizeof(out->words) - strlen(out->words),
			 "; but events were lost since: it may have gone");
	/* Events are told as they end: it may have been before this request began */
	if (others && others >= event->time_ns)
		snprintf(out->words + strlen(out->words),
			 sizeof(out->words) - strlen(out->words),
			 "; but another thread had slots changed meanwhile");
}

static int take_request(const struct refusals *r, struct refusals_vm *vm,
			const struct slot_event *event, struct refusal *out)
{
	const struct slot_request *request = &event->request;

	if (request->unread)
		return 0;
	if (request->result) {
		explain(r, vm, event, out);
		return 1;
	}
	if (vm->changes)
		return 0;
	if (request->size && note_maker(vm, event, request->slot >> 16,
					(int32_t)(request->slot & 0xffff)))
		return -ENOMEM;
	return slot_writer_request(&vm->writer, event, false);
}

static void forget(struct refusals *r, struct refusals_vm *vm)
{
	struct maker *maker, *next;

	HASH_ITER(hh, vm->makers, maker, next)
	{
		HASH_DEL(vm->makers, maker);
		free(maker);
	}
	slot_index_deinit(&vm->writer.index);
	slot_state_deinit(&vm->state);
	HASH_DEL(r->vms, vm);
	free(vm);
}

/* It may have been of any VM */
static int take_lost(struct refusals *r, const struct slot_event *event)
{
	struct refusals_vm *vm, *next;
	int ret = 0;

	HASH_ITER(hh, r->vms, vm, next)
	if (!ret && (!event->serial || event->serial == vm->serial))
		ret = slot_writer_other(&vm->writer, event);
	return ret;
}

int refusals_take(struct refusals *r, const struct slot_event *event,
		  struct refusal *out)
{
	struct refusals_vm *vm;

	if (event->type == SLOT_EVENT_LOST)
		return take_lost(r, event);
	if (!event->serial)
		return 0;
	vm = vm_of(r, event->serial);
	if (!vm)
		return -ENOMEM;
	switch (event->type) {
	case SLOT_EVENT_REQUEST:
		return take_request(r, vm, event, out);
	case SLOT_EVENT_CHANGE:
		return take_change(vm, event);
	case SLOT_EVENT_VM_DESTROY:
		forget(r, vm);
		return 0;
	case SLOT_EVENT_VM_CREATE:
	case SLOT_EVENT_BASE:
	case SLOT_EVENT_BASE_END:
		return slot_writer_other(&vm->writer, event);
	default:
		return 0;
	}
}

void refusals_deinit(struct refusals *r)
{
	struct refusals_vm *vm, *next;

	HASH_ITER(hh, r->vms, vm, next)
	forget(r, vm);
}
