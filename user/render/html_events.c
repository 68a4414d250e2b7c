// SPDX-License-Identifier: GPL-2.0-or-later
/* Events, of their JSON: a row each */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "render/html_parts.h"
#include "render/html_text.h"

bool html_is_event(struct json_object *document)
{
	return html_member(document, "type") &&
	       (html_member(document, "seq") || html_member(document, "stack"));
}

static void say_slot(FILE *out, struct json_object *slot)
{
	fprintf(out, "%" PRIu64 "/%s ", html_u64(slot, "as_id"),
		html_str(slot, "id"));
	html_range(out, html_u64(slot, "gpa"), html_u64(slot, "size"));
	fprintf(out, " @%s", html_str(slot, "hva"));
	html_flags(out, html_u64(slot, "flags"));
}

static void say_request(FILE *out, struct json_object *request)
{
	const uint64_t slot = html_u64(request, "slot");

	if (html_member(request, "unread")) {
		fputs("its arguments could not be read", out);
	} else if (!html_u64(request, "size")) {
		fprintf(out, "%" PRIu64 "/%" PRIu64 " delete", slot >> 16,
			slot & 0xffff);
	} else {
		fprintf(out, "%" PRIu64 "/%" PRIu64 " ", slot >> 16,
			slot & 0xffff);
		html_range(out, html_u64(request, "gpa"),
			   html_u64(request, "size"));
		html_textf(out, " @%s", html_str(request, "hva"));
		html_flags(out, html_u64(request, "flags"));
	}
}

static void say_change(FILE *out, struct json_object *change)
{
	struct json_object *new = html_member(change, "new");

	html_textf(out, "%s ", html_str(change, "kind"));
	say_slot(out, new ? new : html_member(change, "old"));
	fprintf(out, " generation %" PRIu64, html_u64(change, "generation"));
}

/* Of a kind that is rare: its members as they are */
static void say_members(FILE *out, struct json_object *what)
{
	bool first = true;

	if (!json_object_is_type(what, json_type_object))
		return;
	json_object_object_foreach(what, name, value)
	{
		html_textf(out, "%s%s %s", first ? "" : ", ", name,
			   json_object_get_string(value) ?: "not known");
		first = false;
	}
}

static int64_t result_of(struct json_object *what)
{
	struct json_object *result = html_member(what, "result");

	return result ? json_object_get_int64(result) : 0;
}

void html_event(FILE *out, struct json_object *event, uint64_t begin_ns)
{
	const char *type = html_str(event, "type");
	struct json_object *what = html_member(event, type);
	struct json_object *why = html_member(event, "why");
	const int64_t result = result_of(what);
	const char *name = result < 0 ? strerrorname_np((int)-result) : NULL;
	const int64_t ns = (int64_t)(html_u64(event, "time_ns") - begin_ns);

	fprintf(out,
		"<tr id=\"e%" PRIu64 "\"%s><th scope=\"row\">%" PRIu64
		"</th><td>%.6f</td><td>",
		html_u64(event, "seq"),
		result < 0 || !strcmp(type, "lost") ? " class=\"bad\"" : "",
		html_u64(event, "seq"), (double)ns / 1e9);
	html_textf(out, "%s %s", html_str(event, "comm"),
		   html_u64(event, "tid") ? html_str(event, "tid") : "");
	fputs("</td><td>", out);
	html_text(out, type);
	fputs("</td><td>", out);
	if (!strcmp(type, "request"))
		say_request(out, what);
	else if (!strcmp(type, "change"))
		say_change(out, what);
	else if (!strcmp(type, "base"))
		say_slot(out, what);
	else
		say_members(out, what);
	if (result < 0 && name)
		fprintf(out, " = <b>%s</b>", name);
	else if (result < 0)
		fprintf(out, " = <b>%" PRId64 "</b>", result);
	if (why) {
		fputs("<br>", out);
		html_text(out, html_str(why, "sentence"));
	}
	if (html_member(why, "rule")) {
		fputc(' ', out);
		html_rule_link(out, html_str(why, "rule"),
			       "what the rule says");
	}
	fputs("</td></tr>\n", out);
}
