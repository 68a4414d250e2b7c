// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer: any bytes as what the module answers. It is trusted for how many records it
 * copied, and for nothing in them.
 */
#include <stdlib.h>
#include <string.h>

#include "host/module.h"
#include "host/module_layout.h"

/* The next @size bytes; what is not there is 0 */
struct bytes {
	const uint8_t *data;
	size_t left;
};

static void take(struct bytes *bytes, void *to, size_t size)
{
	size_t n = size < bytes->left ? size : bytes->left;

	memset(to, 0, size);
	memcpy(to, bytes->data, n);
	bytes->data += n;
	bytes->left -= n;
}

/* @nr records, in memory of their own: what lies behind them is not to be read */
static void *records(struct bytes *bytes, size_t nr, size_t size)
{
	void *all = malloc(nr * size + 1);

	if (!all)
		abort();
	take(bytes, all, nr * size);
	return all;
}

static void snapshot(struct bytes *bytes)
{
	struct slotscope_snapshot req;
	struct slotscope_slot *slots;
	struct slotscope_as *as;
	struct slot_state state;

	take(bytes, &req, sizeof(req));
	req.nr_as_copied %= 4;
	req.nr_slots_copied %= 64;
	req.nr_as %= 16;
	as = records(bytes, req.nr_as_copied, sizeof(*as));
	slots = records(bytes, req.nr_slots_copied, sizeof(*slots));
	slot_state_init(&state, PARTY_KERNEL);
	if (!module_to_state(&req, as, slots, &state) &&
	    state.nr_slots != req.nr_slots_copied)
		abort();
	slot_state_deinit(&state);
	free(as);
	free(slots);
}

static void audit(struct bytes *bytes)
{
	struct slotscope_fault *faults;
	struct slotscope_audit req;
	struct index_audit audit;

	take(bytes, &req, sizeof(req));
	req.nr_copied %= 64;
	faults = records(bytes, req.nr_copied, sizeof(*faults));
	memset(&audit, 0, sizeof(audit));
	module_to_audit(&req, faults, &audit);
	index_audit_deinit(&audit);
	free(faults);
}

static void layout(struct bytes *bytes)
{
	struct slotscope_member *members;
	struct slotscope_error err = {};
	struct slotscope_layout layout;

	take(bytes, &layout, sizeof(layout));
	layout.nr_copied %= 64;
	members = records(bytes, layout.nr_copied, sizeof(*members));
	error_set(&err, 71, "read");
	if (!module_layout_say(&layout, members, &err))
		abort();
	free(members);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(struct bytes *) = {
		snapshot,
		audit,
		layout,
	};
	const size_t nr = sizeof(readers) / sizeof(readers[0]);
	struct bytes bytes = { data + 1, size - 1 };

	if (size)
		readers[data[0] % nr](&bytes);
	return 0;
}
