/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What check --watch prints: a line a change, a line a finding, and what it came to. */
#ifndef SLOTSCOPE_CMD_WATCH_PRINT_H
#define SLOTSCOPE_CMD_WATCH_PRINT_H

#include "check/news.h"
#include "session/vms.h"

/**
 * struct watch_total - what was done
 * @begin_ns:  CLOCK_MONOTONIC of the begin, which times are counted from
 * @vms:       VMs that were checked, and
 * @unchecked: that had memory, and had gone before there was a check
 * @checks:    of all of them
 * @several:   of these, that stood for more than one change, and
 * @most:      for how many at most
 * @untold:    of these, that could not tell
 * @changes:   that were told of
 * @after:     of these, after which their VM was not checked any more
 * @lost:      events
 * @by_generations: there was no trace: what changed is not known, but that it did
 */
struct watch_total {
	uint64_t begin_ns;
	uint64_t vms;
	uint64_t unchecked;
	uint64_t checks;
	uint64_t several;
	uint64_t most;
	uint64_t untold;
	uint64_t changes;
	uint64_t after;
	uint64_t lost;
	bool by_generations;
};

/** struct watch_moment - of which VM, and when; @name_vm: there are several */
struct watch_moment {
	uint64_t begin_ns;
	uint64_t now_ns;
	uint64_t vm;
	bool name_vm;
};

/** watch_print_event() - as slotscope trace has it */
void watch_print_event(const struct watch_moment *at,
		       const struct slot_event *event);

/** watch_print_generation() - slots of an address space changed: nobody told how */
void watch_print_generation(const struct watch_moment *at, uint16_t as_id,
			    uint64_t before, uint64_t after);

/** watch_print_item() - a finding that is new, or gone */
void watch_print_item(const struct watch_moment *at,
		      const struct news_item *item);

/** watch_print_check() - what a check came to, as findings_exit_status() has it */
void watch_print_check(const struct watch_moment *at, int status,
		       uint64_t changes);

/** watch_print_end() - all of it: what stands, and what came and went */
void watch_print_end(const struct watch_moment *at,
		     const struct watch_total *total, const struct news *news,
		     int status);

#endif
