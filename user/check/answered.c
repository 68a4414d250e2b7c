// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is what KVM answered what it did? A request that succeeded is held against the
 * change that it made; one that was refused must have made none. Which change is
 * whose is told by the number of the call; without one by thread and time, as a
 * thread makes one request at a time.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* uthash would exit the program when out of memory */
#define HASH_NONFATAL_OOM	     1
#define uthash_nonfatal_oom(element) ((element)->tid = 0)

#include <uthash.h>

#include "base/grow.h"
#include "check/comparison.h"
#include "check/say.h"
#include "view/fold.h"
#include "view/slot_index.h"

#define USER_FLAGS (SLOT_LOG_DIRTY | SLOT_READONLY | SLOT_GUEST_MEMFD)

/**
 * struct answer - a request, and what came of it
 * @change:  the last change of its call that took effect; NULL if there is none
 * @stands:  without a change: the slot as it was when KVM had answered
 * @known:   ... and that is known; @stands with size 0: there is no such slot
 * @alone:   no other thread had slots changed while it was under way
 * @count:   how many of this slot went wrong
 * @finding: the finding that says so
 */
struct answer {
	const struct slot_event *request;
	const struct slot_event *change;
	struct slot stands;
	bool known;
	bool alone;
	uint64_t count;
	size_t finding;
};

struct answers {
	struct answer *items;
	size_t nr;
	size_t cap;
	size_t at;		  /* of the walk along the log */
	struct answer **by_range; /* by place, where it was asked for */
};

static uint16_t as_id_of(const struct slot_request *request)
{
	return request->slot >> 16;
}

static int32_t id_of(const struct slot_request *request)
{
	return request->slot & 0xffff;
}

static int by_seq(const void *a, const void *b)
{
	const struct answer *x = a;
	const struct answer *y = b;

	return (x->request->seq > y->request->seq) -
	       (x->request->seq < y->request->seq);
}

/* By slot; of one slot in the log's order */
static int by_slot(const void *a, const void *b)
{
	const struct answer *x = a;
	const struct answer *y = b;
	uint32_t p = x->request->request.slot;
	uint32_t q = y->request->request.slot;

	if (p != q)
		return p < q ? -1 : 1;
	return by_seq(a, b);
}

static bool is_part(const struct slot_event *change,
		    const struct slot_event *request)
{
	if (change->call && request->call)
		return change->call == request->call;
	return change->tid == request->tid &&
	       change->time_ns >= request->time_ns &&
	       change->time_ns + change->duration_ns <=
		       request->time_ns + request->duration_ns;
}

static bool add(struct answers *answers, const struct slot_event *request,
		const struct slot_event *change, bool alone)
{
	struct answer *items;

	items = grown(answers->items, answers->nr, &answers->cap,
		      sizeof(*items));
	if (!items)
		return false;
	answers->items = items;
	items[answers->nr++] = (struct answer){ .request = request,
						.change = change,
						.alone = alone,
						.finding = FINDING_NO_CAUSE };
	return true;
}

/**
 * struct caller - a thread, and the changes that it made since its last request
 * @last: the latest of these, as a place in the log; NONE without
 */
struct caller {
	pid_t tid;
	size_t last;
	UT_hash_handle hh;
};

#define NONE SIZE_MAX

static struct caller *find_caller(struct caller **callers, pid_t tid)
{
	struct caller *caller;

	HASH_FIND_INT(*callers, &tid, caller);
	if (caller)
		return caller;
	caller = calloc(1, sizeof(*caller));
	if (!caller)
		return NULL;
	caller->tid = tid;
	caller->last = NONE;
	HASH_ADD_INT(*callers, tid, caller);
	if (!caller->tid && tid) {
		free(caller);
		return NULL;
	}
	return caller;
}

static void free_callers(struct caller **callers)
{
	struct caller *caller;
	struct caller *next;

	HASH_ITER(hh, *callers, caller, next)
	{
		HASH_DEL(*callers, caller);
		free(caller);
	}
}

/* The last change of the request's call that took effect */
static const struct slot_event *change_of(const struct slot_event *events,
					  const size_t *before, size_t at,
					  const struct slot_event *request)
{
	for (; at != NONE; at = before[at]) {
		if (!events[at].change.result && is_part(&events[at], request))
			return &events[at];
	}
	return NULL;
}

/**
 * struct latest_changes - when changes that took effect ended last
 * @tid:       the thread of the latest one
 * @end_ns:    its end; 0: there is none yet
 * @others_ns: the latest end of any other thread's, or 0
 */
struct latest_changes {
	pid_t tid;
	uint64_t end_ns;
	uint64_t others_ns;
};

static void note_change(struct latest_changes *latest,
			const struct slot_event *change)
{
	const uint64_t end = change->time_ns + change->duration_ns;

	if (change->change.result)
		return;
	if (change->tid == latest->tid) {
		if (end > latest->end_ns)
			latest->end_ns = end;
	} else if (end > latest->end_ns) {
		latest->others_ns = latest->end_ns;
		latest->tid = change->tid;
		latest->end_ns = end;
	} else if (end > latest->others_ns) {
		latest->others_ns = end;
	}
}

/* Did no other thread have slots changed while this request was under way? */
static bool is_alone(const struct latest_changes *latest,
		     const struct slot_event *request)
{
	const uint64_t end = latest->tid == request->tid ? latest->others_ns :
							   latest->end_ns;

	return !end || end < request->time_ns;
}

/* Each request with its change, in the log's order */
static int tie(const struct check_input *input, struct answers *out)
{
	const struct slot_log *log = input->log;
	const struct slot_event *event;
	struct latest_changes latest = { 0 };
	struct caller *callers = NULL;
	struct caller *caller;
	size_t *before; /* a change: the one before it, of its thread */
	int ret = 0;

	before = calloc(log->nr + 1, sizeof(*before));
	if (!before)
		return -ENOMEM;
	for (size_t i = 0; i < log->nr && !ret; i++) {
		event = &log->events[i];
		if (event->serial != input->serial ||
		    (event->type != SLOT_EVENT_REQUEST &&
		     event->type != SLOT_EVENT_CHANGE))
			continue;
		caller = find_caller(&callers, event->tid);
		if (!caller) {
			ret = -ENOMEM;
		} else if (event->type == SLOT_EVENT_CHANGE) {
			note_change(&latest, event);
			before[i] = caller->last;
			caller->last = i;
		} else {
			if (!event->request.unread &&
			    !add(out, event,
				 change_of(log->events, before, caller->last,
					   event),
				 is_alone(&latest, event)))
				ret = -ENOMEM;
			caller->last = NONE;
		}
	}
	free_callers(&callers);
	free(before);
	return ret;
}

static bool is_as_asked(const struct slot_request *request,
			const struct slot *slot)
{
	uint32_t flags = USER_FLAGS;

	if (slot->unknown & SLOT_FIELD_READONLY)
		flags &= ~SLOT_READONLY;
	if (slot->unknown & SLOT_FIELD_LOG_DIRTY)
		flags &= ~SLOT_LOG_DIRTY;
	if (slot->unknown & SLOT_FIELD_GUEST_MEMFD)
		flags &= ~SLOT_GUEST_MEMFD;
	return slot->as_id == as_id_of(request) && slot->id == id_of(request) &&
	       slot->gpa == request->gpa && slot->size == request->size &&
	       (slot->unknown & SLOT_FIELD_HVA || slot->hva == request->hva) &&
	       !((slot->flags ^ request->flags) & flags);
}

static bool is_done(const struct slot_request *request,
		    const struct slot_change *change)
{
	if (!request->size)
		return change->kind == SLOT_DELETE &&
		       change->before.as_id == as_id_of(request) &&
		       change->before.id == id_of(request);
	return change->kind != SLOT_DELETE &&
	       is_as_asked(request, &change->after);
}

/* Without a change, it must have been so already */
static bool was_done(const struct answer *answer)
{
	const struct slot_request *request = &answer->request->request;

	if (!answer->known)
		return true;
	if (!request->size)
		return !answer->stands.size;
	return answer->stands.size && is_as_asked(request, &answer->stands);
}

static bool is_right(const struct answer *answer)
{
	const struct slot_request *request = &answer->request->request;

	if (request->result)
		return !answer->change;
	if (answer->change)
		return is_done(request, &answer->change->change);
	return was_done(answer);
}

/* Slots before a request are slots after it, if it changed nothing */
static int look(void *opaque, const struct slot_event *event,
		const struct slot_state *state, const struct slot_index *index)
{
	const struct slot_request *request = &event->request;
	struct answers *answers = opaque;
	struct answer *answer;
	size_t place;

	while (answers->at < answers->nr &&
	       answers->items[answers->at].request->seq < event->seq)
		answers->at++;
	if (answers->at == answers->nr)
		return 0;
	answer = &answers->items[answers->at];
	if (answer->request != event || answer->change || request->result ||
	    !state || state->coverage.lost || state->coverage.nr_blind ||
	    !state_covers(state, as_id_of(request)))
		return 0;
	answer->known = true;
	place = slot_index_find(index, as_id_of(request), id_of(request));
	if (place != SIZE_MAX)
		answer->stands = state->slots[place];
	answer->stands.name = NULL;
	return 0;
}

static bool has_changes(const struct slot_log *log)
{
	for (size_t i = 0; i < log->nr; i++) {
		if (log->events[i].type == SLOT_EVENT_CHANGE)
			return true;
	}
	return false;
}

/* A change that is not there may have been lost: then nothing is known */
static int look_all(const struct check_input *input, struct answers *answers)
{
	const struct fold_watcher watcher = { look, answers, false };
	const struct vm_id vm = { .fd = -1, .serial = input->serial };
	struct slot_state state;
	bool any = false;
	int ret;

	for (size_t i = 0; i < answers->nr && !any; i++)
		any = !answers->items[i].change &&
		      !answers->items[i].request->request.result;
	if (!any)
		return 0;
	ret = fold_watched(input->log, &vm, &state, &watcher);
	for (size_t i = 0; i < answers->nr && state.coverage.lost; i++)
		answers->items[i].known = false;
	slot_state_deinit(&state);
	return ret;
}

/* Of each slot the last answer that was wrong, and how many there were */
static void keep_wrong(struct answers *answers)
{
	struct answer *items = answers->items;
	size_t wrong = 0;
	size_t kept = 0;

	for (size_t i = 0; i < answers->nr; i++) {
		if (!is_right(&items[i]) && (items[i].change || items[i].alone))
			items[wrong++] = items[i];
	}
	if (wrong > 1)
		qsort(items, wrong, sizeof(*items), by_slot);
	for (size_t i = 0; i < wrong; i++) {
		items[i].count = 1;
		if (kept && items[kept - 1].request->request.slot ==
				    items[i].request->request.slot)
			items[i].count += items[--kept].count;
		items[kept++] = items[i];
	}
	answers->nr = kept;
}

/* "slot 5 at 0x0-0xfff (4 KiB), host address 0x7f0000000000, flags 0x2" */
static void say_slot(char *buf, size_t size, int32_t id, gpa_t gpa,
		     uint64_t bytes, hva_t hva, uint32_t flags)
{
	snprintf(buf, size,
		 "slot %d at %s, host address 0x%" PRIx64 ", flags 0x%x", id,
		 SAY_RANGE(gpa, bytes), hva, flags & USER_FLAGS);
}

static void say_made(char *buf, size_t size, const struct answer *answer)
{
	const struct slot *slot = &answer->stands;
	const struct slot_change *change;
	char what[256];

	if (!answer->change) {
		say_slot(what, sizeof(what), slot->id, slot->gpa, slot->size,
			 slot->hva, slot->flags);
		snprintf(buf, size, "changed nothing: there is %s",
			 slot->size ? what : "no such slot");
		return;
	}
	change = &answer->change->change;
	slot = change->kind == SLOT_DELETE ? &change->before : &change->after;
	say_slot(what, sizeof(what), slot->id, slot->gpa, slot->size, slot->hva,
		 slot->flags);
	snprintf(buf, size, "%s %s (change #%" PRIu64 ")",
		 change->kind == SLOT_DELETE ? "deleted" : "made", what,
		 answer->change->seq);
}

static void say_wrong(struct comparison *c, struct answer *answer)
{
	const struct slot_request *request = &answer->request->request;
	const bool wraps = request->gpa + (request->size - 1) < request->gpa;
	struct finding finding = {
		.id = FINDING_ANSWERED,
		.as_id = as_id_of(request),
		.gpa = wraps ? 0 : request->gpa,
		.size = wraps ? 0 : request->size,
		.slot_id = id_of(request),
		.hva = request->size ? request->hva : 0,
		.seq = answer->request->seq,
		.views = comparison_views_with(c, PARTY_FOLLOWS),
		.cause = FINDING_NO_CAUSE,
	};
	char asked[256];
	char made[320];
	char times[64] = "";

	if (request->size)
		say_slot(asked, sizeof(asked), id_of(request), request->gpa,
			 request->size, request->hva, request->flags);
	else
		snprintf(asked, sizeof(asked), "slot %d to be deleted",
			 id_of(request));
	say_made(made, sizeof(made), answer);
	if (answer->count > 1)
		snprintf(times, sizeof(times),
			 "; %" PRIu64 " answers about this slot were wrong",
			 answer->count);
	answer->finding = comparison_add(
		c, &finding,
		"request #%" PRIu64 " asked for %s; KVM answered %s, and %s%s",
		answer->request->seq, asked,
		request->result ? SAY_ERRNO(request->result) : "0", made,
		times);
}

static const struct answer *answer_about_slot(const struct answers *answers,
					      uint32_t slot)
{
	const struct answer *answer;
	size_t high = answers->nr;
	size_t low = 0;
	size_t mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		answer = &answers->items[mid];
		if (answer->request->request.slot == slot)
			return answer;
		if (answer->request->request.slot < slot)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* The last that begins at or before @gpa, if it reaches so far */
static const struct answer *answer_about_place(const struct answers *answers,
					       uint16_t as_id, gpa_t gpa)
{
	const struct slot_request *request;
	size_t high = answers->nr;
	size_t low = 0;
	size_t mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		request = &answers->by_range[mid]->request->request;
		if (as_id_of(request) < as_id ||
		    (as_id_of(request) == as_id && request->gpa <= gpa))
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return NULL;
	request = &answers->by_range[low - 1]->request->request;
	return as_id_of(request) == as_id &&
			       gpa - request->gpa < request->size ?
		       answers->by_range[low - 1] :
		       NULL;
}

static int by_range(const void *a, const void *b)
{
	const struct answer *x = *(const struct answer *const *)a;
	const struct answer *y = *(const struct answer *const *)b;
	const struct slot_request *p = &x->request->request;
	const struct slot_request *q = &y->request->request;

	if (as_id_of(p) != as_id_of(q))
		return as_id_of(p) < as_id_of(q) ? -1 : 1;
	if (p->gpa != q->gpa)
		return p->gpa < q->gpa ? -1 : 1;
	return (p->size > q->size) - (p->size < q->size);
}

/* What is meant and not there follows from what KVM made of it */
static void link_findings(struct comparison *c, struct answers *answers,
			  size_t nr)
{
	const uint64_t means = comparison_views_with(c, PARTY_MEANS);
	const struct answer *answer;
	struct finding *finding;

	answers->by_range = calloc(answers->nr + 1, sizeof(struct answer *));
	if (!answers->by_range) {
		c->nomem = true;
		return;
	}
	for (size_t i = 0; i < answers->nr; i++)
		answers->by_range[i] = &answers->items[i];
	qsort(answers->by_range, answers->nr, sizeof(struct answer *),
	      by_range);
	for (size_t i = 0; i < nr; i++) {
		finding = &c->findings.items[i];
		if (!finding->size || !(finding->views & means) ||
		    finding->cause != FINDING_NO_CAUSE ||
		    finding_id_kind(finding->id) != FINDING_MISMATCH)
			continue;
		answer = answer_about_slot(answers,
					   (uint32_t)finding->as_id << 16 |
						   (uint16_t)finding->slot_id);
		if (finding->slot_id < 0 || !answer)
			answer = answer_about_place(answers, finding->as_id,
						    finding->gpa);
		if (answer)
			finding->cause = answer->finding;
	}
}

void check_answered(struct comparison *c)
{
	const struct check_input *input = c->input;
	size_t nr = c->findings.nr;
	struct answers answers = { 0 };

	if (!input->log || c->nomem || !has_changes(input->log))
		return;
	if (tie(input, &answers) || look_all(input, &answers)) {
		c->nomem = true;
	} else {
		keep_wrong(&answers);
		for (size_t i = 0; i < answers.nr; i++)
			say_wrong(c, &answers.items[i]);
		if (!c->nomem && answers.nr)
			link_findings(c, &answers, nr);
	}
	free(answers.by_range);
	free(answers.items);
}
