/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The past of a VM that is there now: what a recording has of it from before anybody
 * looked, such as a flight recorder's. That it is this VM's past must be proven:
 * numbers of processes, and of descriptors, are given again. Pure.
 */
#ifndef LOGS_PAST_H
#define LOGS_PAST_H

#include <slotscope/view.h>

enum past_state {
	PAST_WHOLE, /* it goes on to what was traced: no change is missing */
	PAST_GAP,   /* changes may be missing between the two */
	PAST_NO_VM, /* the recording has no VM that may be this one */
	PAST_UNNAMED, /* it has one, and does not tell at which descriptor it is */
	PAST_UNPROVEN, /* it has one that may be, and may have been another */
	PAST_OTHER, /* KVM cannot have come from there to what it holds now */
};

/** past_is_used() - is there a past to tell of? */
static inline bool past_is_used(enum past_state state)
{
	return state <= PAST_GAP;
}

/**
 * struct past_now - the VM as it is
 * @vm:	       with the serial that it has in @traced
 * @there_ns:  a moment at which it was at its descriptor already; the earlier, the
 *	       less the recording has to reach. CLOCK_MONOTONIC, as all here
 * @traced:    what was traced, from its first state on. Its numbers are above @end_seq
 * @traced_ns: from when on @traced has all
 * @end_ns:    until when the recording has all, but for what it says was lost
 * @end_seq:   of the recording's last event, of whatever VM
 */
struct past_now {
	const struct vm_id *vm;
	uint64_t there_ns;
	const struct slot_log *traced;
	uint64_t traced_ns;
	uint64_t end_ns;
	uint64_t end_seq;
};

/**
 * struct past - what came of it
 * @from_ns: of the first that is told of it; 0: it is not used
 * @created: the VM's creation is there
 * @end_ns:  until when the recording has all of it
 * @unseen:  of PAST_GAP, changes that nobody saw; 0: how many is not known
 * @blind_ns: for how long, from then on, what KVM refused may be missing; 0: at no time
 */
struct past {
	enum past_state state;
	uint64_t from_ns;
	bool created;
	uint64_t end_ns;
	uint64_t unseen;
	uint64_t blind_ns;
};

/**
 * past_join() - lay what was recorded before what was traced
 * @recorded: events of any VMs, in order; those of others may be left out of it. Their
 *	      numbers stay what they are in the recording
 * @out:      initialised here; the caller deinits it, also after an error: events of the
 *	      VM, and all of @traced. Without a past that is used: @traced alone
 *
 * It is this VM's if its process, that process's start and its descriptor are the same,
 * the recording saw it made or standing there, and nothing could have come in its place
 * unseen before now->there_ns. Where it had come to as many changes as KVM has made
 * when tracing began (generations), its slots must be those that KVM has. That none is
 * missing it tells only by what it has from before anything was lost or filtered out.
 *
 * With PAST_WHOLE the first state is left out of @traced: what comes before leads to it.
 * With PAST_GAP a LOST stands in between.
 *
 * Return: 0 or -ENOMEM.
 */
int past_join(const struct slot_log *recorded, const struct past_now *now,
	      struct past *past, struct slot_log *out);

#endif
