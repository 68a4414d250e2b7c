/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VMM that changes a slot by deleting it and making it anew leaves a time in which
 * guest RAM has no slot: a vCPU that runs then reads and writes nothing, by MMIO. A
 * gap is told where the same memory came back to the same place, and nothing else had
 * been there in between; and by the same turn of the same thread: it takes slots, then
 * it makes some. What is not back as it takes the next was meant to be away, as RAM is
 * under a window of VGA.
 *
 * Of events as they go by, and pure. What is kept is what may still come back.
 */
#ifndef LOGS_GAP_FINDER_H
#define LOGS_GAP_FINDER_H

#include <slotscope/view.h>

#include "base/treap.h"

struct gap_turn;

/** struct gap_finder - all zero to begin with; what it holds is private */
struct gap_finder {
	struct treap holes;
	struct gap_turn *turns;
};

/**
 * struct slot_gap - a range that had no slot for a while
 * @gpa:   first byte, and
 * @last:  ... last
 * @since: place of the event that took the slot, as the caller counts, and
 * @until: ... of that which brought the same memory back
 * @ns:	   between them
 */
struct slot_gap {
	uint16_t as_id;
	gpa_t gpa;
	gpa_t last;
	size_t since;
	size_t until;
	uint64_t ns;
};

/**
 * gap_finder_take() - the next event of the VM
 * @place: what @since and @until of its gaps are to be
 * @found: called for each gap that it closes
 *
 * A LOST event may have closed any of them: it is the caller's to know whether it is of
 * this VM, and to call gap_finder_forget().
 *
 * Return: 0 or -ENOMEM.
 */
int gap_finder_take(struct gap_finder *finder, const struct slot_event *event,
		    size_t place,
		    void (*found)(const struct slot_gap *gap, void *opaque),
		    void *opaque);

/** gap_finder_forget() - nothing is known any more of what is open */
void gap_finder_forget(struct gap_finder *finder);
void gap_finder_deinit(struct gap_finder *finder);

#endif
