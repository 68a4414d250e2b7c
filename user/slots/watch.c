// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>

#include "slots/table.h"
#include "slots/watch.h"

static const char *flags_text(uint32_t flags)
{
	static const char *const texts[] = {
		"0",
		"LOG_DIRTY_PAGES",
		"READONLY",
		"READONLY|LOG_DIRTY_PAGES",
		"GUEST_MEMFD",
		"GUEST_MEMFD|LOG_DIRTY_PAGES",
		"GUEST_MEMFD|READONLY",
		"GUEST_MEMFD|READONLY|LOG_DIRTY_PAGES",
	};

	_Static_assert(SLOT_LOG_DIRTY == 1 && SLOT_READONLY == 2 &&
			       SLOT_GUEST_MEMFD == 4,
		       "they are the index");
	return texts[flags % 8];
}

void watch_kvm_slots(const void *object, struct narrate_fields *f)
{
	const struct kvm_slots *slots = object;
	const struct kvm_slot *slot = NULL;

	while ((slot = kvm_slots_next(slots, slot))) {
		narrate_struct(f, "KVMSlot", "%u", slot->id);
		narrate_object(f, slot);
		narrate_field(f, "as_id", "0", "%u", slots->options.as_id);
		narrate_field(f, "start_addr", NULL, "0x%" PRIx64, slot->gpa);
		narrate_field(f, "memory_size", NULL, "0x%" PRIx64, slot->size);
		narrate_field(f, "ram", NULL, "0x%" PRIx64, slot->hva);
		narrate_words(f, "flags", NULL, flags_text(slot->flags));
		narrate_field(f, "(refused)", "0", "%d", slot->error);
	}
}
