/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A log that grows for days, kept short: of its old events those stay that a verdict, or a
 * story, can still point to. Pure.
 */
#ifndef CHECK_SHORTEN_H
#define CHECK_SHORTEN_H

#include <slotscope/view.h>

/**
 * struct shortening - how short
 * @tail: so many of the newest events all stay
 * @most: and about so many of the old ones, beside what tells which slots there are
 * @pins: numbers of events that findings stand for, sorted; @nr_pins. They stay
 */
struct shortening {
	size_t tail;
	size_t most;
	const uint64_t *pins;
	size_t nr_pins;
};

/**
 * log_shorten() - leave out old events that nothing will be told of any more
 *
 * What stays of them: what VMs began with; of each slot the change that made it what it
 * is; of each range the last change and the last request about it; refusals that no
 * later request covers, and the slots as they were at those; of each vCPU the last word;
 * what was lost; and what a VMM may have died of. So crosscheck() and history() tell of
 * mismatches, and of refusals that nothing has answered, as of the whole log; fold() comes
 * to the same slots. Where events were lost without one that says so, one
 * does, before all that is old: why something was refused then is told with less
 * certainty. Notes of gaps, and of refusals that were answered, go with their
 * events. If that is more than @most, the oldest go, too, and log->forgotten tells up to
 * which number.
 *
 * Costs O(n log n), and a fold() for each VM.
 *
 * Return: 0, or -ENOMEM: then the log is as it was.
 */
int log_shorten(struct slot_log *log, const struct shortening *how);

/* What log_keep_short() keeps */
#define KEPT_TAIL 1024
#define KEPT_MOST 8192

/**
 * log_keep_short() - log_shorten(), when it is worth it
 * @next: so many events are to be there then; 0 to begin with
 * @pins: as struct shortening has them
 *
 * The log never has more than twice KEPT_TAIL + KEPT_MOST events, beside what tells which
 * slots and vCPUs there are, and what came since the last call.
 *
 * Return: 1 if it was shortened, 0 or -ENOMEM.
 */
int log_keep_short(struct slot_log *log, size_t *next, const uint64_t *pins,
		   size_t nr_pins);

#endif
