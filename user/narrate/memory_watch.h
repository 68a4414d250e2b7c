/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The structures of the memory model, field by field, under QEMU's names. */
#ifndef SLOTSCOPE_NARRATE_MEMORY_WATCH_H
#define SLOTSCOPE_NARRATE_MEMORY_WATCH_H

#include "narrate/narrate.h"

/* Each takes a struct memory_event, and lists what is in it; or the object */
narrate_watch watch_event_region;
narrate_watch watch_event_block;
narrate_watch watch_event_address_space;
narrate_watch watch_flat_view; /* struct flat_view */
narrate_watch watch_section;   /* struct memory_region_section */

#endif
