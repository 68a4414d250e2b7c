// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/module.h"

_Static_assert(INDEX_SLOT == SLOTSCOPE_FAULT_SLOT &&
		       INDEX_ID_HASH == SLOTSCOPE_FAULT_ID_HASH &&
		       INDEX_GFN_TREE == SLOTSCOPE_FAULT_GFN_TREE &&
		       INDEX_GFN_ORDER == SLOTSCOPE_FAULT_GFN_ORDER &&
		       INDEX_HVA_TREE == SLOTSCOPE_FAULT_HVA_TREE &&
		       INDEX_HVA_RANGE == SLOTSCOPE_FAULT_HVA_RANGE &&
		       INDEX_HVA_ORDER == SLOTSCOPE_FAULT_HVA_ORDER &&
		       INDEX_SETS == SLOTSCOPE_FAULT_SETS &&
		       INDEX_NR_PAGES == SLOTSCOPE_FAULT_NR_PAGES &&
		       INDEX_LOOP == SLOTSCOPE_FAULT_LOOP &&
		       INDEX_NR_DIRTY_LOGGING ==
			       SLOTSCOPE_FAULT_NR_DIRTY_LOGGING,
	       "one number, two names");

int module_to_audit(const struct slotscope_audit *req,
		    const struct slotscope_fault *faults,
		    struct index_audit *out)
{
	memset(out, 0, sizeof(*out));
	if (req->nr_copied > req->nr_faults)
		return -EPROTO;
	/* One more, so that 0 is not NULL */
	out->faults = calloc(req->nr_copied + 1, sizeof(*out->faults));
	if (!out->faults)
		return -ENOMEM;
	for (uint32_t i = 0; i < req->nr_copied; i++) {
		const struct slotscope_fault *from = &faults[i];

		if (from->as_id > UINT16_MAX || from->set > 1)
			return -EPROTO;
		out->faults[out->nr++] = (struct index_fault){
			.kind = from->what,
			.as_id = from->as_id,
			.inactive = from->set,
			.slot_id = from->id,
			.gpa = from->gpa,
			.seen = from->seen,
			.expected = from->expected,
		};
	}
	out->nr_all = req->nr_faults;
	out->nr_slots = req->nr_slots;
	out->at_ns = req->begin_ns;
	return 0;
}
