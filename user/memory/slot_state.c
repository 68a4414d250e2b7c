// SPDX-License-Identifier: GPL-2.0-or-later
/* From a flat view to what KVM should have: the MODEL of a cross-check. */
#include <errno.h>

#include "memory/region.h"

/* What the guest's loads reach without an exit */
static bool is_slot(const struct flat_range *range)
{
	const struct memory_region_info *info = &range->region->info;

	return info->ram || (info->rom_device && range->romd_mode);
}

static int add_slot(struct slot_state *state, uint16_t as_id,
		    const struct flat_range *range)
{
	const struct memory_region_info *info = &range->region->info;
	struct slot slot = {
		.as_id = as_id,
		.id = -1,
		.gpa = range->addr,
		.size = range->size,
		.gmem_fd = -1,
		.name = (char *)info->name,
		.offset = range->offset_in_region,
	};

	/* The region's own flag: what KVM is told; see set_readonly() */
	if (range->own_readonly || info->rom_device)
		slot.flags |= SLOT_READONLY;
	if (info->ram_block->hva)
		slot.hva = info->ram_block->hva + range->offset_in_region;
	else
		slot.unknown |= SLOT_FIELD_HVA;
	return slot_state_add(state, &slot);
}

int flat_view_slot_state(const struct flat_view *view, uint16_t as_id,
			 struct slot_state *state)
{
	const struct flat_range *range;
	int r;

	if (as_id >= state->nr_as)
		return -EINVAL;
	flat_view_for_each(range, view) {
		if (!is_slot(range))
			continue;
		r = add_slot(state, as_id, range);
		if (r)
			return r;
	}
	slot_state_sort(state);
	state->as[as_id].covered = true;
	state->coverage.fields = SLOT_FIELD_GPA | SLOT_FIELD_SIZE |
				 SLOT_FIELD_HVA | SLOT_FIELD_READONLY;
	return 0;
}
