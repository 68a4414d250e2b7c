// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Why requests failed: the errno rules, given the slots that stood before each.
 * The log is folded once; where it comes to a request that failed, the state is
 * as KVM had it then; unless another thread had slots changed in the meantime, for
 * which of the two KVM took first is not in the log.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "check/asked.h"
#include "view/fold.h"

/**
 * struct explaining - a walk along the log
 * @by_seq: what failed, in the log's order; @at is the next to come
 */
struct explaining {
	const struct slot_log *log;
	const struct request_limits *limits;
	struct asked **by_seq;
	size_t nr;
	size_t at;
};

static int by_seq(const void *a, const void *b)
{
	const struct asked *x = *(struct asked *const *)a;
	const struct asked *y = *(struct asked *const *)b;

	return (x->seq > y->seq) - (x->seq < y->seq);
}

/* Events are logged when they end, so those that ended too early come first */
static bool others_changed_slots(const struct explaining *e,
				 const struct slot_event *request)
{
	const struct slot_event *event = request;

	while (event-- != e->log->events &&
	       event->time_ns + event->duration_ns >= request->time_ns) {
		if (event->type == SLOT_EVENT_CHANGE &&
		    event->serial == request->serial &&
		    event->tid != request->tid && !event->change.result)
			return true;
	}
	return false;
}

static int explain(void *opaque, const struct slot_event *event,
		   const struct slot_state *before,
		   const struct slot_index *index)
{
	struct explaining *e = opaque;

	(void)index;
	struct request_foresight foresight;
	char words[REQUEST_SAY_MAX];
	struct asked *asked;
	int ret;

	if (e->at == e->nr || e->by_seq[e->at]->seq != event->seq)
		return 0;
	asked = e->by_seq[e->at++];
	request_explain(before, &asked->request, asked->request.result,
			e->limits, words);
	request_foresee(before, &asked->request, e->limits, &foresight);
	asked->party_known =
		request_foresight_keep(&foresight, asked->request.result) &&
		foresight.may[0].other;
	ret = asprintf(&asked->why, "%s%s", words,
		       others_changed_slots(e, event) ?
			       "; but another thread had slots changed "
			       "meanwhile" :
			       "");
	if (ret >= 0)
		return 0;
	asked->why = NULL;
	return -ENOMEM;
}

int asked_explain(struct asked_list *failed, const struct slot_log *log,
		  uint64_t serial, const struct request_limits *limits)
{
	const struct request_limits nothing_known = { 0 };
	struct explaining e = {
		.log = log,
		.limits = limits ? limits : &nothing_known,
		.nr = failed->nr,
	};
	const struct fold_watcher watcher = { explain, &e };
	const struct vm_id vm = { .fd = -1, .serial = serial };
	struct slot_state state;
	int ret;

	e.by_seq = calloc(failed->nr + 1, sizeof(struct asked *));
	if (!e.by_seq)
		return -ENOMEM;
	for (size_t i = 0; i < failed->nr; i++)
		e.by_seq[i] = &failed->items[i];
	qsort(e.by_seq, e.nr, sizeof(struct asked *), by_seq);
	ret = fold_watched(log, &vm, &state, &watcher);
	slot_state_deinit(&state);
	free(e.by_seq);
	return ret;
}
