// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>

#include "base/plural.h"
#include "render/look.h"

const char *look_say_bytes(char text[LOOK_CELL], uint64_t bytes)
{
	static const char units[] = "KMGTPE";
	uint64_t kib = bytes >> 10, rest = 0;
	int unit = 0;

	for (; kib >= 10000 || (kib >= 1024 && !(kib % 1024)); unit++) {
		rest = kib % 1024;
		kib /= 1024;
	}
	if (rest && kib < 100)
		snprintf(text, LOOK_CELL, "%" PRIu64 ".%" PRIu64 "%c", kib,
			 rest * 10 / 1024, units[unit]);
	else
		snprintf(text, LOOK_CELL, "%" PRIu64 "%c", kib, units[unit]);
	return text;
}

const char *look_say_verdict(char text[LOOK_CELL], const struct top_look *look)
{
	static const char *const words[TOP_VERDICTS] = {
		[TOP_NOT_YET] = "not yet",
		[TOP_UNKNOWN] = "?",
		[TOP_NOT_COMPARED] = "not compared",
		[TOP_PARTLY] = "partly",
		[TOP_AGREE] = "agree",
	};

	if (look->verdict == TOP_MISMATCHES)
		snprintf(text, LOOK_CELL, "%zu mismatch%s", look->mismatches,
			 plural_es(look->mismatches));
	else
		snprintf(text, LOOK_CELL, "%s%s", words[look->verdict],
			 look->verdict == TOP_AGREE && look->notes ? ", noted" :
								     "");
	return text;
}
