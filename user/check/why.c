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
#include "check/rules_index.h"
#include "check/say.h"
#include "view/fold.h"

/**
 * struct explaining - a walk along the log
 * @by_seq: what failed, in the log's order; @at is the next to come
 * @seen:   events that were followed
 * @busy:   the thread whose changes ended last, and one that is second
 */
struct explaining {
	const struct slot_log *log;
	const struct request_limits *limits;
	struct asked **by_seq;
	size_t nr;
	size_t at;
	size_t seen;
	struct {
		pid_t tid;
		uint64_t end_ns;
	} busy[2];
};

static int by_seq(const void *a, const void *b)
{
	const struct asked *x = *(struct asked *const *)a;
	const struct asked *y = *(struct asked *const *)b;

	return (x->seq > y->seq) - (x->seq < y->seq);
}

/* One more change: of the two threads the later one first */
static void note_change(struct explaining *e, pid_t tid, uint64_t end_ns)
{
	size_t at = tid == e->busy[0].tid ? 0 : 1;

	if (end_ns <= e->busy[at].end_ns)
		return;
	e->busy[at].end_ns = end_ns;
	e->busy[at].tid = tid;
	if (e->busy[1].end_ns > e->busy[0].end_ns) {
		e->busy[1] = e->busy[0];
		e->busy[0].tid = tid;
		e->busy[0].end_ns = end_ns;
	}
}

static void follow_changes(struct explaining *e, const struct slot_event *until)
{
	const struct slot_event *event;

	for (; (event = &e->log->events[e->seen]) < until; e->seen++) {
		if (event->type == SLOT_EVENT_CHANGE &&
		    event->serial == until->serial && !event->change.result)
			note_change(e, event->tid,
				    event->time_ns + event->duration_ns);
	}
}

/* Events are logged when they end, so those that ended too early come first */
static bool others_changed_slots(const struct explaining *e,
				 const struct slot_event *request)
{
	size_t at = e->busy[0].tid == request->tid ? 1 : 0;

	return e->busy[at].end_ns && e->busy[at].end_ns >= request->time_ns;
}

/* ", made 41 ms before by thread 812 (qemu)": whose it is, and how old */
static void say_made(char *buf, size_t size, const struct slot_log *log,
		     const struct slot_event *request, const struct slot *slot)
{
	const struct slot_event *made = slot_log_find(log, slot->seq);

	if (!made) {
		snprintf(buf, size, ", there since before tracing began");
		return;
	}
	snprintf(buf, size, ", made %sbefore%s",
		 SAY_APART(made->time_ns, request->time_ns),
		 SAY_WHO(made->tid, made->comm));
}

static int explain(void *opaque, const struct slot_event *event,
		   const struct slot_state *before,
		   const struct slot_index *index)
{
	struct explaining *e = opaque;
	char words[REQUEST_SAY_MAX];
	struct request_outcome why;
	char made[192] = "";
	struct asked *asked;
	int ret;

	follow_changes(e, event);
	if (e->at == e->nr || e->by_seq[e->at]->seq != event->seq)
		return 0;
	asked = e->by_seq[e->at++];
	asked->rule_known = request_explain_by(before, index, &asked->request,
					       asked->request.result, e->limits,
					       words, &why);
	asked->rule = why.rule;
	if (why.other) {
		asked->other = *why.other;
		asked->other.name = NULL;
		say_made(made, sizeof(made), e->log, event, why.other);
	}
	ret = asprintf(&asked->why, "%s%s%s", words, made,
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
	const struct fold_watcher watcher = { explain, &e, true };
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
