/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading and writing what answers at an address */
#ifndef SLOTSCOPE_MEMORY_ACCESS_H
#define SLOTSCOPE_MEMORY_ACCESS_H

#include <slotscope/memory.h>

bool range_is_direct(const struct flat_range *range, bool is_write);
uint64_t range_device_len(const struct flat_range *range, uint64_t offset,
			  uint64_t len);
unsigned int range_rw(const struct flat_range *range, uint64_t offset,
		      void *buf, uint64_t len, bool is_write);

/* Has who wants to hear of writes to RAM hear of one */
void ram_written(const struct memory_region *region, uint64_t offset,
		 uint64_t len);

#endif
