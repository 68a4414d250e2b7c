// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "render/color.h"
#include "render/style.h"

static const struct {
	const char *on;
	const char *scols;
} colors[COLORS] = {
	[COLOR_NONE] = { "", NULL },
	[COLOR_GOOD] = { "\033[32m", "green" },
	[COLOR_BAD] = { "\033[31m", "red" },
	[COLOR_DOUBT] = { "\033[33m", "yellow" },
};

enum color color_of_kind(enum finding_kind kind)
{
	switch (kind) {
	case FINDING_MISMATCH:
		return COLOR_BAD;
	case FINDING_UNKNOWN:
		return COLOR_DOUBT;
	default:
		return COLOR_NONE;
	}
}

const char *color_on(enum color color)
{
	return render_style.color ? colors[color].on : "";
}

const char *color_off(enum color color)
{
	return render_style.color && colors[color].on[0] ? "\033[0m" : "";
}

const char *color_scols(enum color color)
{
	return render_style.color ? colors[color].scols : NULL;
}

size_t color_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++) {
		if (*text == '\033')
			text += strcspn(text, "m");
		else
			width++;
		if (!*text)
			break;
	}
	return width;
}
