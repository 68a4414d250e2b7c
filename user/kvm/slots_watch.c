// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>

#include <slotscope/kvm_slots.h>
#include "kvm/watch.h"

void watch_kvm_slots(const void *object, struct narrate_fields *f)
{
	const struct kvm_slot *slot = NULL;

	while ((slot = kvm_slots_next(object, slot))) {
		narrate_struct(f, "KVMSlot", "%u", slot->id);
		narrate_field(f, "start_addr", NULL, "0x%" PRIx64, slot->gpa);
		narrate_field(f, "memory_size", NULL, "0x%" PRIx64, slot->size);
		narrate_field(f, "ram", NULL, "0x%" PRIx64, slot->hva);
		narrate_field(
			f, "flags", NULL, "%s%s%s",
			slot->flags & SLOT_READONLY ? "READONLY" : "",
			slot->flags & SLOT_LOG_DIRTY ? " LOG_DIRTY_PAGES" : "",
			slot->flags ? "" : "0");
		narrate_field(f, "(refused)", "0", "%d", slot->error);
	}
}
