// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who made requests: from the ring of stacks, by the caller's function, to the
 * numbers that events carry. A stack is in its ring before its request is in the
 * other.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "trace/impl.h"

/* How long another processor may take to end the record in front of ours */
#define PATIENCE_NS 1000000000ULL

_Static_assert(STACK_REGS_ROOM == SAMPLE_REGS * sizeof(uint64_t),
	       "struct stack_sample");

static uint64_t name_sample(struct tracer *t, const struct stack_sample *sample)
{
	return t->options.stack_fn(sample, t->options.stack_arg);
}

static int take(struct tracer *t, const void *data, size_t size)
{
	const struct stack_record *rec = data;
	struct stack_sample sample = { 0 };
	struct named_call *calls;

	if (size < sizeof(*rec))
		return -EPROTO;
	sample.tgid = rec->tgid;
	sample.tid = rec->tid;
	sample.start_code = rec->start_code;
	sample.start_stack = rec->start_stack;
	memcpy(sample.regs, rec->regs, sizeof(sample.regs));
	sample.sp = rec->sp;
	sample.bytes = rec->bytes;
	sample.len = (size_t)rec->nr_pages * STACK_PAGE;
	calls = grown(t->calls, t->nr_calls, &t->cap_calls, sizeof(*calls));
	if (!calls)
		return -ENOMEM;
	t->calls = calls;
	calls[t->nr_calls++] = (struct named_call){
		.call = rec->call,
		.stack = name_sample(t, &sample),
	};
	return 0;
}

int stack_ring_drain(struct tracer *t, struct slotscope_error *err)
{
	struct drained_pass pass = { 0 };
	const void *data;
	size_t size;
	int ret = 0;

	if (!t->stacks.ring)
		return 0;
	while (!ret && (data = drained_next(&t->stacks, &pass, &size))) {
		ret = take(t, data, size);
		drained_drop(&t->stacks);
	}
	if (!ret && pass.left < 0)
		ret = pass.left;
	return ret ? error_set(err, ret,
			       "read stacks from the BPF ring buffer") :
		     0;
}

/* Take out what is known of @call: true if something is */
static bool take_call(struct tracer *t, uint64_t call, uint64_t *stack)
{
	/* Calls end about as they began: it is among the first */
	for (size_t i = 0; i < t->nr_calls; i++) {
		if (t->calls[i].call != call)
			continue;
		*stack = t->calls[i].stack;
		t->nr_calls--;
		memmove(&t->calls[i], &t->calls[i + 1],
			(t->nr_calls - i) * sizeof(*t->calls));
		return true;
	}
	return false;
}

int stack_ring_name(struct tracer *t, struct slot_event *event,
		    struct slotscope_error *err)
{
	static const enum stack_end ends[] = {
		[STACK_IN_RING] = STACK_UNREAD,
		[STACK_NO_ROOM] = STACK_RING_FULL,
		[STACK_NOT_READ] = STACK_UNREAD,
	};
	const enum record_stack what = event->stack;
	const struct stack_sample lost = {
		.tgid = event->tgid,
		.tid = event->tid,
		.lost = ends[what],
	};
	uint64_t until = clock_now() + PATIENCE_NS;
	int ret;

	while (what == STACK_IN_RING) {
		if (take_call(t, event->call, &event->stack))
			return 0;
		ret = stack_ring_drain(t, err);
		if (ret)
			return ret;
		if (take_call(t, event->call, &event->stack))
			return 0;
		if (clock_now() > until)
			break;
		sched_yield();
	}
	event->stack = name_sample(t, &lost);
	return 0;
}
