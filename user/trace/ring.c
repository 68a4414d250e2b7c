// SPDX-License-Identifier: GPL-2.0-or-later
/* From the ring into the stream, and from the stream to the caller */
#include <errno.h>
#include <limits.h>
#include <poll.h>
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

/* libbpf's callback for one record; a negative value ends the consuming */
static int take(void *arg, void *data, size_t size)
{
	const struct record *head = data;
	struct tracer *t = arg;
	int ret = 0;

	if (!t->proving && size >= sizeof(*head)) {
		/* Of a VM by which the hooks were tried, and that ended only now */
		if (head->serial >= SERIALS_OF_PROOF)
			return 0;
		ret = introduce(t, head);
	}
	if (!ret)
		ret = stream_record(&t->stream, data, size);
	if (ret)
		return ret;
	/* Should a VMM be faster than we are, this must return all the same */
	t->budget -= size < t->budget ? size : t->budget;
	return t->budget ? 0 : -EAGAIN;
}

int ring_open(struct tracer *t, struct slotscope_error *err)
{
	t->ring = ring_buffer__new(bpf_map__fd(t->skel->maps.ring), take, t,
				   NULL);
	if (!t->ring)
		return error_bpf(err, errno, "map the BPF ring buffer");
	return 0;
}

int ring_drain(struct tracer *t, int (*count)(struct tracer *t),
	       struct slotscope_error *err)
{
	uint32_t totals[LOSSES];
	int ret;

	/* First: what is counted in them is missing before the ring's end */
	for (int i = 0; i < LOSSES; i++)
		totals[i] = __atomic_load_n(&t->skel->bss->lost[i],
					    __ATOMIC_ACQUIRE);
	/*
	 * All that is in the ring by now fits into it. At the end nothing new
	 * begins, and what is counted counts what is not in the ring.
	 */
	t->budget = t->skel->bss->ending ? SIZE_MAX : t->options.ring_bytes;
	ret = ring_buffer__consume(t->ring);
	if (ret == -EAGAIN)
		return 0;
	if (ret >= 0)
		ret = stream_totals(&t->stream, totals, clock_now());
	if (ret >= 0 && count)
		ret = count(t);
	if (ret >= 0)
		return 0;
	error_set(err, ret, "read events from the BPF ring buffer");
	if (ret == -EPROTO)
		error_why(err, "a record in it is not of a known form");
	return -err->code;
}

static int deliver(struct tracer *t, tracer_event_fn fn, void *arg,
		   struct slotscope_error *err)
{
	const struct slot_event *next;
	int nr = 0;

	while (nr < INT_MAX && (next = stream_next(&t->stream))) {
		struct slot_event event = *next;
		int ret = event.stack ? stack_ring_name(t, &event, err) : 0;

		if (!ret)
			ret = fn(&event, arg);
		if (ret)
			return ret;
		nr++;
	}
	return nr;
}

int tracer_flush(struct tracer *t, tracer_event_fn fn, void *arg,
		 struct slotscope_error *err)
{
	/* Stacks first: what their processes have mapped is to be seen yet */
	int ret = stack_ring_drain(t, err);

	if (!ret)
		ret = waits_tell(t, err);
	if (!ret && t->ring)
		ret = ring_drain(t, missed_count, err);
	return ret ? ret : deliver(t, fn, arg, err);
}

/*
 * The hooks of ends stay until all that is under way has been judged, and those
 * of beginnings with them: they drop what another call would be taken for.
 */
int tracer_finish(struct tracer *t, tracer_event_fn fn, void *arg,
		  struct slotscope_error *err)
{
	int ret = 0;

	if (t->ring) {
		__atomic_store_n(&t->skel->bss->ending, true, __ATOMIC_RELEASE);
		ret = ring_drain(t, missed_finish, err);
		hooks_detach(t);
	}
	if (!ret && t->ring)
		ret = ring_drain(t, NULL, err);
	return ret ? ret : deliver(t, fn, arg, err);
}

int tracer_poll(struct tracer *t, int timeout_ms, tracer_event_fn fn, void *arg,
		struct slotscope_error *err)
{
	uint64_t until = timeout_ms < 0 ? UINT64_MAX :
					  clock_now() + timeout_ms * 1000000ULL;
	/* poll() passes over a negative descriptor */
	struct pollfd ready[] = {
		{ .fd = t->ring ? ring_buffer__epoll_fd(t->ring) : -1,
		  .events = POLLIN },
		{ .fd = t->stack_ring ? ring_buffer__epoll_fd(t->stack_ring) :
					-1,
		  .events = POLLIN },
	};

	for (;;) {
		int ret = tracer_flush(t, fn, arg, err);
		uint64_t now = clock_now();
		int wait = TRACER_DELAY_MS;

		if (ret || now >= until)
			return ret;
		if (until - now < wait * 1000000ULL)
			wait = (until - now + 999999) / 1000000;
		/* Woken early only when the ring fills up */
		ret = poll(ready, 2, wait);
		if (ret < 0 && errno == EINTR)
			return 0;
		if (ret < 0)
			return error_set(err, errno, "wait for events");
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
