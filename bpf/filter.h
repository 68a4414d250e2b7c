/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which requests and changes are told. What is not is counted in its place
 * (LOSS_FILTERED), so that nobody takes the log for whole.
 */
#ifndef SLOTSCOPE_BPF_FILTER_H
#define SLOTSCOPE_BPF_FILTER_H

#include "changes.h"
#include "requests.h"
#include "state.h"

static __always_inline bool place_passes(__u32 as_id, __u32 slot)
{
	return (filter.as_id < 0 || as_id == (__u32)filter.as_id) &&
	       (filter.slot < 0 || slot == (__u32)filter.slot);
}

static __always_inline bool slot_passes(const struct slot_record *slot)
{
	return slot->nr_pages && place_passes(slot->as_id, (__u16)slot->id) &&
	       slot->gfn <= filter.last_gfn &&
	       slot->gfn + slot->nr_pages - 1 >= filter.first_gfn;
}

static __always_inline bool change_passes(const struct change_call *change,
					  long result)
{
	if (!filter.active)
		return true;
	if (filter.failed_only && !result)
		return false;
	return slot_passes(&change->old) || slot_passes(&change->new);
}

/*
 * With each change that is told, the request that made it is. That of a deletion names
 * no memory of its own.
 */
static __always_inline bool request_passes(const struct request_call *call,
					   long result)
{
	const struct region_args *args = &call->args.region;

	if (!filter.active)
		return true;
	if (filter.failed_only && result >= 0)
		return false;
	if (call->unread || call->change_told)
		return true;
	if (!place_passes(args->slot >> 16, args->slot & 0xffff))
		return false;
	if (!args->size)
		return !changes_seen || filter.whole;
	return args->gpa <= filter.last_gpa &&
	       args->gpa + args->size - 1 >= filter.first_gpa;
}

#endif
