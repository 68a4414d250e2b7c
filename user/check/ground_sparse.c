// SPDX-License-Identifier: GPL-2.0-or-later
/* Slots that are no RAM in whole, as far as anyone says: one note a slot */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/size_text.h"
#include "check/ground.h"
#include "check/say.h"

void ground_sparse_add(struct ground *ground, const struct footing *piece)
{
	if (piece->kind == FOOTING_GOOD) {
		if (!ground->sparse.memory ||
		    !host_range_same_memory(ground->sparse.memory,
					    piece->range))
			ground->sparse.memories++;
		ground->sparse.memory = piece->range;
		return;
	}
	if (!ground->sparse.pieces++)
		ground->sparse.first = *piece;
	ground->sparse.bytes += piece->last - piece->first + 1;
}

static void say_holes(const struct ground *ground,
		      const struct finding *finding)
{
	char more[SAY_MAX] = "";

	if (ground->sparse.pieces == 2)
		snprintf(more, sizeof(more), ", and 1 piece more");
	else if (ground->sparse.pieces > 2)
		snprintf(more, sizeof(more), ", and %zu pieces more",
			 ground->sparse.pieces - 1);
	comparison_add(ground->comparison, finding,
		       "%s at %s: %s of it cannot be touched: host memory "
		       "%s%s. No MODEL says that it is RAM",
		       SAY_WHAT(ground->slot),
		       SAY_RANGE(finding->gpa, finding->size),
		       SIZE_IN_TEXT(ground->sparse.bytes),
		       FOOTING_SAY(&ground->sparse.first), more);
}

void ground_sparse_say(struct ground *ground)
{
	const struct slot *slot = ground->slot;
	const hva_t last = slot->hva + (slot->size - 1);
	struct finding finding = ground_finding(
		ground, slot->hva, last < slot->hva ? UINT64_MAX : last,
		FINDING_SPARSE);

	if (ground->sparse.pieces)
		say_holes(ground, &finding);
	else if (ground->sparse.memories > 1)
		comparison_add(ground->comparison, &finding,
			       "%s at %s lies on %zu pieces of memory that do "
			       "not go on from one to the next. No MODEL says "
			       "what it should be",
			       SAY_WHAT(slot), SAY_RANGE(slot->gpa, slot->size),
			       ground->sparse.memories);
	memset(&ground->sparse, 0, sizeof(ground->sparse));
}
