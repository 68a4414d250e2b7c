// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/module.h"

_Static_assert(SLOT_HUGE_SIZES == SLOTSCOPE_HUGE, "one number, two names");
_Static_assert((int)VM_OWNER_YES == SLOTSCOPE_OWNER_YES &&
		       (int)VM_OWNER_NO == SLOTSCOPE_OWNER_NO,
	       "one number, two names");

static int make_slot(const struct slotscope_detail *from,
		     struct slot_detail *to)
{
	if (!(from->flags & SLOTSCOPE_DETAIL_TOLD))
		return 0;
	if (from->nr_huge > SLOT_HUGE_SIZES)
		return -EPROTO;
	*to = (struct slot_detail){
		.told = true,
		.dirty_log = from->flags & SLOTSCOPE_DETAIL_DIRTY,
		.nr_dirty = from->nr_dirty,
		.write_track = from->flags & SLOTSCOPE_DETAIL_WRITE_TRACK,
		.nr_write_tracked = from->nr_write_tracked,
		.rmap = from->flags & SLOTSCOPE_DETAIL_RMAP,
		.nr_huge = from->nr_huge,
	};
	for (uint32_t i = 0; i < from->nr_huge; i++) {
		const struct slotscope_huge *huge = &from->huge[i];

		if (huge->page_shift > 63 ||
		    huge->nr_disallowed > huge->nr_pages)
			return -EPROTO;
		to->huge[i] = (struct slot_huge){
			.size = 1ULL << huge->page_shift,
			.nr_pages = huge->nr_pages,
			.nr_disallowed = huge->nr_disallowed,
		};
	}
	return 0;
}

static int make_slots(const struct slotscope_detail *details,
		      const struct slot_state *state, struct vm_detail *out)
{
	int ret = 0;

	/* One more, so that 0 is not NULL */
	out->slots = calloc(state->nr_slots + 1, sizeof(*out->slots));
	if (!out->slots)
		return -ENOMEM;
	out->nr_slots = state->nr_slots;
	for (size_t i = 0; i < state->nr_slots && !ret; i++)
		ret = make_slot(&details[i], &out->slots[i]);
	return ret;
}

static int make_spaces(const struct slotscope_snapshot *req,
		       const struct slotscope_as *as, struct vm_detail *out)
{
	out->as = calloc(req->nr_as_copied + 1, sizeof(*out->as));
	if (!out->as)
		return -ENOMEM;
	out->nr_as = req->nr_as_copied;
	for (size_t i = 0; i < out->nr_as; i++) {
		out->as[i].end = as[i].nr_slots ? as[i].last_gpa + 1 : 0;
		out->as[i].nr_dirty_logging = as[i].nr_dirty_logging;
	}
	return 0;
}

int module_to_detail(const struct slotscope_snapshot *req, uint32_t minor,
		     const struct slotscope_as *as,
		     const struct slotscope_detail *details,
		     const struct slot_state *state, struct vm_detail *out)
{
	int ret;

	*out = (struct vm_detail){};
	if (minor >= MODULE_TELLS_VM) {
		if (req->owner > SLOTSCOPE_OWNER_NO)
			return -EPROTO;
		out->vm_told = true;
		out->nr_pages = req->nr_pages;
		out->users = req->users;
		out->nr_vcpus = req->nr_vcpus;
		out->dirty_ring_bytes = req->dirty_ring_bytes;
		out->type = req->vm_type;
		out->owner = (enum vm_owner)req->owner;
	}
	if (minor >= MODULE_TELLS_DETAILS && details) {
		ret = make_spaces(req, as, out);
		return ret ? ret : make_slots(details, state, out);
	}
	if (asprintf(&out->none,
		     "the slotscope module that is loaded, version %u.%u, "
		     "cannot tell; rmmod slotscope, then load the one that "
		     "came with this program",
		     SLOTSCOPE_MAJOR, minor) >= 0)
		return 0;
	out->none = NULL;
	return -ENOMEM;
}
