// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "logs/top.h"
#include "view/slot_world.h"

/* Events that are kept of a VM beyond twice what it holds */
#define KEPT 1024

static void vm_free(struct top_vm *vm)
{
	slot_log_deinit(&vm->log);
	gap_finder_deinit(&vm->finder);
	free(vm);
}

void top_deinit(struct top *top)
{
	for (size_t i = 0; i < top->nr; i++)
		vm_free(top->vms[i]);
	free(top->vms);
	free(top->queue);
	free(top->listed);
	*top = (struct top){ 0 };
}

#define ORDER(a, b) ((a) < (b) ? -1 : (a) > (b))

/* A tracer's number says which it is; without one its process and descriptor do */
static int by_name(const struct vm_id *a, const struct vm_id *b)
{
	if (a->serial || b->serial)
		return ORDER(a->serial, b->serial);
	if (a->tgid != b->tgid)
		return ORDER(a->tgid, b->tgid);
	if (a->start_time != b->start_time)
		return ORDER(a->start_time, b->start_time);
	return ORDER(a->fd, b->fd);
}

static size_t place_of(const struct top *top, const struct vm_id *id)
{
	size_t low = 0, high = top->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (by_name(&top->vms[mid]->id, id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct top_vm *find(const struct top *top, const struct vm_id *id)
{
	size_t at = place_of(top, id);

	return at < top->nr && !by_name(&top->vms[at]->id, id) ? top->vms[at] :
								 NULL;
}

/* What was lost before may have been of it, but where its life is seen to begin */
static struct top_vm *find_or_add(struct top *top, const struct vm_id *id,
				  bool begins)
{
	struct top_vm *vm = find(top, id);
	struct top_vm **more;
	size_t at;

	if (vm)
		return vm;
	more = grown(top->vms, top->nr, &top->cap, sizeof(*more));
	if (!more)
		return NULL;
	top->vms = more;
	vm = calloc(1, sizeof(*vm));
	if (!vm)
		return NULL;
	vm->id = *id;
	vm->next = 1;
	vm->lost = begins ? 0 : top->lost;
	vm->frame_lost = vm->lost;
	slot_log_init(&vm->log);
	at = place_of(top, id);
	memmove(&more[at + 1], &more[at], (top->nr++ - at) * sizeof(*more));
	more[at] = vm;
	return vm;
}

/* A log of one VM has no holes where others' events stood */
static int keep(struct top_vm *vm, const struct slot_event *event)
{
	struct slot_event kept = *event;

	kept.serial = vm->id.serial;
	kept.seq = vm->next;
	vm->next += event->type == SLOT_EVENT_LOST ? event->lost.count : 1;
	return slot_log_add(&vm->log, &kept);
}

static int keep_told(const struct slot_event *event, void *vm)
{
	return keep(vm, event);
}

/* Put what they add up to in place of a VM's events */
static int cut_short(struct top_vm *vm)
{
	struct slot_world world = { 0 };
	struct slot_log before = vm->log;
	int ret = 0;

	if (before.nr <= 2 * vm->told + KEPT)
		return 0;
	for (size_t i = 0; i < before.nr && !ret; i++)
		ret = slot_world_take(&world, &before.events[i]);
	slot_log_init(&vm->log);
	vm->next = 1;
	if (!ret)
		ret = slot_world_tell(&world, keep_told, vm);
	vm->told = vm->log.nr;
	slot_world_deinit(&world);
	slot_log_deinit(&before);
	return ret;
}

static void count_gap(const struct slot_gap *gap, void *opaque)
{
	struct top_vm *vm = opaque;

	vm->gaps++;
	vm->gap_ns += gap->ns;
}

static int lose(struct top_vm *vm, const struct slot_event *event)
{
	vm->lost += event->lost.count;
	gap_finder_forget(&vm->finder);
	return keep(vm, event);
}

static int take_lost(struct top *top, const struct slot_event *event)
{
	const struct vm_id id = { .serial = event->serial };
	struct top_vm *vm = event->serial ? find(top, &id) : NULL;
	int ret = 0;

	top->lost += event->lost.count;
	if (vm)
		return lose(vm, event);
	for (size_t i = 0; i < top->nr && !ret && !event->serial; i++)
		ret = lose(top->vms[i], event);
	return ret;
}

int top_event(struct top *top, const struct slot_event *event)
{
	struct vm_id id = { .tgid = event->tgid, .fd = -1 };
	struct top_vm *vm;

	if (event->type == SLOT_EVENT_LOST)
		return take_lost(top, event);
	if (!event->serial)
		return 0;
	if (event->type == SLOT_EVENT_VM_CREATE)
		id = event->vm;
	id.serial = event->serial;
	vm = find_or_add(top, &id, event->type == SLOT_EVENT_VM_CREATE);
	if (!vm)
		return -ENOMEM;
	if (event->type == SLOT_EVENT_VM_CREATE)
		vm->frame_ns = event->time_ns;
	if (event->type == SLOT_EVENT_CHANGE && !event->change.result)
		vm->changes++;
	if (event->type == SLOT_EVENT_REQUEST && event->request.result)
		vm->failed++;
	if (gap_finder_take(&vm->finder, event, 0, count_gap, vm))
		return -ENOMEM;
	return keep(vm, event);
}

void top_refused(struct top *top, uint64_t serial, enum request_rule rule)
{
	const struct vm_id id = { .serial = serial };
	struct top_vm *vm = find(top, &id);

	if (vm)
		vm->refused[rule < REQUEST_RULES ? rule : REQUEST_RULES]++;
}

void top_list_begin(struct top *top)
{
	for (size_t i = 0; i < top->nr; i++)
		top->vms[i]->here = false;
	top->nr_listed = 0;
}

bool top_has_names(const struct top *top, const struct vm_id *id)
{
	const struct top_vm *vm = find(top, id);

	return vm && vm->names.comm[0];
}

int top_list(struct top *top, const struct vm_id *id,
	     const struct top_names *names, bool alone)
{
	struct top_vm *vm = find_or_add(top, id, false);
	struct top_vm **more = grown(top->listed, top->nr_listed,
				     &top->cap_listed, sizeof(*more));

	if (more)
		top->listed = more;
	if (!vm || !more)
		return -ENOMEM;
	if (!vm->here) {
		vm->place = top->nr_listed;
		more[top->nr_listed++] = vm;
	}
	vm->id = *id;
	vm->here = true;
	vm->alone = alone;
	if (names)
		vm->names = *names;
	return 0;
}

/* Changes in 1,000 seconds since the frame before, or since it was made */
static void reckon(struct top_vm *vm, uint64_t now_ns, bool traced)
{
	uint64_t changes = vm->changes - vm->frame_changes;

	vm->rate_known = traced && vm->frame_ns && now_ns > vm->frame_ns &&
			 vm->lost == vm->frame_lost;
	vm->rate = vm->rate_known ?
			   (uint64_t)((double)changes * 1e12 /
				      (double)(now_ns - vm->frame_ns)) :
			   0;
	vm->frame_ns = now_ns;
	vm->frame_changes = vm->changes;
	vm->frame_lost = vm->lost;
}

/* Who has waited longest comes first; of those that were never looked at any */
static int by_turn(const void *a, const void *b)
{
	const struct top_vm *x = *(struct top_vm *const *)a;
	const struct top_vm *y = *(struct top_vm *const *)b;

	return x->turn != y->turn ? ORDER(x->turn, y->turn) :
				    by_name(&x->id, &y->id);
}

static int line_up(struct top *top)
{
	struct top_vm **queue =
		reallocarray(top->queue, top->nr + 1, sizeof(*queue));

	top->nr_queued = 0;
	top->looked = 0;
	top->frame_turns = top->turns;
	if (!queue)
		return -ENOMEM;
	top->queue = queue;
	if (top->nr)
		memcpy(queue, top->vms, top->nr * sizeof(*queue));
	top->nr_queued = top->nr;
	qsort(queue, top->nr, sizeof(*queue), by_turn);
	return 0;
}

int top_list_end(struct top *top, uint64_t now_ns, bool traced)
{
	size_t nr = 0;
	int ret = 0;

	for (size_t i = 0; i < top->nr; i++) {
		struct top_vm *vm = top->vms[i];

		if (!vm->here) {
			vm_free(vm);
			continue;
		}
		top->vms[nr++] = vm;
		reckon(vm, now_ns, traced);
		if (!ret)
			ret = cut_short(vm);
	}
	top->nr = nr;
	return ret ? ret : line_up(top);
}

struct top_vm *top_next(struct top *top)
{
	struct top_vm *next;

	do {
		if (top->looked == top->nr_queued)
			return NULL;
		next = top->queue[top->looked++];
	} while (next->turn > top->frame_turns);
	next->turn = ++top->turns;
	return next;
}

static int by_fd(const void *a, const void *b)
{
	const struct top_vm *x = *(struct top_vm *const *)a;
	const struct top_vm *y = *(struct top_vm *const *)b;

	return ORDER(x->id.fd, y->id.fd);
}

int top_siblings(struct top *top, struct top_vm *vm, struct top_vm ***out,
		 size_t *nr)
{
	size_t first = vm->place, end = vm->place + 1;

	while (first && top->listed[first - 1]->id.tgid == vm->id.tgid)
		first--;
	while (end < top->nr_listed && top->listed[end]->id.tgid == vm->id.tgid)
		end++;
	*nr = 0;
	*out = calloc(end - first, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	for (size_t i = first; i < end; i++) {
		struct top_vm *other = top->listed[i];

		if (other != vm && other->turn > top->frame_turns)
			continue;
		if (other != vm)
			other->turn = ++top->turns;
		(*out)[(*nr)++] = other;
	}
	qsort(*out, *nr, sizeof(**out), by_fd);
	return 0;
}

/* NULL: one of the two cannot be trusted, or there is none */
static const struct compared_pair *pair_of(const struct comparison *c,
					   enum party_id expected,
					   enum party_id actual)
{
	const struct view *views = c->input->views;

	for (size_t i = 0; i < c->nr_pairs; i++)
		if (views[c->pairs[i].expected].party == expected &&
		    views[c->pairs[i].actual].party == actual)
			return &c->pairs[i];
	return NULL;
}

static bool compared(const struct compared_pair *pair)
{
	return pair && pair->compared;
}

static bool is_party(const struct check_input *input, enum party_id party)
{
	for (size_t i = 0; i < input->nr_views; i++)
		if (input->views[i].party == party)
			return true;
	return false;
}

/* That nothing was compared is a finding itself: of a VM without slots, no news */
static bool all_told(const struct comparison *c)
{
	const struct check_input *input = c->input;

	for (size_t i = 0; i < input->nr_views; i++)
		if (input->views[i].unread)
			return false;
	for (size_t i = 0; i < c->findings.nr; i++)
		if (c->findings.items[i].id == FINDING_LOST)
			return false;
	return !input->unsettled;
}

static enum top_verdict verdict_of(const struct comparison *c,
				   const struct check_rows *rows)
{
	const struct compared_pair *trace =
		pair_of(c, PARTY_TRACED, PARTY_KERNEL);
	bool ground = compared(pair_of(c, PARTY_KERNEL, PARTY_BACKING));
	bool traced = compared(trace);

	if (findings_count(&c->findings, FINDING_MISMATCH))
		return TOP_MISMATCHES;
	if (!rows->nr || (!traced && !ground))
		return all_told(c) ? TOP_NOT_COMPARED : TOP_UNKNOWN;
	if (findings_count(&c->findings, FINDING_UNKNOWN))
		return TOP_UNKNOWN;
	/* Nothing happened since it began: it has nothing to tell yet */
	if ((!traced && is_party(c->input, PARTY_TRACED) &&
	     !(trace && trace->echo)) ||
	    !ground)
		return TOP_PARTLY;
	for (size_t i = 0; i < rows->nr; i++)
		if (rows->rows[i].verdict == ROW_NOT_COMPARED ||
		    rows->rows[i].verdict == ROW_TRANSITION)
			return TOP_PARTLY;
	return TOP_AGREE;
}

int top_judge(const struct comparison *comparison,
	      const struct check_rows *rows, struct top_look *look)
{
	const struct check_input *input = comparison->input;
	const struct findings *findings = &comparison->findings;
	struct stops stops;
	int ret = stops_find(comparison, &stops);

	look->judged = true;
	look->verdict = verdict_of(comparison, rows);
	look->mismatches = findings_count(findings, FINDING_MISMATCH);
	look->notes = findings_count(findings, FINDING_NOTE);
	look->unknowns = findings_count(findings, FINDING_UNKNOWN);
	memset(look->found, 0, sizeof(look->found));
	for (size_t i = 0; i < findings->nr; i++)
		look->found[findings->items[i].id]++;
	look->in_run = look->outside = look->anywhere = look->stuck = 0;
	for (size_t i = 0; i < input->nr_vcpus; i++)
		switch (input->vcpus[i].where) {
		case VCPU_IN_RUN:
			look->in_run++;
			break;
		case VCPU_OUTSIDE:
			look->outside++;
			break;
		default:
			look->anywhere++;
			break;
		}
	for (size_t i = 0; i < stops.nr; i++)
		look->stuck += stops.items[i].cannot || stops.items[i].asleep;
	stops_deinit(&stops);
	return ret;
}

static void count_slot(struct top_as *as, const struct slot *slot)
{
	if (slot->hidden) {
		as->hidden_nr++;
		as->hidden_bytes += slot->size;
	} else {
		as->nr++;
		as->bytes += slot->size;
	}
}

void top_count(const struct slot_state *kernel, struct top_look *look)
{
	look->counted = !kernel->coverage.truncated &&
			kernel->nr_as <= TOP_AS_MAX;
	look->nr_slots = kernel->nr_slots;
	look->bytes = 0;
	memset(look->as, 0, sizeof(look->as));
	look->nr_as = look->counted ? kernel->nr_as : 0;
	for (size_t i = 0; i < look->nr_as; i++) {
		look->as[i].covered = kernel->as[i].covered &&
				      !kernel->as[i].torn;
		look->as[i].generation = kernel->as[i].generation;
	}
	for (size_t i = 0; i < kernel->nr_slots; i++) {
		const struct slot *slot = &kernel->slots[i];

		if (!slot->as_id && !slot->hidden)
			look->bytes += slot->size;
		if (slot->as_id < look->nr_as)
			count_slot(&look->as[slot->as_id], slot);
	}
}

bool top_changed(const struct top_vm *vm)
{
	return vm->look.at_ns &&
	       (vm->changes != vm->look.changes || vm->lost != vm->look.lost);
}

enum top_state top_state(const struct top_look *look)
{
	if (!look->at_ns)
		return TOP_STATE_UNKNOWN;
	if (look->held)
		return TOP_STATE_HELD;
	if (!look->asked)
		return TOP_STATE_UNKNOWN;
	if (look->stuck)
		return TOP_STATE_STUCK;
	if (look->in_run)
		return TOP_STATE_RUNS;
	if (look->anywhere)
		return TOP_STATE_UNKNOWN;
	return look->outside ? TOP_STATE_OUT : TOP_STATE_EMPTY;
}

const char *top_state_name(enum top_state state)
{
	static const char *const names[TOP_STATES] = {
		[TOP_STATE_UNKNOWN] = "?", [TOP_STATE_EMPTY] = "empty",
		[TOP_STATE_HELD] = "held", [TOP_STATE_STUCK] = "stuck",
		[TOP_STATE_RUNS] = "run",  [TOP_STATE_OUT] = "out",
	};

	return names[state];
}

const char *top_verdict_name(enum top_verdict verdict)
{
	static const char *const names[TOP_VERDICTS] = {
		[TOP_NOT_YET] = "not-yet",
		[TOP_UNKNOWN] = "unknown",
		[TOP_NOT_COMPARED] = "not-compared",
		[TOP_PARTLY] = "partly",
		[TOP_AGREE] = "agree",
		[TOP_MISMATCHES] = "mismatches",
	};

	return names[verdict];
}

static int by_pid(const void *a, const void *b)
{
	const struct vm_id *x = &(*(struct top_vm *const *)a)->id;
	const struct vm_id *y = &(*(struct top_vm *const *)b)->id;

	if (x->tgid != y->tgid)
		return ORDER(x->tgid, y->tgid);
	return x->fd != y->fd ? ORDER(x->fd, y->fd) :
				ORDER(x->serial, y->serial);
}

/* A rate that is not known may be any: it stands before those that are */
static int by_changes(const void *a, const void *b)
{
	const struct top_vm *x = *(struct top_vm *const *)a;
	const struct top_vm *y = *(struct top_vm *const *)b;

	if (x->rate_known != y->rate_known)
		return x->rate_known ? 1 : -1;
	return x->rate != y->rate ? ORDER(y->rate, x->rate) : by_pid(a, b);
}

static int by_memory(const void *a, const void *b)
{
	const struct top_vm *x = *(struct top_vm *const *)a;
	const struct top_vm *y = *(struct top_vm *const *)b;

	return x->look.bytes != y->look.bytes ?
		       ORDER(y->look.bytes, x->look.bytes) :
		       by_pid(a, b);
}

int top_rows(const struct top *top, enum top_sort sort, struct top_vm ***out,
	     size_t *nr)
{
	*nr = 0;
	*out = calloc(top->nr + 1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	for (size_t i = 0; i < top->nr; i++)
		if (top->vms[i]->here)
			(*out)[(*nr)++] = top->vms[i];
	qsort(*out, *nr, sizeof(**out),
	      sort == TOP_BY_CHANGES ? by_changes :
	      sort == TOP_BY_MEMORY  ? by_memory :
				       by_pid);
	return 0;
}
