// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <slotscope/version.h>

#include "base/plural.h"
#include "render/html.h"
#include "render/html_parts.h"
#include "render/html_text.h"

/* page_css, page_js, and page_policy with their hashes: made of html/ by the Makefile */
#include "html.inc"

int html_page_begin(struct html_page *page)
{
	page->json = open_memstream(&page->json_text, &page->json_len);
	page->printed = open_memstream(&page->printed_text, &page->printed_len);
	return page->json && page->printed ? 0 : -ENOMEM;
}

void html_page_deinit(struct html_page *page)
{
	if (page->json)
		fclose(page->json);
	if (page->printed)
		fclose(page->printed);
	free(page->json_text);
	free(page->printed_text);
	*page = (struct html_page){};
}

bool html_page_takes(struct html_page *page)
{
	if (page->events == HTML_EVENTS_MAX) {
		page->left_out++;
		return false;
	}
	page->events++;
	return true;
}

/* Each line, as an array; lines that are no JSON do not come about */
static struct json_object *read_documents(const struct html_page *page)
{
	struct json_object *array = json_object_new_array(), *document;
	struct json_tokener *tokener = json_tokener_new();
	const char *line = page->json_text, *end;
	size_t left = page->json_len;

	for (; array && tokener && left;
	     left -= end + 1 - line, line = end + 1) {
		end = memchr(line, '\n', left);
		if (!end)
			break;
		json_tokener_reset(tokener);
		document = json_tokener_parse_ex(tokener, line,
						 (int)(end - line + 1));
		if (document && json_object_array_add(array, document)) {
			json_object_put(document);
			json_object_put(array);
			array = NULL;
		}
	}
	if (tokener)
		json_tokener_free(tokener);
	return array;
}

/*
 * In a script element a "<" could end it, or begin a comment. JSON has it within
 * strings alone, where it has another spelling.
 */
static void put_json(FILE *out, const char *text, size_t len)
{
	const char *next;

	while (len) {
		next = memchr(text, '<', len);
		fwrite(text, 1, next ? (size_t)(next - text) : len, out);
		if (!next)
			return;
		fputs("\\u003c", out);
		len -= next + 1 - text;
		text = next + 1;
	}
}

static void put_data(FILE *out, const struct html_page *page)
{
	const char *line = page->json_text, *end;
	size_t left = page->json_len;

	fprintf(out,
		"<script type=\"application/json\" id=\"data\">{\"version\":1,"
		"\"left_out\":%" PRIu64 ",\"documents\":[\n",
		page->left_out);
	for (; left; left -= end + 1 - line, line = end + 1) {
		end = memchr(line, '\n', left);
		if (!end)
			break;
		put_json(out, line, end - line);
		fputs(left > (size_t)(end + 1 - line) ? ",\n" : "\n", out);
	}
	fputs("]}</script>\n", out);
}

static void put_head(FILE *out, const char *command)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	      "<meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"",
	      out);
	fputs(page_policy, out);
	fputs("\">\n<meta name=\"viewport\" "
	      "content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n"
	      "<meta name=\"generator\" content=\"slotscope " SLOTSCOPE_VERSION
	      "\">\n<title>",
	      out);
	html_text(out, command);
	fputs("</title>\n<style>", out);
	fputs(page_css, out);
	fputs("</style>\n</head>\n<body>\n"
	      "<a class=\"skip\" href=\"#main\">To the content</a>\n"
	      "<header><p class=\"brand\">slotscope</p><h1><code>",
	      out);
	html_text(out, command);
	fputs("</code></h1><div id=\"tools\"></div></header>\n"
	      "<nav id=\"nav\" aria-label=\"Parts of this page\"></nav>\n"
	      "<main id=\"main\">\n"
	      "<noscript><p class=\"note\">Scripts are off: the pictures (the "
	      "map, the time line, the stepper) are not drawn. All that they "
	      "show is in the tables below.</p></noscript>\n",
	      out);
}

static void put_error(FILE *out, struct json_object *error)
{
	fputs("<p class=\"verdict is-unknown\"><b><span "
	      "aria-hidden=\"true\">?</span> error</b> <span>",
	      out);
	html_textf(out, "%s: %s", html_str(error, "tried"),
		   html_str(error, "why"));
	if (html_member(error, "next"))
		html_textf(out, ". Next: %s", html_str(error, "next"));
	fputs("</span></p>\n", out);
}

static size_t put_checks(FILE *out, struct json_object *documents)
{
	struct json_object *document;
	size_t nr = 0;

	for (size_t i = 0; i < html_nr(documents); i++) {
		document = json_object_array_get_idx(documents, i);
		if (html_is_check(document))
			html_check(out, document, nr++);
		else if (html_member(document, "error"))
			put_error(out, html_member(document, "error"));
	}
	return nr;
}

static void put_printed(FILE *out, const struct html_page *page)
{
	if (!page->printed_len)
		return;
	fputs("<details class=\"printed\"><summary>What the terminal "
	      "shows, with all that was not compared</summary>\n<pre>",
	      out);
	html_text(out, page->printed_text);
	fputs("</pre></details>\n", out);
}

/* What a JSON document of a line, such as trace's, tells as a table */
static size_t put_events(FILE *out, struct json_object *documents)
{
	struct json_object *document;
	uint64_t begin_ns = 0;
	size_t nr = 0;

	for (size_t i = 0; i < html_nr(documents); i++) {
		document = json_object_array_get_idx(documents, i);
		if (!html_is_event(document) || !html_member(document, "seq"))
			continue;
		if (!nr++) {
			begin_ns = html_u64(document, "time_ns");
			fputs("<section class=\"events\"><h2 id=\"events\">"
			      "Events</h2>\n<div class=\"wide\"><table><thead>"
			      "<tr><th scope=\"col\">#</th><th scope=\"col\">"
			      "seconds</th><th scope=\"col\">thread</th>"
			      "<th scope=\"col\">event</th><th scope=\"col\">"
			      "what</th></tr></thead><tbody>\n",
			      out);
		}
		if (nr <= HTML_ROWS_MAX)
			html_event(out, document, begin_ns);
	}
	if (nr) {
		fputs("</tbody></table></div>\n", out);
		html_left_out(out, nr, HTML_ROWS_MAX, "events");
		fputs("</section>\n", out);
	}
	return nr;
}

static size_t put_story(FILE *out, struct json_object *documents)
{
	struct html_story story = {};
	struct json_object *document;
	size_t nr = 0;

	for (size_t i = 0; i < html_nr(documents); i++) {
		document = json_object_array_get_idx(documents, i);
		if (!html_is_story(document))
			continue;
		if (!nr++)
			fputs("<section class=\"steps\"><h2 id=\"steps\">How the "
			      "VM was made, step by step</h2>\n<ol>\n",
			      out);
		html_story(out, &story, document);
	}
	if (nr) {
		html_story(out, &story, NULL);
		fputs("</ol></section>\n", out);
	}
	return nr;
}

static void put_body(FILE *out, const struct html_page *page,
		     struct json_object *documents)
{
	size_t nr = put_checks(out, documents);

	put_printed(out, page);
	if (page->left_out)
		fprintf(out,
			"<p class=\"left-out\">%" PRIu64 " more event%s "
			"came after the first %d, which are all that this "
			"page has.</p>\n",
			page->left_out, plural(page->left_out),
			HTML_EVENTS_MAX);
	nr += put_story(out, documents);
	nr += put_events(out, documents);
	html_rules(out, documents);
	if (!nr)
		fputs("<p class=\"none\">There was nothing to show.</p>\n",
		      out);
}

int html_page_write(struct html_page *page, const char *command, FILE *out)
{
	struct json_object *documents;

	/* Both end in NUL now */
	if (fflush(page->json) || fflush(page->printed))
		return -ENOMEM;
	documents = read_documents(page);
	if (!documents)
		return -ENOMEM;
	put_head(out, command);
	put_body(out, page, documents);
	fputs("</main>\n<footer><p>Made by slotscope " SLOTSCOPE_VERSION
	      ". This file asks no network for anything. How to read it: "
	      "Documentation/html.md.</p></footer>\n",
	      out);
	put_data(out, page);
	fputs("<script>", out);
	fputs(page_js, out);
	fputs("</script>\n</body>\n</html>\n", out);
	json_object_put(documents);
	return 0;
}
