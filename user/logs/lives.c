// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "base/grow.h"
#include "logs/lives.h"

/* The first whose serial is not below */
static size_t place_of(const struct log_life *lives, size_t nr, uint64_t serial)
{
	size_t low = 0, high = nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (lives[mid].vm.serial < serial)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

size_t log_life_of(const struct log_life *lives, size_t nr, uint64_t serial)
{
	size_t at = place_of(lives, nr, serial);

	return at < nr && lives[at].vm.serial == serial ? at : nr;
}

static uint64_t more(uint64_t total, uint64_t count)
{
	return total > UINT64_MAX - count ? UINT64_MAX : total + count;
}

uint64_t log_losses(const struct slot_log *log, struct slot_lost *lost)
{
	uint64_t total = 0;

	*lost = (struct slot_lost){ 0 };
	for (size_t i = 0; i < log->nr; i++) {
		const struct slot_event *event = &log->events[i];

		if (event->type != SLOT_EVENT_LOST)
			continue;
		lost->count[event->lost.reason] = more(
			lost->count[event->lost.reason], event->lost.count);
		if (event->lost.reason != SLOT_LOST_DROPPED)
			total = more(total, event->lost.count);
	}
	return total;
}

static void take(struct log_life *life, const struct slot_event *event)
{
	if (event->type == SLOT_EVENT_VM_CREATE) {
		life->vm = event->vm;
		life->vm.serial = event->serial;
		if (!life->vm.tgid)
			life->vm.tgid = event->tgid;
		life->created = true;
	} else if (event->type == SLOT_EVENT_VM_DESTROY) {
		life->destroyed = true;
	} else if (event->type == SLOT_EVENT_REQUEST) {
		life->exited = false;
	}
}

/* All that were its */
static void take_exit(struct log_life *lives, size_t nr,
		      const struct slot_event *event)
{
	for (size_t i = 0; i < nr; i++)
		lives[i].exited |= lives[i].vm.tgid == event->tgid;
}

void log_life_lose(struct log_life *life, const struct slot_event *event)
{
	if (event->serial && event->serial != life->vm.serial)
		return;
	/* What came before a recording's begin is as what nobody recorded */
	if (event->lost.reason == SLOT_LOST_DROPPED)
		return;
	if (event->lost.reason == SLOT_LOST_CUT)
		life->cut = true;
	else if (event->lost.reason == SLOT_LOST_DAMAGED)
		life->lost =
			UINT64_MAX; /* what cannot be read cannot be counted */
	else
		life->lost = more(life->lost, event->lost.count);
}

int log_lives(const struct slot_log *log, struct log_life **out, size_t *nr)
{
	struct log_life *lives = NULL, *grew;
	size_t n = 0, cap = 0, at;

	*out = NULL;
	*nr = 0;
	for (size_t i = 0; i < log->nr; i++) {
		const struct slot_event *event = &log->events[i];

		if (event->type == SLOT_EVENT_PROCESS_EXIT)
			take_exit(lives, n, event);
		if (!event->serial || event->type == SLOT_EVENT_LOST)
			continue;
		at = place_of(lives, n, event->serial);
		if (at == n || lives[at].vm.serial != event->serial) {
			grew = grown(lives, n, &cap, sizeof(*lives));
			if (!grew) {
				free(lives);
				return -ENOMEM;
			}
			lives = grew;
			for (size_t j = n++; j > at; j--)
				lives[j] = lives[j - 1];
			lives[at] = (struct log_life){
				.vm = { .tgid = event->tgid,
					.fd = -1,
					.serial = event->serial },
			};
		}
		take(&lives[at], event);
	}
	for (size_t i = 0; i < log->nr; i++) {
		for (at = 0; at < n && log->events[i].type == SLOT_EVENT_LOST;
		     at++)
			log_life_lose(&lives[at], &log->events[i]);
	}
	*out = lives;
	*nr = n;
	return 0;
}
