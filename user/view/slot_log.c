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

int slot_log_add(struct slot_log *log, const struct slot_event *event)
{
	struct slot_event *events = log->events;

	if (!event->seq || (log->nr && event->seq <= events[log->nr - 1].seq))
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
