// SPDX-License-Identifier: GPL-2.0-or-later
/* From the queue into the stream, and from the stream to the caller */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "trace/impl.h"

/* Has the log the beginning of this VM? From now on it has. */
bool ring_told(struct tracer *t, uint64_t serial)
{
	size_t byte = serial / 8;
	uint8_t bit = 1U << serial % 8;
	bool told;

	if (byte >= t->nr_told) {
		size_t nr = (byte + 1) * 2;
		uint8_t *bigger = realloc(t->told, nr);

		/* Without memory it is told again: more than needed, not less */
		if (!bigger)
			return false;
		memset(bigger + t->nr_told, 0, nr - t->nr_told);
		t->told = bigger;
		t->nr_told = nr;
	}
	told = t->told[byte] & bit;
	t->told[byte] |= bit;
	return told;
}

/*
 * A VM may do things before we know what it had: its descriptor was on its way
 * through a socket when we looked for VMs, or the record of its creation is
 * lost. Then its slots are told now, before its first own event.
 */
static int introduce(struct tracer *t, const struct record *head)
{
	if (!head->serial || ring_told(t, head->serial) ||
	    head->type == RECORD_VM_CREATE || head->type == RECORD_VM_DESTROY)
		return 0;
	return base_serial(t, head->tgid, head->serial);
}

/* One record, and what belongs in front of it */
static int take(struct tracer *t, const void *data, size_t size)
{
	const struct record *head = data;
	int ret = 0;

	if (!t->proving && size >= sizeof(*head)) {
		/* Of a VM by which the hooks were tried, and that ended only now */
		if (head->serial >= SERIALS_OF_PROOF)
			return 0;
		ret = introduce(t, head);
	}
	return ret ? ret : stream_record(&t->stream, data, size);
}

static int unreadable(int code, struct slotscope_error *err)
{
	error_set(err, code, "read events from the BPF ring buffer");
	if (code == -EPROTO)
		error_why(err, "a record in it is not of a known form");
	return -err->code;
}

/* To whom events go; without @fn they stay in the stream. @nr: how many went */
struct taker {
	tracer_event_fn fn;
	void *arg;
	int nr;
};

static int deliver(struct tracer *t, struct taker *to,
		   struct slotscope_error *err)
{
	const struct slot_event *next;

	while (to->fn && to->nr < INT_MAX && (next = stream_next(&t->stream))) {
		struct slot_event event = *next;
		int ret = event.stack ? stack_ring_name(t, &event, err) : 0;

		if (!ret)
			ret = to->fn(&event, to->arg);
		if (ret)
			return ret;
		to->nr++;
	}
	return 0;
}

static int drain(struct tracer *t, int (*count)(struct tracer *t),
		 struct taker *to, struct slotscope_error *err)
{
	/* At the end nothing new begins, and what is counted is not in the ring */
	struct drained_pass pass = { .to_end = t->skel->bss->ending };
	uint32_t totals[LOSSES];
	const void *data;
	size_t size;
	int ret = deliver(t, to, err);

	/* First: what is counted in them is missing before the ring's end */
	for (int i = 0; i < LOSSES; i++)
		totals[i] = __atomic_load_n(&t->skel->bss->lost[i],
					    __ATOMIC_ACQUIRE);
	/* Each event goes on at once: it is the queue that is bounded */
	while (!ret && (data = drained_next(&t->events, &pass, &size))) {
		ret = take(t, data, size);
		drained_drop(&t->events);
		ret = ret ? unreadable(ret, err) : deliver(t, to, err);
	}
	if (!ret && pass.left < 0)
		ret = unreadable(pass.left, err);
	if (ret || pass.left)
		return ret;
	ret = stream_totals(&t->stream, totals, clock_now());
	if (ret >= 0 && count)
		ret = count(t);
	return ret < 0 ? unreadable(ret, err) : deliver(t, to, err);
}

int ring_drain(struct tracer *t, int (*count)(struct tracer *t),
	       struct slotscope_error *err)
{
	struct taker nobody = { 0 };

	return drain(t, count, &nobody, err);
}

int tracer_flush(struct tracer *t, tracer_event_fn fn, void *arg,
		 struct slotscope_error *err)
{
	struct taker to = { .fn = fn, .arg = arg };
	/* Stacks first: what their processes have mapped is to be seen yet */
	int ret = stack_ring_drain(t, err);

	if (!ret)
		ret = waits_tell(t, err);
	if (!ret && t->events.ring)
		ret = drain(t, missed_count, &to, err);
	return ret ? ret : to.nr;
}

/*
 * The hooks of ends stay until all that is under way has been judged, and those
 * of beginnings with them: they drop what another call would be taken for.
 */
int tracer_finish(struct tracer *t, tracer_event_fn fn, void *arg,
		  struct slotscope_error *err)
{
	struct taker to = { .fn = fn, .arg = arg };
	int ret = 0;

	if (t->events.ring) {
		__atomic_store_n(&t->skel->bss->ending, true, __ATOMIC_RELEASE);
		ret = drain(t, missed_finish, &to, err);
		hooks_detach(t);
	}
	if (!ret && t->events.ring)
		ret = drain(t, NULL, &to, err);
	return ret ? ret : to.nr;
}

int tracer_poll(struct tracer *t, int timeout_ms, tracer_event_fn fn, void *arg,
		struct slotscope_error *err)
{
	uint64_t until = timeout_ms < 0 ? UINT64_MAX :
					  clock_now() + timeout_ms * 1000000ULL;

	for (;;) {
		int ret = tracer_flush(t, fn, arg, err);
		uint64_t now = clock_now();
		int wait = TRACER_DELAY_MS;

		if (ret || now >= until)
			return ret;
		if (until - now < wait * 1000000ULL)
			wait = (until - now + 999999) / 1000000;
		/* Woken early only when a ring fills up */
		ret = drainer_wait(&t->drainer, wait);
		if (ret == -EINTR)
			return 0;
		if (ret < 0)
			return error_set(err, ret, "wait for events");
	}
}

int tracer_to_log(const struct slot_event *event, void *arg)
{
	return slot_log_add(arg, event);
}

const struct slot_lost *tracer_lost(const struct tracer *t)
{
	return &t->stream.lost;
}
