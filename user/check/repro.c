// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <slotscope/repro.h>

#include "base/grow.h"
#include "base/progress.h"

static int add(struct repro *repro, size_t *cap, uint64_t seq,
	       const struct slot_request *request)
{
	struct repro_request *list =
		grown(repro->requests, repro->nr, cap, sizeof(*list));

	if (!list)
		return -ENOMEM;
	repro->requests = list;
	list[repro->nr++] = (struct repro_request){ seq, *request };
	return 0;
}

static struct slot_request request_of(const struct slot *slot)
{
	return (struct slot_request){
		.region2 = slot->flags & SLOT_GUEST_MEMFD,
		.slot = (uint32_t)slot->as_id << 16 | (uint16_t)slot->id,
		.flags = slot->flags &
			 (SLOT_LOG_DIRTY | SLOT_READONLY | SLOT_GUEST_MEMFD),
		.gpa = slot->gpa,
		.size = slot->size,
		.hva = slot->hva,
		.gmem_fd = slot->gmem_fd,
		.gmem_offset = slot->gmem_offset,
	};
}

/* The slots that a list of requests leaves, by what they returned */
static int run(const struct repro_request *list, size_t nr,
	       struct slot_state *out)
{
	const struct vm_id vm = { .fd = -1, .serial = 1 };
	struct slot_event event = {
		.type = SLOT_EVENT_VM_CREATE, .serial = 1, .seq = 1, .vm = vm
	};
	struct slot_log log;
	int ret;

	slot_log_init(&log);
	ret = slot_log_add(&log, &event);
	event.type = SLOT_EVENT_REQUEST;
	for (size_t i = 0; i < nr && !ret; i++) {
		event.seq++;
		event.request = list[i].request;
		ret = slot_log_add(&log, &event);
	}
	if (!ret)
		ret = fold(&log, &vm, out);
	else
		slot_state_init(out, PARTY_TRACED);
	slot_log_deinit(&log);
	return ret;
}

static size_t last_failed(const struct repro *repro)
{
	size_t i = repro->nr;

	while (i && !repro->requests[i - 1].request.result)
		i--;
	return i ? i - 1 : repro->nr;
}

static int collect(const struct slot_log *log, uint64_t serial,
		   struct repro *out)
{
	const struct slot_event *event;
	struct slot_request request;
	size_t cap = 0;
	int ret = 0;

	out->late = true;
	for (size_t i = 0; i < log->nr && !ret; i++) {
		event = &log->events[i];
		if (event->type == SLOT_EVENT_LOST &&
		    event->lost.reason != SLOT_LOST_DROPPED &&
		    (!event->serial || event->serial == serial))
			out->lost += event->lost.count;
		if (event->serial != serial)
			continue;
		if (event->type == SLOT_EVENT_VM_CREATE ||
		    event->type == SLOT_EVENT_BASE_END)
			out->late = false;
		if (event->type == SLOT_EVENT_BASE && !event->base.hidden) {
			request = request_of(&event->base);
			ret = add(out, &cap, 0, &request);
		} else if (event->type == SLOT_EVENT_REQUEST &&
			   event->request.unread) {
			out->left_out++;
		} else if (event->type == SLOT_EVENT_REQUEST) {
			ret = add(out, &cap, event->seq, &event->request);
		}
	}
	return ret;
}

int repro_make(const struct slot_log *log, const struct vm_id *vm,
	       struct repro *out)
{
	int ret;

	*out = (struct repro){};
	slot_state_init(&out->end, PARTY_TRACED);
	ret = collect(log, vm->serial, out);
	out->failed = last_failed(out);
	return ret ? ret : run(out->requests, out->nr, &out->end);
}

/* What made a slot as it is: back to where it was not there, what succeeded */
static void need_slot(const struct repro *repro, size_t before, uint32_t slot,
		      bool *needed)
{
	for (size_t i = before; i--;) {
		const struct slot_request *request =
			&repro->requests[i].request;

		if (request->slot != slot || request->result)
			continue;
		if (!request->size)
			return;
		needed[i] = true;
	}
}

static void foresee(const struct slot_state *before,
		    const struct slot_request *request,
		    struct request_foresight *out)
{
	const struct request_limits limits = {};

	request_foresee(before, request, &limits, out);
	request_foresight_keep(out, request->result);
}

static bool same_rules(const struct request_foresight *a,
		       const struct request_foresight *b)
{
	if (a->nr != b->nr || !a->nr)
		return false;
	for (size_t i = 0; i < a->nr; i++)
		if (a->may[i].rule != b->may[i].rule ||
		    a->may[i].error != b->may[i].error)
			return false;
	return true;
}

/* Those that are needed for the last failure; @rules are broken by it */
static int need_failure(const struct repro *repro, bool *needed,
			struct request_foresight *rules)
{
	const struct slot_request *request =
		&repro->requests[repro->failed].request;
	struct slot_state before;
	int ret = run(repro->requests, repro->failed, &before);

	if (!ret) {
		foresee(&before, request, rules);
		needed[repro->failed] = true;
		need_slot(repro, repro->failed, request->slot, needed);
		for (size_t i = 0; i < rules->nr; i++) {
			const struct slot *other = rules->may[i].other;

			if (other)
				need_slot(repro, repro->failed,
					  (uint32_t)other->as_id << 16 |
						  (uint16_t)other->id,
					  needed);
		}
	}
	slot_state_deinit(&before);
	return ret;
}

static void need_end(const struct repro *repro, bool *needed)
{
	for (size_t i = 0; i < repro->end.nr_slots; i++) {
		const struct slot *slot = &repro->end.slots[i];

		need_slot(repro, repro->nr,
			  (uint32_t)slot->as_id << 16 | (uint16_t)slot->id,
			  needed);
	}
}

static bool same_slots(const struct slot_state *a, const struct slot_state *b)
{
	if (a->nr_slots != b->nr_slots)
		return false;
	for (size_t i = 0; i < a->nr_slots; i++) {
		const struct slot *x = &a->slots[i], *y = &b->slots[i];

		if (x->as_id != y->as_id || x->id != y->id ||
		    x->gpa != y->gpa || x->size != y->size ||
		    x->hva != y->hva || x->flags != y->flags)
			return false;
	}
	return true;
}

/* Does what is left come to the same? */
static int is_same(const struct repro *repro, const struct repro *fewer,
		   const struct request_foresight *rules, bool *same)
{
	struct request_foresight now;
	struct slot_state before;
	int ret;

	if (repro->failed == repro->nr) {
		*same = same_slots(&repro->end, &fewer->end);
		return 0;
	}
	ret = run(fewer->requests, fewer->failed, &before);
	if (!ret) {
		foresee(&before, &fewer->requests[fewer->failed].request, &now);
		*same = same_rules(rules, &now);
	}
	slot_state_deinit(&before);
	return ret;
}

static int drop(const struct repro *repro, const bool *needed,
		struct repro *fewer)
{
	size_t cap = 0;
	int ret = 0;

	*fewer = (struct repro){ .left_out = repro->left_out,
				 .lost = repro->lost };
	slot_state_init(&fewer->end, PARTY_TRACED);
	for (size_t i = 0; i < repro->nr && !ret; i++)
		if (needed[i])
			ret = add(fewer, &cap, repro->requests[i].seq,
				  &repro->requests[i].request);
	fewer->failed = last_failed(fewer);
	fewer->dropped = repro->nr - fewer->nr;
	return ret ? ret : run(fewer->requests, fewer->nr, &fewer->end);
}

int repro_minimize(struct repro *repro)
{
	PROGRESS("looking for what may be left out");
	bool *needed = calloc(repro->nr + 1, sizeof(*needed));
	struct request_foresight rules = {};
	struct repro fewer = {};
	bool same = false;
	int ret = 0;

	if (!needed)
		return -ENOMEM;
	if (repro->failed < repro->nr)
		ret = need_failure(repro, needed, &rules);
	else
		need_end(repro, needed);
	if (!ret)
		ret = drop(repro, needed, &fewer);
	if (!ret)
		ret = is_same(repro, &fewer, &rules, &same);
	if (!ret && same) {
		repro_deinit(repro);
		*repro = fewer;
	} else {
		repro_deinit(&fewer);
	}
	free(needed);
	return ret;
}

void repro_deinit(struct repro *repro)
{
	free(repro->requests);
	slot_state_deinit(&repro->end);
	*repro = (struct repro){};
}
