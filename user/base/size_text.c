// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>

#include "base/size_text.h"

const char *size_text(char buf[SIZE_TEXT], uint64_t size)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB",
					     "TiB",   "PiB", "EiB" };
	unsigned int unit = 0;
	uint64_t tenths;

	/* the largest unit of which it is a whole number, if that is short */
	while (unit < 6 && size >> 10 * unit >= 10000)
		unit++;
	while (unit < 6 && size && !(size & ((1ULL << 10 * (unit + 1)) - 1)))
		unit++;
	if (!(size & ((1ULL << 10 * unit) - 1))) {
		snprintf(buf, SIZE_TEXT, "%" PRIu64 " %s", size >> 10 * unit,
			 units[unit]);
		return buf;
	}
	/* in two steps, since size * 10 may not fit */
	tenths = (size >> 10 * unit) * 10 +
		 (((size >> 10 * (unit - 1)) & 1023) * 10 + 512) / 1024;
	snprintf(buf, SIZE_TEXT, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10,
		 tenths % 10, units[unit]);
	return buf;
}

const char *size_cell(char buf[SIZE_TEXT], uint64_t size)
{
	static const char units[] = "KMGTPE";
	uint64_t kib = size >> 10, rest = 0;
	int unit = 0;

	for (; kib >= 10000 || (kib >= 1024 && !(kib % 1024)); unit++) {
		rest = kib % 1024;
		kib /= 1024;
	}
	if (rest && kib < 100)
		snprintf(buf, SIZE_TEXT, "%" PRIu64 ".%" PRIu64 "%c", kib,
			 rest * 10 / 1024, units[unit]);
	else
		snprintf(buf, SIZE_TEXT, "%" PRIu64 "%c", kib, units[unit]);
	return buf;
}
