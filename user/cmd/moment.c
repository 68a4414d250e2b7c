// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/moment.h"

#define NS_OF_S 1000000000ULL

static int bad(const char *text, struct slotscope_error *err)
{
	error_set(err, EINVAL, "read the moment \"%.40s\"", text);
	error_why(err, "it is neither seconds nor a time of day");
	return error_next(err, "give seconds after the first event, such as "
			       "12.5, or local time: \"2026-11-29 10:00:00\" "
			       "or 10:00 of today");
}

/* A fraction of a second, or nothing */
static bool take_fraction(const char *text, uint64_t *ns)
{
	uint64_t unit = NS_OF_S / 10;

	*ns = 0;
	if (!*text)
		return true;
	if (*text != '.' || !text[1])
		return false;
	for (text++; isdigit((unsigned char)*text); text++, unit /= 10)
		*ns += (*text - '0') * unit;
	return !*text;
}

static bool take_clock(const char *text, uint64_t *ns)
{
	static const char *const forms[] = {
		"%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M",
		"%Y-%m-%dT%H:%M",    "%H:%M:%S",	  "%H:%M",
	};
	const time_t now = time(NULL);
	uint64_t fraction;
	const char *end;
	struct tm tm;
	time_t at;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (!localtime_r(&now, &tm))
			return false;
		tm.tm_sec = 0;
		end = strptime(text, forms[i], &tm);
		if (!end || !take_fraction(end, &fraction))
			continue;
		tm.tm_isdst = -1;
		at = mktime(&tm);
		if (at < 0)
			return false;
		*ns = (uint64_t)at * NS_OF_S + fraction;
		return true;
	}
	return false;
}

int moment_parse(const char *text, struct moment *moment,
		 struct slotscope_error *err)
{
	char *end;
	double s;

	errno = 0;
	s = strtod(text, &end);
	if (!errno && end != text && !*end && isfinite(s) && s >= 0 &&
	    s < 1e9) {
		*moment = (struct moment){ MOMENT_AFTER, s * NS_OF_S };
		return 0;
	}
	moment->kind = MOMENT_CLOCK;
	return take_clock(text, &moment->ns) ? 0 : bad(text, err);
}

struct moment moment_after_ms(int ms)
{
	if (ms < 0)
		return (struct moment){ .kind = MOMENT_END };
	return (struct moment){ MOMENT_AFTER, ms * 1000000ULL };
}

int moment_ns(const struct moment *moment, uint64_t first_ns,
	      const struct recording_info *info, uint64_t *ns,
	      struct slotscope_error *err)
{
	if (moment->kind == MOMENT_AFTER) {
		*ns = first_ns + moment->ns;
		return 0;
	}
	if (!info->real_ns) {
		error_set(err, ENODATA, "find a time of day in it");
		error_why(err, "nothing in it says which that was");
		return error_next(err, "give seconds after its first event");
	}
	*ns = moment->ns - info->real_ns + info->time_ns;
	/* Before the machine was booted, or the recording */
	if (moment->ns < info->real_ns &&
	    info->real_ns - moment->ns > info->time_ns)
		*ns = 0;
	return 0;
}
