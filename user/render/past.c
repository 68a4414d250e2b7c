// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "base/plural.h"
#include "base/json_value.h"
#include "render/past.h"
#include "render/text.h"

#define TIME_SIZE 40

/* In local time; without a clock that is known, how long ago */
static const char *say_time(char buf[TIME_SIZE], const struct told_past *told,
			    uint64_t ns)
{
	const uint64_t ago = told->now_ns > ns ? told->now_ns - ns : 0;
	const uint64_t real = told->real_ns - ago;
	const time_t seconds = (time_t)(real / 1000000000);
	struct tm tm;
	size_t len;

	if (!told->real_ns || !localtime_r(&seconds, &tm)) {
		snprintf(buf, TIME_SIZE, "%.3f s ago", (double)ago / 1e9);
		return buf;
	}
	len = strftime(buf, TIME_SIZE, "%F %T", &tm);
	snprintf(buf + len, TIME_SIZE - len, ".%03" PRIu64,
		 real / 1000000 % 1000);
	return buf;
}

/* Why none of it is told; NULL: it is */
static const char *not_used(const struct told_past *told)
{
	if (told->why)
		return told->why;
	switch (told->past.state) {
	case PAST_WHOLE:
	case PAST_GAP:
		return NULL;
	case PAST_NO_VM:
		return "it has no VM at this descriptor of this process, from "
		       "before now, that has not ended";
	case PAST_UNNAMED:
		return "it has a VM of this process, and does not tell at "
		       "which descriptor: its recorder was older, or saw "
		       "requests alone";
	case PAST_UNPROVEN:
		return "it has a VM at this descriptor of this process, but "
		       "ends, or has lost something, before it can be told "
		       "that it is the one that is there now";
	case PAST_OTHER:
		return "it has a VM at this descriptor of this process that "
		       "had other slots, or more changes, than KVM has now: it "
		       "was another one, or the recording was altered";
	}
	return "it tells nothing";
}

static void say_end(FILE *line, const struct told_past *told)
{
	const struct past *past = &told->past;
	char time[TIME_SIZE];

	if (past->state == PAST_WHOLE && !past->blind_ns) {
		fputs("and on to now, with nothing in between", line);
		return;
	}
	fprintf(line, "to %s", say_time(time, told, past->end_ns));
	if (past->state == PAST_WHOLE) {
		fputs("; no slot changed from then on to now, of what KVM "
		      "refused meanwhile some may be missing",
		      line);
		return;
	}
	if (past->unseen)
		fprintf(line,
			"; %" PRIu64 " change%s from then on to now nobody saw",
			past->unseen, plural(past->unseen));
	else
		fputs("; of what happened from then on to now some is missing",
		      line);
}

void render_past(FILE *out, const struct told_past *told)
{
	char time[TIME_SIZE];
	char *text = NULL;
	size_t len = 0;
	FILE *line = told ? open_memstream(&text, &len) : NULL;

	if (!line)
		return;
	fprintf(line, "%s%s", not_used(told) ? "not from " : "from ",
		told->file);
	if (not_used(told)) {
		fprintf(line, ": %s", not_used(told));
	} else {
		fprintf(line, ", from %s%s ",
			say_time(time, told, told->past.from_ns),
			told->past.created ? ", when the VM was made," : "");
		say_end(line, told);
	}
	fclose(line);
	text_wrap(out, "history: ", 9, text);
	free(text);
}

struct json_object *past_to_json(const struct told_past *told)
{
	static const char *const states[] = {
		[PAST_WHOLE] = "whole",	      [PAST_GAP] = "gap",
		[PAST_NO_VM] = "no-vm",	      [PAST_UNNAMED] = "unnamed",
		[PAST_UNPROVEN] = "unproven", [PAST_OTHER] = "other",
	};
	const struct past *past = &told->past;
	struct json_object *obj = json_object_new_object();
	int ret = 0;

	if (!obj)
		return NULL;
	ret |= json_put_str(obj, "file", told->file);
	ret |= json_put_str(obj, "state",
			    told->why ? "not-read" : states[past->state]);
	if (not_used(told)) {
		ret |= json_put_str(obj, "why", not_used(told));
	} else {
		ret |= json_put_bool(obj, "created", past->created);
		ret |= json_put_u64(obj, "from_ns", past->from_ns);
		ret |= json_put_u64(obj, "end_ns", past->end_ns);
		if (past->unseen)
			ret |= json_put_u64(obj, "unseen", past->unseen);
		ret |= json_put_u64(obj, "blind_ns", past->blind_ns);
	}
	if (!ret)
		return obj;
	json_object_put(obj);
	return NULL;
}
