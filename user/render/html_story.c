// SPDX-License-Identifier: GPL-2.0-or-later
/* The story of vm --explain, of its JSON: a list of steps */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "render/html_parts.h"
#include "render/html_text.h"

bool html_is_story(struct json_object *document)
{
	return html_member(document, "event") && html_member(document, "step");
}

static void close_step(FILE *out, struct html_story *story)
{
	if (story->step)
		fputs("</ul></li>\n", out);
	story->step = 0;
}

static void say_step(FILE *out, struct json_object *step)
{
	const uint64_t nr = html_u64(step, "step");
	struct json_object *kernel = html_member(step, "kernel"), *one;

	fprintf(out,
		"<li id=\"s%" PRIu64 "\" value=\"%" PRIu64
		"\" class=\"depth-%" PRIu64 "\"><p><b><code>",
		nr, nr,
		html_u64(step, "depth") < 8 ? html_u64(step, "depth") : 8);
	html_textf(out, "%s(%s)", html_str(step, "function"),
		   html_str(step, "subject"));
	fputs("</code></b>", out);
	if (html_member(step, "part"))
		html_textf(out, ", %s", html_str(step, "part"));
	if (html_u64(step, "first") != nr) {
		fprintf(out,
			" <small>as <a href=\"#s%" PRIu64 "\">step %" PRIu64
			"</a></small></p>",
			html_u64(step, "first"), html_u64(step, "first"));
	} else {
		fputs("</p><p>", out);
		html_text(out, html_str(step, "says"));
		html_textf(out, " Read on: QEMU 7.2 %s %s()",
			   html_str(step, "file"), html_str(step, "function"));
		for (size_t i = 0; i < html_nr(kernel); i++) {
			one = json_object_array_get_idx(kernel, i);
			html_textf(out, "%s %s %s()", i ? "," : "; Linux",
				   html_str(one, "file"),
				   html_str(one, "function"));
		}
		fputs(".</p>", out);
	}
	fputs("<ul>", out);
}

/* What comes behind an inner step is of the one around it */
static void begin_item(FILE *out, const struct html_story *story,
		       struct json_object *document)
{
	fputs("<li>", out);
	if (html_u64(document, "step") != story->step)
		fprintf(out, "<small>step %" PRIu64 ":</small> ",
			html_u64(document, "step"));
}

static void say_call(FILE *out, struct json_object *call)
{
	fputs("<code>", out);
	html_textf(out, "%s = %s", html_str(call, "text"),
		   html_str(call, "result"));
	if (html_member(call, "errno"))
		html_textf(out, " %s", html_str(call, "errno"));
	fputs("</code></li>", out);
}

static void say_change(FILE *out, struct json_object *change)
{
	struct json_object *fields = html_member(change, "fields"), *field;
	const char *how = html_str(change, "how");

	html_textf(out, "%s %s %s", how, html_str(change, "structure"),
		   html_str(change, "name"));
	for (size_t i = 0; i < html_nr(fields); i++) {
		field = json_object_array_get_idx(fields, i);
		html_textf(out, "%s %s ", i ? "," : ":",
			   html_str(field, "field"));
		if (strcmp(how, "new"))
			html_text(out, html_str(field, "before"));
		if (!strcmp(how, "changed"))
			fputs(" \xe2\x86\x92 ", out);
		if (strcmp(how, "gone"))
			html_text(out, html_str(field, "after"));
	}
	fputs("</li>", out);
}

void html_story(FILE *out, struct html_story *story,
		struct json_object *document)
{
	const char *event = html_str(document, "event");

	if (!document) {
		close_step(out, story);
		return;
	}
	if (!strcmp(event, "step")) {
		close_step(out, story);
		story->step = html_u64(document, "step");
		say_step(out, document);
		return;
	}
	if (!strcmp(event, "step-end"))
		return;
	/* A story that was cut may begin amid a step */
	if (!story->step) {
		fputs("<li><ul>", out);
		story->step = UINT64_MAX;
	}
	begin_item(out, story, document);
	if (!strcmp(event, "call"))
		say_call(out, document);
	else if (!strcmp(event, "change"))
		say_change(out, document);
}
