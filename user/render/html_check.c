// SPDX-License-Identifier: GPL-2.0-or-later
/* A check, of its JSON: the verdict, the findings, the ranges */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/plural.h"
#include "render/html.h"
#include "render/html_parts.h"
#include "render/html_text.h"

static const char *const views[] = { "model", "traced", "kernel", "backing" };
static const char *const titles[] = { "MODEL", "TRACED", "KERNEL", "BACKING" };
#define NR_VIEWS (sizeof(views) / sizeof(views[0]))

bool html_is_check(struct json_object *document)
{
	return html_member(document, "verdict") &&
	       html_member(document, "rows");
}

static const char *title_of(const char *view)
{
	for (size_t i = 0; i < NR_VIEWS; i++)
		if (!strcmp(view, views[i]))
			return titles[i];
	return view;
}

/* Nothing is said by colour alone */
static const char *sign_of(const char *kind)
{
	if (!strcmp(kind, "agree"))
		return "\xe2\x9c\x93";
	if (!strcmp(kind, "mismatch"))
		return "\xe2\x9c\x97";
	return !strcmp(kind, "note") ? "i" : "?";
}

static void say_verdict(FILE *out, struct json_object *check)
{
	const char *verdict = html_str(check, "verdict");
	struct json_object *findings = html_member(check, "findings");
	size_t counts[3] = {};
	static const char *const kinds[] = { "mismatch", "unknown", "note" };

	for (size_t i = 0; i < html_nr(findings); i++)
		for (size_t k = 0; k < 3; k++)
			counts[k] += !strcmp(
				html_str(json_object_array_get_idx(findings, i),
					 "kind"),
				kinds[k]);
	fprintf(out, "<p class=\"verdict is-");
	html_text(out, verdict);
	fprintf(out, "\"><b><span aria-hidden=\"true\">%s</span> ",
		sign_of(verdict));
	html_text(out, !strcmp(verdict, "unknown") ? "cannot tell" : verdict);
	fprintf(out,
		"</b> <span>%zu mismatch%s, %zu unknown, %zu note%s</span>"
		"</p>\n",
		counts[0], counts[0] == 1 ? "" : "es", counts[1], counts[2],
		plural(counts[2]));
}

static void say_about(FILE *out, struct json_object *check)
{
	struct json_object *vm = html_member(check, "vm");
	struct json_object *pairs = html_member(check, "compared");
	struct json_object *files = html_member(check, "files"), *file;

	fputs("<p class=\"about\">", out);
	if (html_u64(vm, "tgid")) {
		fprintf(out, "VM of process %" PRIu64 " ",
			html_u64(vm, "tgid"));
		html_textf(out, "(%s)", html_str(check, "comm"));
		if (json_object_get_int(html_member(vm, "fd")) >= 0)
			html_textf(out, ", descriptor %s", html_str(vm, "fd"));
		fputs(". ", out);
	}
	if (html_member(check, "at_ms"))
		fprintf(out, "Looked at after %.3f s. ",
			(double)html_u64(check, "at_ms") / 1000);
	fputs(html_nr(pairs) ? "Compared: " : "Nothing was compared", out);
	for (size_t i = 0; i < html_nr(pairs); i++) {
		fputs(i ? ", " : "", out);
		html_text(out, json_object_get_string(
				       json_object_array_get_idx(pairs, i)));
	}
	fputs(". ", out);
	for (size_t i = 0; i < html_nr(files); i++) {
		file = json_object_array_get_idx(files, i);
		fputs(i ? ", " : "Of files: ", out);
		html_textf(out, "%s from %s (%s)",
			   title_of(html_str(file, "view")),
			   html_str(file, "file"), html_str(file, "kind"));
	}
	if (html_member(check, "unsettled"))
		html_textf(out, " Not of one moment: %s.",
			   html_str(check, "unsettled"));
	fputs("</p>\n", out);
}

static void say_says(FILE *out, struct json_object *says)
{
	if (!says)
		return;
	fputs("<dl>", out);
	for (size_t i = 0; i < NR_VIEWS; i++) {
		if (!html_member(says, views[i]))
			continue;
		fprintf(out, "<dt>%s</dt><dd>", titles[i]);
		html_text(out, html_str(says, views[i]));
		fputs("</dd>", out);
	}
	fputs("</dl>\n", out);
}

/* The row that has the finding's first byte */
static size_t row_of(struct json_object *rows, struct json_object *finding)
{
	const uint64_t gpa = html_u64(finding, "gpa");
	const uint64_t as_id = html_u64(finding, "as_id");
	struct json_object *row;

	for (size_t i = 0; i < html_nr(rows); i++) {
		row = json_object_array_get_idx(rows, i);
		if (html_u64(row, "as_id") == as_id &&
		    gpa - html_u64(row, "gpa") < html_u64(row, "size"))
			return i;
	}
	return SIZE_MAX;
}

static void link_event(FILE *out, uint64_t seq)
{
	fprintf(out, "<a href=\"#e%" PRIu64 "\">event %" PRIu64 "</a>", seq,
		seq);
}

/* Its place, its event, its rule */
static void say_links(FILE *out, struct json_object *check, size_t nr,
		      struct json_object *finding)
{
	size_t row = row_of(html_member(check, "rows"), finding);

	fputs("<p class=\"links\">", out);
	if (html_member(finding, "size")) {
		if (row < HTML_ROWS_MAX)
			fprintf(out, "<a href=\"#c%zur%zu\">", nr, row);
		html_range(out, html_u64(finding, "gpa"),
			   html_u64(finding, "size"));
		fputs(row < HTML_ROWS_MAX ? "</a>" : "", out);
		if (html_u64(finding, "as_id"))
			fprintf(out, " in address space %" PRIu64,
				html_u64(finding, "as_id"));
	} else {
		fputs("<span>about no range</span>", out);
	}
	if (html_u64(finding, "seq")) {
		fputs(" <span class=\"sep\">\xc2\xb7</span> ", out);
		link_event(out, html_u64(finding, "seq"));
	}
	if (html_member(finding, "errno"))
		html_textf(out, " \xc2\xb7 %s", html_str(finding, "errno"));
	if (html_member(finding, "rule")) {
		fputs(" \xc2\xb7 rule ", out);
		html_rule_link(out, html_str(finding, "rule"),
			       html_str(finding, "rule"));
	}
	if (html_member(finding, "cause"))
		fprintf(out,
			" \xc2\xb7 follows from <a href=\"#c%zuf%" PRIu64
			"\">finding %" PRIu64 "</a>",
			nr, html_u64(finding, "cause"),
			html_u64(finding, "cause") + 1);
	fputs("</p>\n", out);
}

static void say_told(FILE *out, const char *word, struct json_object *event)
{
	if (!event)
		return;
	fprintf(out, "<dt>%s</dt><dd>", word);
	html_text(out, html_str(event, "sentence"));
	if (html_u64(event, "seq")) {
		fputs(" (", out);
		link_event(out, html_u64(event, "seq"));
		fputc(')', out);
	}
	fputs("</dd>", out);
}

static void say_story(FILE *out, struct json_object *story)
{
	struct json_object *causes = html_member(story, "causes");
	struct json_object *last = html_member(story, "last");
	const char *since = html_str(story, "since");

	if (!story)
		return;
	fputs("<dl class=\"story\">", out);
	if (!strcmp(since, "creation"))
		fputs("<dt>since</dt><dd>the VM was made</dd>", out);
	else if (!strcmp(since, "before"))
		fputs("<dt>since</dt><dd>before tracing began</dd>", out);
	else if (!strcmp(since, "unknown"))
		fputs("<dt>since</dt><dd>it cannot be told when</dd>", out);
	say_told(out, *since && strcmp(since, "event") ? "last known" : "since",
		 html_member(story, "event"));
	if (html_member(story, "time")) {
		fputs("<dt>at</dt><dd>", out);
		html_text(out, html_str(story, "time"));
		fputs("</dd>", out);
	}
	if (html_member(story, "outcome")) {
		fputs("<dt>outcome</dt><dd>", out);
		html_text(out, html_str(story, "outcome"));
		fputs("</dd>", out);
	}
	say_told(out, "then", html_member(story, "after"));
	say_told(out, "in the way since", html_member(story, "other"));
	for (size_t i = 0; i < html_nr(last); i++)
		say_told(out, "before it", json_object_array_get_idx(last, i));
	for (size_t i = 0; i < html_nr(causes); i++) {
		fputs("<dt>perhaps</dt><dd>", out);
		html_text(out, json_object_get_string(
				       json_object_array_get_idx(causes, i)));
		fputs("</dd>", out);
	}
	if (html_member(story, "next")) {
		fputs("<dt>next</dt><dd><code>", out);
		html_text(out, html_str(story, "next"));
		fputs("</code></dd>", out);
	}
	fputs("</dl>\n", out);
}

static void say_finding(FILE *out, struct json_object *check, size_t nr,
			size_t at)
{
	struct json_object *finding =
		json_object_array_get_idx(html_member(check, "findings"), at);
	const char *kind = html_str(finding, "kind");

	fprintf(out, "<article class=\"finding is-");
	html_text(out, kind);
	fprintf(out,
		"%s\" id=\"c%zuf%zu\"><h4><span aria-hidden=\"true\">%s"
		"</span> <b>",
		html_member(finding, "cause") ? " follows" : "", nr, at,
		sign_of(kind));
	html_text(out, html_str(finding, "id"));
	fputs("</b> <small>", out);
	html_text(out, kind);
	fputs("</small></h4>\n<p class=\"sentence\">", out);
	html_text(out, html_str(finding, "sentence"));
	fputs("</p>\n", out);
	say_links(out, check, nr, finding);
	say_says(out, html_member(finding, "says"));
	say_story(out, html_member(finding, "story"));
	fputs("</article>\n", out);
}

static void say_findings(FILE *out, struct json_object *check, size_t nr)
{
	struct json_object *findings = html_member(check, "findings");

	fprintf(out,
		"<section class=\"findings\"><h3 id=\"c%zu-findings\">"
		"Findings</h3>\n",
		nr);
	if (!html_nr(findings))
		fputs("<p class=\"none\">Nothing was found.</p>\n", out);
	for (size_t i = 0; i < html_nr(findings) && i < HTML_ROWS_MAX; i++)
		say_finding(out, check, nr, i);
	html_left_out(out, html_nr(findings), HTML_ROWS_MAX, "findings");
	fputs("</section>\n", out);
}

static void say_slot(FILE *out, struct json_object *cell)
{
	if (html_member(cell, "id"))
		fprintf(out, "#%" PRIu64 " ", html_u64(cell, "id"));
	if (html_member(cell, "name")) {
		html_text(out, html_str(cell, "name"));
		if (html_u64(cell, "offset"))
			fprintf(out, "+%" PRIx64, html_u64(cell, "offset"));
	}
	html_flags(out, html_u64(cell, "flags"));
	if (html_member(cell, "hidden"))
		fputs(", KVM's own", out);
}

static void say_mapping(FILE *out, struct json_object *cell)
{
	if (!json_object_get_boolean(html_member(cell, "mapped"))) {
		fputs("not mapped", out);
		return;
	}
	fprintf(out, "%c%c%c ",
		json_object_get_boolean(html_member(cell, "read")) ? 'r' : '-',
		json_object_get_boolean(html_member(cell, "write")) ? 'w' : '-',
		json_object_get_boolean(html_member(cell, "shared")) ? 's' :
								       'p');
	if (html_member(cell, "path"))
		html_text(out, html_str(cell, "path"));
	else
		fputs("anonymous", out);
}

static void say_cell(FILE *out, struct json_object *row, size_t view)
{
	struct json_object *cell;

	fprintf(out, "<td data-view=\"%s\">", views[view]);
	/* Not there: the view does not speak for this range. null: nothing is here */
	if (!json_object_object_get_ex(row, views[view], &cell))
		fputs("<span class=\"silent\">\xc2\xb7</span>", out);
	else if (!cell)
		fputs("<span class=\"none\">none</span>", out);
	else if (!strcmp(views[view], "backing"))
		say_mapping(out, cell);
	else
		say_slot(out, cell);
	fputs("</td>", out);
}

static void say_row(FILE *out, struct json_object *check, size_t nr, size_t at)
{
	struct json_object *row =
		json_object_array_get_idx(html_member(check, "rows"), at);
	const char *verdict = html_str(row, "verdict");
	struct json_object *finding = html_member(row, "finding");

	fprintf(out, "<tr id=\"c%zur%zu\" class=\"row-", nr, at);
	html_text(out, finding ? "finding" : verdict);
	fputs("\"><th scope=\"row\">", out);
	if (html_u64(row, "as_id"))
		fprintf(out, "as %" PRIu64 ": ", html_u64(row, "as_id"));
	html_range(out, html_u64(row, "gpa"), html_u64(row, "size"));
	fputs("</th>", out);
	for (size_t i = 0; i < NR_VIEWS; i++)
		if (html_member(html_member(check, "views"), views[i]))
			say_cell(out, row, i);
	fputs("<td class=\"row-verdict\">", out);
	if (finding)
		fprintf(out, "<a href=\"#c%zuf%s\">", nr,
			json_object_get_string(finding));
	html_text(out, verdict);
	fputs(finding ? "</a></td></tr>\n" : "</td></tr>\n", out);
}

static void say_rows(FILE *out, struct json_object *check, size_t nr)
{
	struct json_object *rows = html_member(check, "rows");

	fprintf(out,
		"<section class=\"ranges\"><h3 id=\"c%zu-ranges\">"
		"Guest memory, range by range</h3>\n",
		nr);
	if (!html_nr(rows)) {
		fputs("<p class=\"none\">No view has anything.</p></section>\n",
		      out);
		return;
	}
	fputs("<div class=\"wide\"><table><thead><tr><th scope=\"col\">range "
	      "(gpa)</th>",
	      out);
	for (size_t i = 0; i < NR_VIEWS; i++)
		if (html_member(html_member(check, "views"), views[i]))
			fprintf(out, "<th scope=\"col\">%s</th>", titles[i]);
	fputs("<th scope=\"col\">verdict</th></tr></thead><tbody>\n", out);
	for (size_t i = 0; i < html_nr(rows) && i < HTML_ROWS_MAX; i++)
		say_row(out, check, nr, i);
	fputs("</tbody></table></div>\n", out);
	html_left_out(out, html_nr(rows), HTML_ROWS_MAX, "ranges");
	fputs("</section>\n", out);
}

void html_check(FILE *out, struct json_object *check, size_t nr)
{
	fprintf(out, "<section class=\"check\" id=\"c%zu\">\n", nr);
	say_verdict(out, check);
	say_about(out, check);
	say_findings(out, check, nr);
	html_tree(out, check, nr);
	say_rows(out, check, nr);
	fputs("</section>\n", out);
}
