// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "logs/past.h"

/* Two tracers look at the clock one after the other, on a machine that may be busy */
#define TWIN_NS 50000000ULL

/**
 * struct recorded_vm - one of the recording that has the VM's process
 * @named:   it is told of which process, by its start, and at which descriptor
 * @there_ns: when it was seen there last; else of its last event
 * @sure_ns: until when nothing can have come in its place unseen
 * @all_ns:  until when all of it is told, by
 * @all_nr:  so many events of the recording
 */
struct recorded_vm {
	struct vm_id id;
	bool named;
	bool created;
	bool gone;
	uint64_t from_ns;
	uint64_t there_ns;
	uint64_t sure_ns;
	uint64_t all_ns;
	size_t all_nr;
};

struct recorded_vms {
	struct recorded_vm *items;
	size_t nr;
	size_t last; /* that was looked for */
};

static uint64_t end_of(const struct slot_event *event)
{
	return event->time_ns + event->duration_ns;
}

/* At the end of the recording: all up to there is known, and from there on nothing */
static bool is_cut(const struct slot_event *event)
{
	return event->type == SLOT_EVENT_LOST &&
	       event->lost.reason == SLOT_LOST_CUT;
}

/* It happened somewhere from the event before it on */
static bool is_loss(const struct slot_event *event)
{
	return event->type == SLOT_EVENT_LOST && !is_cut(event) &&
	       event->lost.reason != SLOT_LOST_DROPPED;
}

/* Nobody asked for it: that is of no VM's beginning or end */
static bool is_filtered(const struct slot_event *event)
{
	return event->type == SLOT_EVENT_LOST &&
	       event->lost.reason == SLOT_LOST_FILTERED;
}

static struct recorded_vm *vm_of(struct recorded_vms *vms, uint64_t serial)
{
	if (vms->last < vms->nr && vms->items[vms->last].id.serial == serial)
		return &vms->items[vms->last];
	for (size_t i = 0; i < vms->nr; i++) {
		if (vms->items[i].id.serial != serial)
			continue;
		vms->last = i;
		return &vms->items[i];
	}
	return NULL;
}

static struct recorded_vm *add_vm(struct recorded_vms *vms,
				  const struct slot_event *event)
{
	struct recorded_vm *more =
		reallocarray(vms->items, vms->nr + 1, sizeof(*more));

	if (!more)
		return NULL;
	vms->items = more;
	more[vms->nr] = (struct recorded_vm){
		.id = { .tgid = event->tgid, .fd = -1, .serial = event->serial },
		.from_ns = event->time_ns,
		.sure_ns = UINT64_MAX,
		.all_ns = UINT64_MAX,
		.all_nr = SIZE_MAX,
	};
	return &more[vms->nr++];
}

/* @at_ns: the latest that was told of before, by @nr events */
static void lose(struct recorded_vms *vms, const struct slot_event *event,
		 uint64_t at_ns, size_t nr)
{
	for (size_t i = 0; i < vms->nr; i++) {
		struct recorded_vm *vm = &vms->items[i];

		if (event->serial && event->serial != vm->id.serial)
			continue;
		if (!is_filtered(event) && at_ns < vm->sure_ns)
			vm->sure_ns = at_ns;
		if (nr < vm->all_nr) {
			vm->all_ns = at_ns;
			vm->all_nr = nr;
		}
	}
}

static void learn(struct recorded_vm *vm, const struct slot_event *event)
{
	const uint64_t serial = vm->id.serial;

	switch (event->type) {
	case SLOT_EVENT_VM_CREATE:
		vm->id = event->vm;
		vm->id.serial = serial;
		vm->created = true;
		break;
	case SLOT_EVENT_BASE_END:
		if (!event->base_end.start_time)
			return;
		vm->id.tgid = event->tgid;
		vm->id.start_time = event->base_end.start_time;
		vm->id.fd = event->base_end.fd;
		break;
	case SLOT_EVENT_VM_DESTROY:
		vm->gone = true;
		return;
	default:
		return;
	}
	vm->named = true;
	vm->there_ns = end_of(event);
	/* Whatever was lost before, it is there */
	vm->sure_ns = UINT64_MAX;
}

static int list(struct recorded_vms *vms, const struct slot_log *recorded)
{
	const struct slot_event *event;
	struct recorded_vm *vm;
	uint64_t at_ns = 0;

	for (size_t i = 0; i < recorded->nr; i++) {
		event = &recorded->events[i];
		if (is_loss(event))
			lose(vms, event, at_ns, i);
		if (end_of(event) > at_ns)
			at_ns = end_of(event);
		if (!event->serial || event->type == SLOT_EVENT_LOST)
			continue;
		vm = vm_of(vms, event->serial) ?: add_vm(vms, event);
		if (!vm)
			return -ENOMEM;
		learn(vm, event);
	}
	return 0;
}

/* Of several that were made at one descriptor, the last: the others had left it */
static const struct recorded_vm *find(const struct recorded_vms *vms,
				      const struct past_now *now,
				      enum past_state *why)
{
	const struct vm_id *id = now->vm;
	const struct recorded_vm *found = NULL;

	*why = PAST_NO_VM;
	for (size_t i = 0; i < vms->nr; i++) {
		const struct recorded_vm *vm = &vms->items[i];

		if (vm->id.tgid != id->tgid)
			continue;
		if (!vm->named && !vm->gone && *why == PAST_NO_VM)
			*why = PAST_UNNAMED;
		if (vm->named && vm->id.start_time == id->start_time &&
		    vm->id.fd == id->fd &&
		    (!found || vm->there_ns >= found->there_ns))
			found = vm;
	}
	/* It is not the one which is there now, or nothing is told of before that */
	if (found && (found->gone || found->from_ns >= now->traced_ns)) {
		*why = PAST_NO_VM;
		found = NULL;
	}
	return found;
}

/* What the trace began with, and nothing that came later; of no address space: none */
static int first_state(const struct past_now *now, struct slot_state *out)
{
	struct slot_log first;
	int ret = 0;

	slot_log_init(&first);
	for (size_t i = 0; i < now->traced->nr && !ret; i++) {
		const struct slot_event *event = &now->traced->events[i];

		if (event->serial == now->vm->serial &&
		    (event->type == SLOT_EVENT_BASE ||
		     event->type == SLOT_EVENT_BASE_END))
			ret = slot_log_add(&first, event);
	}
	first.folded = first.nr ? first.events[first.nr - 1].seq : 0;
	if (!ret)
		ret = fold(&first, now->vm, out);
	else
		slot_state_init(out, PARTY_TRACED);
	slot_log_deinit(&first);
	return ret;
}

static bool same_slot(const struct slot *a, const struct slot *b)
{
	return a->as_id == b->as_id && a->id == b->id && a->gpa == b->gpa &&
	       a->size == b->size && a->hva == b->hva &&
	       !((a->flags ^ b->flags) & ~(uint32_t)SLOT_GMEM_ONLY);
}

/* Both are sorted, and of what was traced: KVM's own are in either */
static bool same_slots(const struct slot_state *a, const struct slot_state *b)
{
	if (a->nr_slots != b->nr_slots)
		return false;
	for (size_t i = 0; i < a->nr_slots; i++)
		if (!same_slot(&a->slots[i], &b->slots[i]))
			return false;
	return true;
}

/*
 * What the recording comes to, beside what the trace begins with: as many changes, fewer,
 * or more. In address spaces of which either does not tell, that is not known.
 */
static enum past_state compare(const struct slot_state *recorded,
			       const struct slot_state *first, bool meets,
			       uint64_t *unseen)
{
	bool known = first->nr_as, fewer = false;

	for (size_t i = 0; i < first->nr_as; i++) {
		uint64_t is = first->as[i].generation;
		uint64_t was = i;

		if (i < recorded->nr_as)
			was = recorded->as[i].generation;
		if (!first->as[i].covered ||
		    (i < recorded->nr_as ? !recorded->as[i].covered :
					   !recorded->whole_life)) {
			known = false;
			continue;
		}
		if (was > is)
			return PAST_OTHER;
		fewer |= was < is;
		*unseen += (is - was) / first->nr_as;
	}
	if (!(recorded->coverage.fields & SLOT_FIELD_GENERATION) &&
	    recorded->coverage.fields)
		known = false;
	if (!known)
		*unseen = 0;
	/* What was lost of it may be why they are not the same */
	if (fewer || recorded->coverage.lost)
		return PAST_GAP;
	if (known)
		return same_slots(recorded, first) ? PAST_WHOLE : PAST_OTHER;
	return meets ? PAST_WHOLE : PAST_GAP;
}

static bool is_of(const struct slot_event *event, uint64_t serial)
{
	return event->serial ? event->serial == serial :
			       event->type == SLOT_EVENT_LOST;
}

static bool same_request(const struct slot_request *a,
			 const struct slot_request *b)
{
	return a->slot == b->slot && a->flags == b->flags && a->gpa == b->gpa &&
	       a->size == b->size && a->hva == b->hva && a->result == b->result;
}

/* Did two tracers see one thing? */
static bool is_twin(const struct slot_event *a, const struct slot_event *b)
{
	const uint64_t apart = a->time_ns > b->time_ns ?
				       a->time_ns - b->time_ns :
				       b->time_ns - a->time_ns;

	if (a->type != b->type || a->tid != b->tid || apart > TWIN_NS)
		return false;
	switch (a->type) {
	case SLOT_EVENT_CHANGE:
		return a->change.generation == b->change.generation &&
		       a->change.result == b->change.result;
	case SLOT_EVENT_REQUEST:
		return same_request(&a->request, &b->request);
	default:
		return true;
	}
}

/*
 * Both tell of a short while, in which the one had begun and the other was still read.
 * From the end on: of two requests alike the later one is in both.
 */
static void mark_twins(const struct slot_log *recorded,
		       const struct past_now *now, uint64_t serial, bool *twin)
{
	for (size_t i = now->traced->nr; i--;) {
		const struct slot_event *event = &now->traced->events[i];

		if (event->serial != now->vm->serial ||
		    event->type == SLOT_EVENT_BASE ||
		    event->type == SLOT_EVENT_BASE_END ||
		    event->type == SLOT_EVENT_LOST)
			continue;
		for (size_t j = recorded->nr; j--;) {
			const struct slot_event *old = &recorded->events[j];

			if (old->type == SLOT_EVENT_LOST)
				continue;
			if (end_of(old) + TWIN_NS < event->time_ns)
				break;
			if (old->serial == serial && !twin[j] &&
			    is_twin(old, event)) {
				twin[j] = true;
				break;
			}
		}
	}
}

static int add_recorded(const struct slot_log *recorded,
			const struct past_now *now, uint64_t serial,
			struct slot_log *out)
{
	bool *twin = calloc(recorded->nr + 1, sizeof(*twin));
	struct slot_event event;
	int ret = twin ? 0 : -ENOMEM;

	if (twin)
		mark_twins(recorded, now, serial, twin);
	for (size_t i = 0; i < recorded->nr && !ret; i++) {
		/* How it goes on from its end was found out */
		if (!is_of(&recorded->events[i], serial) || twin[i] ||
		    is_cut(&recorded->events[i]))
			continue;
		event = recorded->events[i];
		if (event.serial)
			event.serial = now->vm->serial;
		if (event.type == SLOT_EVENT_VM_CREATE)
			event.vm.serial = now->vm->serial;
		/* Of another run: it would be the stack of somebody else */
		event.stack = 0;
		/* What we trace has no filter: what it lacks was not left out */
		if (is_filtered(&event))
			event.lost.reason = SLOT_LOST_GAP;
		ret = slot_log_add(out, &event);
	}
	free(twin);
	return ret;
}

static int add_gap(const struct past_now *now, const struct past *past,
		   struct slot_log *out)
{
	const struct slot_event gap = {
		.type = SLOT_EVENT_LOST,
		.seq = now->end_seq + 1,
		.time_ns = past->end_ns,
		.serial = now->vm->serial,
		.lost = { .reason = SLOT_LOST_GAP, .count = 1 },
	};

	return past->state == PAST_GAP ? slot_log_add(out, &gap) : 0;
}

static int add_traced(const struct past_now *now, const struct past *past,
		      struct slot_log *out)
{
	int ret = 0;

	for (size_t i = 0; i < now->traced->nr && !ret; i++) {
		const struct slot_event *event = &now->traced->events[i];

		if (past->state == PAST_WHOLE &&
		    event->serial == now->vm->serial &&
		    (event->type == SLOT_EVENT_BASE ||
		     event->type == SLOT_EVENT_BASE_END))
			continue;
		ret = slot_log_add(out, event);
	}
	return ret;
}

/* What @nr events of the recording come to */
static int compare_up_to(const struct slot_log *recorded, size_t nr,
			 const struct recorded_vm *vm,
			 const struct past_now *now,
			 const struct slot_state *first, struct past *past)
{
	struct slot_log some = *recorded;
	struct slot_state then;
	int ret;

	/* Of other VMs there may be none */
	some.folded = now->end_seq;
	some.nr = nr;
	past->unseen = 0;
	ret = fold_until(&some, &vm->id, first, &then);
	if (!ret)
		past->state = compare(&then, first,
				      past->end_ns >= now->traced_ns,
				      &past->unseen);
	slot_state_deinit(&then);
	return ret;
}

/* @vm: the one that may be it */
static int judge(const struct slot_log *recorded, const struct recorded_vm *vm,
		 const struct past_now *now, struct past *past)
{
	struct slot_state first;
	size_t nr = recorded->nr;
	int ret;

	past->end_ns = vm->sure_ns < now->end_ns ? vm->sure_ns : now->end_ns;
	if (now->there_ns >= past->end_ns) {
		past->state = PAST_UNPROVEN;
		return 0;
	}
	if (vm->all_ns < past->end_ns)
		past->end_ns = vm->all_ns;
	while (nr && is_cut(&recorded->events[nr - 1]))
		nr--;
	ret = first_state(now, &first);
	if (!ret)
		ret = compare_up_to(recorded, nr, vm, now, &first, past);
	/* Only if KVM had made all its changes before anything was lost none was */
	if (!ret && past_is_used(past->state) && vm->all_nr < nr) {
		ret = compare_up_to(recorded, vm->all_nr, vm, now, &first,
				    past);
		past->unseen = 0;
	}
	slot_state_deinit(&first);
	if (!past_is_used(past->state))
		return ret;
	past->from_ns = vm->from_ns;
	past->created = vm->created;
	if (past->end_ns < now->traced_ns)
		past->blind_ns = now->traced_ns - past->end_ns;
	return ret;
}

int past_join(const struct slot_log *recorded, const struct past_now *now,
	      struct past *past, struct slot_log *out)
{
	struct recorded_vms vms = { 0 };
	const struct recorded_vm *vm = NULL;
	int ret = list(&vms, recorded);

	slot_log_init(out);
	*past = (struct past){ .state = PAST_NO_VM };
	if (!ret)
		vm = find(&vms, now, &past->state);
	if (vm)
		ret = judge(recorded, vm, now, past);
	if (!ret && past_is_used(past->state))
		ret = add_recorded(recorded, now, vm->id.serial, out);
	if (!ret)
		ret = add_gap(now, past, out);
	if (!ret)
		ret = add_traced(now, past, out);
	out->folded = now->end_seq;
	free(vms.items);
	return ret;
}
