// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "base/plural.h"
#include "render/look.h"

static void write_count(struct json_writer *w, const char *member, bool known,
			size_t nr)
{
	if (known)
		json_write_u64(w, member, nr);
	else
		json_write_null(w, member);
}

void look_write_json(struct json_writer *w, const struct top_look *look)
{
	json_write_str(w, "verdict", top_verdict_name(look->verdict));
	write_count(w, "mismatches", look->judged, look->mismatches);
	write_count(w, "notes", look->judged, look->notes);
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

enum color look_color(const struct top_look *look)
{
	switch (look->verdict) {
	case TOP_AGREE:
		return COLOR_GOOD;
	case TOP_MISMATCHES:
		return COLOR_BAD;
	case TOP_UNKNOWN:
		return COLOR_DOUBT;
	default:
		return COLOR_NONE;
	}
}
