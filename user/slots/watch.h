/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The slot table, field by field, under QEMU's names. */
#ifndef SLOTSCOPE_SLOTS_WATCH_H
#define SLOTSCOPE_SLOTS_WATCH_H

#include "narrate/narrate.h"

narrate_watch watch_kvm_slots; /* struct kvm_slots: QEMU's KVMSlots */

#endif
