// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the newest event to the oldest: each is kept if nothing newer says the same. Where
 * a request is kept, the slots have to be right as they were then, for the rules say why
 * it was refused by these: from there on the last change of each slot counts anew.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* uthash would exit the program when out of memory */
#define HASH_NONFATAL_OOM	     1
#define uthash_nonfatal_oom(element) ((element)->nomem = true)
#include <uthash.h>

#include "base/grow.h"
#include "check/last_words.h"
#include "check/shorten.h"

/* Of what a newer event was seen */
enum subject {
	OF_SLOT,    /* a change of a slot, by id */
	OF_WORD,    /* a request, by its slot word */
	OF_EXIT,    /* by vCPU */
	OF_FAULT,   /* by vCPU and kind */
	OF_VCPU,    /* likewise */
	OF_LOSS,    /* by reason */
	OF_PROCESS, /* its end, by tgid */
	OF_ASKER,   /* a request or VM, by tgid */
};

struct seen_key {
	uint64_t serial;
	uint64_t what;
	uint64_t subject;
};

/**
 * struct seen - what newer events were about
 * @count: how often it was met
 * @epoch: of its VM, when it was kept last
 * @at:    the newest, as a place in the log
 */
struct seen {
	struct seen_key key;
	uint64_t count;
	uint64_t epoch;
	size_t at;
	bool nomem;
	UT_hash_handle hh;
};

/* Ranges that newer events were about */
enum layer {
	TOUCHED,    /* by changes */
	GRANTED,    /* by requests */
	ASKED,	    /* by requests, whatever came of them */
	ATTRIBUTES, /* by KVM_SET_MEMORY_ATTRIBUTES */
};

struct paint_key {
	uint64_t serial;
	uint64_t layer; /* and address space */
};

struct stretch {
	gpa_t first;
	gpa_t last;
};

/** struct paint - what of an address space is painted: disjoint, in order */
struct paint {
	struct paint_key key;
	struct stretch *items;
	size_t nr;
	size_t cap;
	bool nomem;
	UT_hash_handle hh;
};

/**
 * struct living - a VM
 * @first: its first event in the log
 * @gone:  it was destroyed, and
 * @drop:  it did not die of anything
 * @epoch: goes up where its slots have to be right
 * @since_ns: the earliest begin of its requests that are kept
 * @changes: how many there were
 * @asked: there was a request
 * @lost:  events of it, in all that is old
 */
struct living {
	uint64_t serial;
	size_t first;
	bool gone;
	bool drop;
	uint64_t epoch;
	uint64_t since_ns;
	size_t changes;
	bool asked;
	uint64_t lost;
	bool nomem;
	UT_hash_handle hh;
};

/**
 * struct shorten - under way
 * @old:     the events before the tail
 * @keep:    by place in @old
 * @all:     not more than is allowed were kept so far
 * @changed: the log has changes: requests are wishes
 */
struct shorten {
	const struct shortening *how;
	struct slot_log *log;
	struct slot_log old;
	bool *keep;
	size_t kept;
	bool all;
	uint64_t forgotten;
	bool changed;
	struct seen *seen;
	struct paint *paints;
	struct living *vms;
	bool nomem;
};

static struct seen *look_up(struct shorten *s, enum subject subject,
			    uint64_t serial, uint64_t what)
{
	const struct seen_key key = { serial, what, subject };
	struct seen *seen;

	HASH_FIND(hh, s->seen, &key, sizeof(key), seen);
	if (seen)
		return seen;
	seen = calloc(1, sizeof(*seen));
	if (!seen) {
		s->nomem = true;
		return NULL;
	}
	seen->key = key;
	HASH_ADD(hh, s->seen, key, sizeof(key), seen);
	if (!seen->nomem)
		return seen;
	free(seen);
	s->nomem = true;
	return NULL;
}

/* Is this the newest of what it is about? */
static bool is_newest(struct shorten *s, enum subject subject, uint64_t serial,
		      uint64_t what)
{
	struct seen *seen = look_up(s, subject, serial, what);

	return seen && !seen->count++;
}

static struct paint *paint_of(struct shorten *s, enum layer layer,
			      uint64_t serial, uint16_t as_id)
{
	const struct paint_key key = { serial, (uint64_t)layer << 32 | as_id };
	struct paint *paint;

	HASH_FIND(hh, s->paints, &key, sizeof(key), paint);
	if (paint)
		return paint;
	paint = calloc(1, sizeof(*paint));
	if (!paint) {
		s->nomem = true;
		return NULL;
	}
	paint->key = key;
	HASH_ADD(hh, s->paints, key, sizeof(key), paint);
	if (!paint->nomem)
		return paint;
	free(paint);
	s->nomem = true;
	return NULL;
}

/* Where the first stretch is that ends at or behind @gpa */
static size_t stretch_from(const struct paint *paint, gpa_t gpa)
{
	size_t low = 0, high = paint->nr;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;

		if (paint->items[mid].last < gpa)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Paint a range; was any of it bare? */
static bool paint_over(struct shorten *s, enum layer layer, uint64_t serial,
		       uint16_t as_id, gpa_t gpa, uint64_t size)
{
	struct stretch whole = { gpa, gpa + (size - 1) };
	struct stretch *items;
	struct paint *paint;
	size_t at, end;

	if (!size)
		return false;
	if (whole.last < gpa)
		whole.last = UINT64_MAX;
	paint = paint_of(s, layer, serial, as_id);
	if (!paint)
		return true;
	at = stretch_from(paint, gpa);
	if (at < paint->nr && paint->items[at].first <= gpa &&
	    paint->items[at].last >= whole.last)
		return false;
	/* One that ends right before it grows */
	if (at && paint->items[at - 1].last == gpa - 1)
		at--;
	for (end = at; end < paint->nr; end++) {
		const struct stretch *next = &paint->items[end];

		if (whole.last != UINT64_MAX && next->first > whole.last + 1)
			break;
		if (next->first < whole.first)
			whole.first = next->first;
		if (next->last > whole.last)
			whole.last = next->last;
	}
	if (end == at) {
		items = grown(paint->items, paint->nr, &paint->cap,
			      sizeof(*items));
		if (!items) {
			s->nomem = true;
			return true;
		}
		paint->items = items;
	}
	items = paint->items;
	memmove(&items[at + 1], &items[end],
		(paint->nr - end) * sizeof(*items));
	items[at] = whole;
	paint->nr = paint->nr - (end - at) + 1;
	return true;
}

static struct living *vm_of(struct shorten *s, uint64_t serial, size_t at)
{
	struct living *vm;

	HASH_FIND(hh, s->vms, &serial, sizeof(serial), vm);
	if (vm)
		return vm;
	vm = calloc(1, sizeof(*vm));
	if (!vm) {
		s->nomem = true;
		return NULL;
	}
	*vm = (struct living){ .serial = serial,
			       .first = at,
			       .epoch = 1,
			       .since_ns = UINT64_MAX };
	HASH_ADD(hh, s->vms, serial, sizeof(serial), vm);
	if (!vm->nomem)
		return vm;
	free(vm);
	s->nomem = true;
	return NULL;
}

static bool is_pinned(const struct shorten *s, const struct slot_event *event)
{
	size_t low = 0, high = s->how->nr_pins;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;

		if (s->how->pins[mid] < event->seq)
			low = mid + 1;
		else
			high = mid;
	}
	return low < s->how->nr_pins && s->how->pins[low] == event->seq;
}

/* How much of a VM was lost, as its slots tell, too */
static int lost_of(const struct slot_log *log, uint64_t serial, uint64_t *lost)
{
	const struct vm_id id = { .fd = -1, .serial = serial };
	struct slot_state state;
	const int ret = fold(log, &id, &state);

	*lost = state.coverage.lost;
	slot_state_deinit(&state);
	return ret;
}

/* Which VMs there are, and which of them nobody will ask for any more */
static void survey(struct shorten *s)
{
	struct last_words words;
	struct living *vm, *next;

	for (size_t i = 0; i < s->log->nr; i++)
		s->changed |= s->log->events[i].type == SLOT_EVENT_CHANGE;
	for (size_t i = 0; i < s->old.nr && !s->nomem; i++) {
		const struct slot_event *event = &s->old.events[i];

		vm = event->serial ? vm_of(s, event->serial, i) : NULL;
		if (vm && event->type == SLOT_EVENT_VM_DESTROY)
			vm->gone = true;
	}
	HASH_ITER(hh, s->vms, vm, next)
	{
		if (!vm->gone) {
			s->nomem |= lost_of(&s->old, vm->serial, &vm->lost);
			continue;
		}
		last_words_of(&words, &s->old, vm->serial);
		vm->drop = !words.refused && !words.stopped;
	}
}

static uint64_t slot_key(const struct slot *slot)
{
	return (uint64_t)slot->as_id << 32 | (uint32_t)slot->id;
}

/* The last of this slot, seen from where slots have to be right next */
static bool is_last_of_slot(struct shorten *s, const struct living *vm,
			    uint64_t key)
{
	struct seen *seen = look_up(s, OF_SLOT, vm->serial, key);

	if (!seen || seen->epoch == vm->epoch)
		return !seen;
	seen->epoch = vm->epoch;
	return true;
}

static bool wants_change(struct shorten *s, struct living *vm,
			 const struct slot_event *event)
{
	const struct slot_change *change = &event->change;
	const struct slot *old = &change->before, *new = &change->after;
	bool wanted;

	if (change->result)
		return false;
	wanted = is_last_of_slot(s, vm, slot_key(old->size ? old : new));
	wanted |= vm->changes++ < LAST_WORDS_CHANGES;
	if (!s->all)
		return wanted;
	wanted |= paint_over(s, TOUCHED, vm->serial, old->as_id, old->gpa,
			     old->size);
	wanted |= paint_over(s, TOUCHED, vm->serial, new->as_id, new->gpa,
			     new->size);
	/* It may have come in between */
	return wanted || event->time_ns + event->duration_ns >= vm->since_ns;
}

static bool wants_request(struct shorten *s, struct living *vm,
			  const struct slot_event *event)
{
	const struct slot_request *request = &event->request;
	const uint16_t as_id = request->slot >> 16;
	bool wanted = !vm->asked;

	vm->asked = true;
	if (request->unread)
		return wanted;
	if (!request->result && !s->changed)
		wanted |= is_last_of_slot(s, vm,
					  (uint64_t)as_id << 32 |
						  (request->slot & 0xffff));
	if (!s->all)
		return wanted;
	wanted |= is_newest(s, OF_WORD, vm->serial, request->slot);
	if (!request->result) {
		paint_over(s, ASKED, vm->serial, as_id, request->gpa,
			   request->size);
		wanted |= paint_over(s, GRANTED, vm->serial, as_id,
				     request->gpa, request->size);
	} else {
		wanted |= paint_over(s, ASKED, vm->serial, as_id, request->gpa,
				     request->size);
	}
	return wanted;
}

/* What a fault tells is of the exit after it; of the last one, and what came then */
static bool wants_of_vcpu(struct shorten *s, const struct slot_event *event)
{
	const uint64_t serial = event->serial;
	const struct seen *exits;
	uint64_t kind;

	switch (event->type) {
	case SLOT_EVENT_EXIT:
		return is_newest(s, OF_EXIT, serial, event->exit.vcpu);
	case SLOT_EVENT_FAULT:
		exits = look_up(s, OF_EXIT, serial, event->fault.vcpu);
		kind = event->fault.kind;
		return exits && exits->count < 2 &&
		       is_newest(s, OF_FAULT, serial,
				 kind << 32 | (uint32_t)event->fault.vcpu);
	default:
		kind = event->vcpu.kind;
		return is_newest(s, OF_VCPU, serial,
				 kind << 32 | event->vcpu.id);
	}
}

/* Older losses are counted with the newest of their reason */
static bool wants_loss(struct shorten *s, const struct slot_event *event,
		       size_t at)
{
	struct seen *seen =
		look_up(s, OF_LOSS, event->serial, event->lost.reason);

	if (!seen)
		return true;
	if (!seen->count++)
		seen->at = at;
	else
		s->old.events[seen->at].lost.count += event->lost.count;
	return seen->at == at;
}

static bool wants_of_vm(struct shorten *s, struct living *vm,
			const struct slot_event *event)
{
	const struct slot_call *call = &event->kvm_call;

	switch (event->type) {
	case SLOT_EVENT_VM_CREATE:
	case SLOT_EVENT_VM_DESTROY:
	case SLOT_EVENT_BASE:
	case SLOT_EVENT_BASE_END:
	case SLOT_EVENT_GMEM_CLOSE:
		return true;
	case SLOT_EVENT_CHANGE:
		return wants_change(s, vm, event);
	case SLOT_EVENT_REQUEST:
		return wants_request(s, vm, event);
	case SLOT_EVENT_EXIT:
	case SLOT_EVENT_FAULT:
	case SLOT_EVENT_VCPU:
		return wants_of_vcpu(s, event);
	case SLOT_EVENT_CALL:
		return s->all && call->kind == SLOT_CALL_ATTRIBUTES &&
		       !call->unread && !call->result &&
		       paint_over(s, ATTRIBUTES, vm->serial, 0, call->start,
				  call->size);
	default:
		return false;
	}
}

static bool wants(struct shorten *s, size_t at)
{
	const struct slot_event *event = &s->old.events[at];
	struct living *vm;
	bool wanted = is_pinned(s, event);

	if (event->type == SLOT_EVENT_LOST)
		return wants_loss(s, event, at);
	if (event->type == SLOT_EVENT_PROCESS_EXIT)
		return is_newest(s, OF_PROCESS, 0, event->tgid);
	if (!event->serial)
		return wanted;
	vm = vm_of(s, event->serial, at);
	if (!vm)
		return true;
	/* That somebody asked for something tells that he lived */
	if (event->type == SLOT_EVENT_VM_CREATE ||
	    event->type == SLOT_EVENT_REQUEST)
		wanted |= is_newest(s, OF_ASKER, 0, event->tgid);
	if (vm->gone)
		return wanted || !vm->drop;
	wanted |= vm->first == at;
	wanted |= wants_of_vm(s, vm, event);
	if (wanted && s->all && event->type == SLOT_EVENT_REQUEST) {
		vm->epoch++;
		if (event->time_ns < vm->since_ns)
			vm->since_ns = event->time_ns;
	}
	return wanted;
}

static void choose(struct shorten *s)
{
	for (size_t i = s->old.nr; i-- && !s->nomem;) {
		s->keep[i] = wants(s, i);
		s->kept += s->keep[i];
		if (s->all && s->kept >= s->how->most) {
			s->all = false;
			s->forgotten = s->old.events[i].seq;
		}
	}
}

/* Behind the first event: what is there was not certain, whatever came then */
static int insert_loss(struct slot_log *out, struct slot_event loss)
{
	struct slot_event *events;
	int ret;

	loss.seq = out->events[out->nr - 1].seq;
	ret = slot_log_add(out, &loss);
	if (ret)
		return ret;
	events = out->events;
	memmove(&events[2], &events[1], (out->nr - 2) * sizeof(*events));
	loss.seq = events[0].seq;
	events[1] = loss;
	return 0;
}

/* What did not fit, and was lost for that, is left out: then an event says so */
static int keep_losses(struct shorten *s, struct slot_log *out)
{
	const struct slot_event *last = &s->old.events[s->old.nr - 1];
	struct living *vm, *next;
	uint64_t lost;
	int ret = 0;

	HASH_ITER(hh, s->vms, vm, next)
	{
		if (vm->gone || ret)
			continue;
		ret = lost_of(out, vm->serial, &lost);
		if (ret || lost >= vm->lost)
			continue;
		ret = insert_loss(out, (struct slot_event){
					       .time_ns = last->time_ns,
					       .serial = vm->serial,
					       .type = SLOT_EVENT_LOST,
					       .lost = { SLOT_LOST_MISSED,
							 vm->lost - lost } });
	}
	return ret;
}

static int compact(struct shorten *s, struct slot_log *out)
{
	const struct slot_log *log = s->log;
	int ret = 0;

	slot_log_init(out);
	out->folded = s->old.events[s->old.nr - 1].seq;
	if (out->folded < log->folded)
		out->folded = log->folded;
	out->forgotten = s->forgotten;
	for (size_t i = 0; i < s->old.nr && !ret; i++)
		if (s->keep[i])
			ret = slot_log_add(out, &s->old.events[i]);
	if (!ret)
		ret = keep_losses(s, out);
	for (size_t i = s->old.nr; i < log->nr && !ret; i++)
		ret = slot_log_add(out, &log->events[i]);
	return ret;
}

static void clean_up(struct shorten *s)
{
	struct living *vm, *next_vm;
	struct paint *paint, *next_paint;
	struct seen *seen, *next_seen;

	HASH_ITER(hh, s->vms, vm, next_vm)
	{
		HASH_DEL(s->vms, vm);
		free(vm);
	}
	HASH_ITER(hh, s->paints, paint, next_paint)
	{
		HASH_DEL(s->paints, paint);
		free(paint->items);
		free(paint);
	}
	HASH_ITER(hh, s->seen, seen, next_seen)
	{
		HASH_DEL(s->seen, seen);
		free(seen);
	}
	slot_log_deinit(&s->old);
	free(s->keep);
}

/* A copy: losses are counted together there */
static int begin(struct shorten *s)
{
	const struct slot_log *log = s->log;
	const size_t nr = log->nr - s->how->tail;
	int ret = 0;

	s->old.folded = log->folded;
	s->keep = calloc(nr, sizeof(*s->keep));
	if (!s->keep)
		return -ENOMEM;
	for (size_t i = 0; i < nr && !ret; i++)
		ret = slot_log_add(&s->old, &log->events[i]);
	return ret;
}

int log_shorten(struct slot_log *log, const struct shortening *how)
{
	struct shorten s = {
		.how = how, .log = log, .all = true, .forgotten = log->forgotten
	};
	struct slot_log out = { 0 };
	int ret;

	if (log->nr <= how->tail)
		return 0;
	ret = begin(&s);
	if (!ret) {
		survey(&s);
		choose(&s);
		ret = s.nomem ? -ENOMEM : compact(&s, &out);
	}
	clean_up(&s);
	if (ret) {
		slot_log_deinit(&out);
		return ret;
	}
	slot_log_deinit(log);
	*log = out;
	return 0;
}

int log_keep_short(struct slot_log *log, size_t *next, const uint64_t *pins,
		   size_t nr_pins)
{
	const struct shortening how = { KEPT_TAIL, KEPT_MOST, pins, nr_pins };
	int ret;

	if (!*next)
		*next = KEPT_TAIL + KEPT_MOST;
	if (log->nr < *next)
		return 0;
	ret = log_shorten(log, &how);
	*next = log->nr + KEPT_TAIL + KEPT_MOST;
	return ret ? ret : 1;
}
