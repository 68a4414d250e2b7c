// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Slots with a guest_memfd. Where that serves all that the guest touches, the
 * host address does not: KVM itself and the VMM see the guest's memory there, and
 * see another one if it is not the same part of that file mapped. Where private
 * pages alone come from the file, what lies at the host address is other memory
 * on purpose.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/sysmacros.h>

#include "check/ground.h"
#include "check/say.h"

static void say_closed(const struct ground *ground)
{
	const struct slot *slot = ground->slot;
	struct finding finding =
		ground_finding(ground, slot->hva, slot->hva + (slot->size - 1),
			       ground->pair->rule->called[DIFFERS_LACK]);

	finding.views = 1ULL << ground->pair->expected;
	comparison_add(ground->comparison, &finding,
		       "%s at %s: its guest_memfd was closed, so %s",
		       SAY_WHAT(slot), SAY_RANGE(slot->gpa, slot->size),
		       slot->flags & SLOT_GMEM_ONLY ?
			       "nothing is under it any more" :
			       "its private pages are gone");
}

static bool is_same_part(const struct ground *ground,
			 const struct footing *piece)
{
	const struct host_range *range = piece->range;
	const struct slot *slot = ground->slot;

	return range->inode == slot->gmem_ino &&
	       makedev(range->dev_major, range->dev_minor) == slot->gmem_dev &&
	       range->offset + (piece->first - range->start) ==
		       slot->gmem_offset + (piece->first - slot->hva);
}

static void say_other(const struct ground *ground, const struct footing *piece)
{
	const struct host_range *range = piece->range;
	const struct slot *slot = ground->slot;
	struct finding finding =
		ground_finding(ground, piece->first, piece->last,
			       ground->pair->rule->called[DIFFERS_MEMORY]);
	char place[SAY_MAX] = "";

	if (range->inode)
		snprintf(place, sizeof(place), " from offset 0x%" PRIx64 " on",
			 range->offset + (piece->first - range->start));
	comparison_add(ground->comparison, &finding,
		       "%s at %s: the guest has its guest_memfd (inode %" PRIu64
		       ") from offset 0x%" PRIx64 " on; at the slot's host "
		       "address 0x%" PRIx64 " lies %.100s%s",
		       SAY_WHAT(slot), SAY_RANGE(finding.gpa, finding.size),
		       slot->gmem_ino,
		       slot->gmem_offset + (piece->first - slot->hva),
		       piece->first, range_name_of(range), place);
}

void ground_gmem(struct ground *ground)
{
	const struct slot *slot = ground->slot;
	struct footing_walk walk = { .map = ground->map,
				     .next = slot->hva,
				     .last = slot->hva + (slot->size - 1) };
	struct footing piece;

	if (slot->gmem == SLOT_GMEM_CLOSED) {
		ground->pair->compared = true;
		say_closed(ground);
		return;
	}
	if (!(slot->flags & SLOT_GMEM_ONLY) || !slot->gmem_ino ||
	    walk.last < slot->hva)
		return;
	while (footing_next(&walk, &piece)) {
		/* a VMM need not have it mapped at all */
		if (!piece.range || piece.kind == FOOTING_UNREADABLE)
			continue;
		ground->pair->compared = true;
		if (is_same_part(ground, &piece))
			comparison_agree(ground->comparison, ground->pair,
					 slot->as_id,
					 ground_gpa(ground, piece.first),
					 ground_gpa(ground, piece.last));
		else
			say_other(ground, &piece);
	}
}
