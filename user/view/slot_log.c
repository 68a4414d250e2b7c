// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <slotscope/view.h>

#include "base/grow.h"

void slot_log_init(struct slot_log *log)
{
	memset(log, 0, sizeof(*log));
}

void slot_log_deinit(struct slot_log *log)
{
	free(log->events);
	memset(log, 0, sizeof(*log));
}

/* Of a state, all events bear the number of the last one before it */
static bool may_follow(const struct slot_log *log,
		       const struct slot_event *event)
{
	uint64_t last = log->nr ? log->events[log->nr - 1].seq : 0;

	if (event->seq != last || !last)
		return event->seq > last;
	return event->type == SLOT_EVENT_BASE ||
	       event->type == SLOT_EVENT_BASE_END ||
	       event->type == SLOT_EVENT_LOST;
}

int slot_log_add(struct slot_log *log, const struct slot_event *event)
{
	struct slot_event *events = log->events;

	if (!may_follow(log, event))
		return -EINVAL;
	events = grown(events, log->nr, &log->cap, sizeof(*events));
	if (!events)
		return -ENOMEM;
	log->events = events;
	events += log->nr++;
	*events = *event;
	if (event->type == SLOT_EVENT_BASE) {
		events->base.name = NULL;
	} else if (event->type == SLOT_EVENT_CHANGE) {
		events->change.before.name = NULL;
		events->change.after.name = NULL;
	}
	return 0;
}

const struct slot_event *slot_log_find(const struct slot_log *log, uint64_t seq)
{
	size_t high = log->nr;
	size_t low = 0;
	size_t mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (log->events[mid].seq < seq)
			low = mid + 1;
		else
			high = mid;
	}
	return low < log->nr && log->events[low].seq == seq ?
		       &log->events[low] :
		       NULL;
}

static bool is_dropped(const struct slot_event *event)
{
	return event->type == SLOT_EVENT_LOST &&
	       event->lost.reason == SLOT_LOST_DROPPED;
}

void slot_log_until(struct slot_log *log, uint64_t ns)
{
	struct slot_event *last, *event;
	uint64_t count;
	size_t nr = 0;

	for (size_t i = 0; i < log->nr; i++) {
		event = &log->events[i];
		last = nr ? &log->events[nr - 1] : NULL;
		count = event->type == SLOT_EVENT_LOST ? event->lost.count : 1;
		if (event->time_ns <= ns &&
		    event->duration_ns <= ns - event->time_ns) {
			log->events[nr++] = *event;
		} else if (last && is_dropped(last)) {
			last->lost.count += count;
		} else {
			log->events[nr++] = (struct slot_event){
				.seq = event->seq,
				.time_ns = ns,
				.type = SLOT_EVENT_LOST,
				.lost = { SLOT_LOST_DROPPED, count },
			};
		}
	}
	if (nr && is_dropped(&log->events[nr - 1]) &&
	    log->events[nr - 1].time_ns == ns)
		nr--;
	log->nr = nr;
}
