// SPDX-License-Identifier: GPL-2.0-or-later
/* From the tree of regions to the slots, of a check's JSON: what hides what, and why */
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/plural.h"
#include "render/html.h"
#include "render/html_parts.h"
#include "render/html_text.h"

static struct json_object *region_of(struct json_object *tree,
				     struct json_object *place)
{
	return json_object_array_get_idx(html_member(tree, "regions"),
					 html_u64(place, "region"));
}

/* A range that a script can show in the map; sizes go up to 2^64 */
static void say_range(FILE *out, uint64_t gpa, struct json_object *of)
{
	const char *size = html_str(of, "size");

	if (strlen(size) == strlen("0x10000000000000000"))
		fputs("<code class=\"range\">all 2^64</code>", out);
	else
		html_range(out, gpa, strtoull(size, NULL, 0));
}

static const struct {
	const char *why;
	const char *words;
} reasons[] = {
	{ "priority", "it has a higher priority" },
	{ "newer", "it was mapped later, at equal priority" },
	{ "subregion",
	  "it lies in this one, and goes before what that has itself" },
};

static void say_hidden(FILE *out, struct json_object *tree,
		       struct json_object *hidden)
{
	struct json_object *by = html_member(hidden, "by");
	const char *why = html_str(hidden, "why");

	fputs("<div>", out);
	say_range(out, html_u64(hidden, "gpa"), hidden);
	fputs(" hidden", out);
	if (by) {
		by = json_object_array_get_idx(html_member(tree, "places"),
					       json_object_get_uint64(by));
		fputs(" by <b>", out);
		html_text(out, html_str(region_of(tree, by), "name"));
		fputs("</b>", out);
	}
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (!strcmp(reasons[i].why, why))
			fprintf(out, ": %s", reasons[i].words);
	fputs("</div>", out);
}

static void say_seen(FILE *out, struct json_object *place)
{
	struct json_object *shown = html_member(place, "shown");
	const bool known = !html_nr(html_member(place, "not_known"));
	const size_t nr = html_nr(shown);

	if (!json_object_get_boolean(html_member(place, "enabled")))
		fputs("disabled", out);
	else if (!nr)
		fputs(known ? "nothing" : "not known", out);
	else if (nr == 1 &&
		 !strcmp(html_str(json_object_array_get_idx(shown, 0), "size"),
			 html_str(place, "size")))
		fputs("all", out);
	else
		fprintf(out, "%zu part%s%s", nr, plural(nr),
			known ? "" : ", not all is known");
}

static void say_place(FILE *out, struct json_object *tree, size_t at,
		      unsigned int depth)
{
	struct json_object *places = html_member(tree, "places");
	struct json_object *place = json_object_array_get_idx(places, at);
	struct json_object *region = region_of(tree, place), *hidden, *one;
	struct json_object *in = html_member(place, "in");
	const bool enabled =
		json_object_get_boolean(html_member(place, "enabled"));
	bool shown = false;

	if (in)
		shown = !strcmp(
			html_str(region_of(tree,
					   json_object_array_get_idx(
						   places,
						   json_object_get_uint64(in))),
				 "kind"),
			"alias");
	fprintf(out, "<tr class=\"%s\"><th scope=\"row\" class=\"indent-%u\">",
		enabled && html_nr(html_member(place, "shown")) ? "" : "unseen",
		depth > 9 ? 9 : depth);
	fputs(shown ? "\xe2\x86\x92 <b>" : "<b>", out);
	html_text(out, html_str(region, "name"));
	fputs("</b></th><td>", out);
	say_range(out, html_u64(place, "gpa"), place);
	fputs("</td><td>", out);
	html_text(out, html_member(region, "kind") ? html_str(region, "kind") :
						     "not known");
	fputs("</td><td class=\"nr\">", out);
	html_text(out, html_str(region, "priority"));
	fputs("</td><td>", out);
	say_seen(out, place);
	fputs("</td><td>", out);
	hidden = html_member(place, "hidden");
	for (size_t i = 0; i < html_nr(hidden); i++) {
		one = json_object_array_get_idx(hidden, i);
		if (strcmp(html_str(one, "why"), "disabled"))
			say_hidden(out, tree, one);
	}
	fputs("</td></tr>\n", out);
}

static void say_places(FILE *out, struct json_object *tree, uint64_t as_id)
{
	struct json_object *places = html_member(tree, "places"), *place, *in;
	const size_t nr = html_nr(places);
	unsigned int *depths = calloc(nr + 1, sizeof(*depths));
	size_t rows = 0;

	if (!depths || !nr)
		goto out;
	fputs("<h4>The tree: what the VMM has put where</h4>\n"
	      "<div class=\"wide\"><table class=\"tree\"><thead><tr>"
	      "<th scope=\"col\">region</th><th scope=\"col\">where</th>"
	      "<th scope=\"col\">kind</th><th scope=\"col\">priority</th>"
	      "<th scope=\"col\">seen</th><th scope=\"col\">hidden, by what, "
	      "and why</th></tr></thead><tbody>\n",
	      out);
	for (size_t i = 0; i < nr; i++) {
		place = json_object_array_get_idx(places, i);
		in = html_member(place, "in");
		if (in && json_object_get_uint64(in) < i)
			depths[i] = depths[json_object_get_uint64(in)] + 1;
		if (html_u64(place, "as_id") == as_id && rows++ < HTML_ROWS_MAX)
			say_place(out, tree, i, depths[i]);
	}
	fputs("</tbody></table></div>\n", out);
	html_left_out(out, rows, HTML_ROWS_MAX, "places");
out:
	free(depths);
}

/* Which slots a range became, as the rows of the check have them; registers become none */
static void say_slots(FILE *out, struct json_object *check, uint64_t as_id,
		      struct json_object *range, const char *view)
{
	const uint64_t gpa = html_u64(range, "gpa");
	const uint64_t last = gpa + html_u64(range, "size") - 1;
	struct json_object *rows = html_member(check, "rows"), *row, *cell;
	const char *before = "";
	uint64_t first;
	bool any = false;

	for (size_t i = 0; i < html_nr(rows); i++) {
		row = json_object_array_get_idx(rows, i);
		cell = html_member(row, view);
		first = html_u64(row, "gpa");
		if (!cell || html_u64(row, "as_id") != as_id || first > last ||
		    first + html_u64(row, "size") - 1 < gpa ||
		    !strcmp(before, html_str(cell, "id")))
			continue;
		before = html_str(cell, "id");
		html_textf(out, "%s#%s", any ? ", " : "", before);
		any = true;
	}
	if (!any)
		fputs(strcmp(html_str(range, "kind"), "mmio") ?
			      "none" :
			      "none: registers; an access leaves KVM",
		      out);
}

/* The view of slots that is nearest to what KVM has */
static const char *slots_of(struct json_object *check)
{
	static const char *const views[] = { "kernel", "traced" };
	struct json_object *view;

	for (size_t i = 0; i < 2; i++) {
		view = html_member(html_member(check, "views"), views[i]);
		if (html_member(view, "coverage"))
			return views[i];
	}
	return NULL;
}

static void say_flat(FILE *out, struct json_object *check,
		     struct json_object *view, uint64_t as_id)
{
	struct json_object *ranges = html_member(view, "ranges"), *range;
	const char *slots = slots_of(check);
	size_t rows = 0;

	fprintf(out,
		"<h4>The flat view, and the slots that it became</h4>\n"
		"<div class=\"wide\"><table class=\"flat\"><thead><tr>"
		"<th scope=\"col\">range</th><th scope=\"col\">region</th>"
		"<th scope=\"col\">kind</th><th scope=\"col\">slot%s</th></tr>"
		"</thead><tbody>\n",
		!slots			 ? "" :
		!strcmp(slots, "kernel") ? " (KERNEL)" :
					   " (TRACED)");
	for (size_t i = 0; i < html_nr(ranges); i++) {
		range = json_object_array_get_idx(ranges, i);
		if (!strcmp(html_str(range, "kind"), "hole") ||
		    rows++ >= HTML_ROWS_MAX)
			continue;
		fputs("<tr><th scope=\"row\">", out);
		say_range(out, html_u64(range, "gpa"), range);
		fputs("</th><td>", out);
		html_text(out, html_str(range, "name"));
		if (html_u64(range, "offset"))
			fprintf(out, "+%" PRIx64, html_u64(range, "offset"));
		fputs("</td><td>", out);
		html_text(out, html_member(range, "kind") ?
				       html_str(range, "kind") :
				       "not known");
		fputs("</td><td>", out);
		if (slots)
			say_slots(out, check, as_id, range, slots);
		else
			fputs("no slots were looked at", out);
		fputs("</td></tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
	html_left_out(out, rows, HTML_ROWS_MAX, "ranges");
}

void html_tree(FILE *out, struct json_object *check, size_t nr)
{
	struct json_object *model =
		html_member(html_member(check, "views"), "model");
	struct json_object *tree = html_member(model, "tree"), *view;
	struct json_object *flat = html_member(tree, "flat_views");
	uint64_t as_id;

	if (!tree)
		return;
	fprintf(out,
		"<section class=\"way\"><h3 id=\"c%zu-tree\">From the tree "
		"to the slots</h3>\n",
		nr);
	if (html_member(tree, "unread")) {
		fputs("<p class=\"none\">", out);
		html_text(out, html_str(tree, "unread"));
		fputs("</p>\n", out);
	}
	for (size_t i = 0; i < html_nr(flat); i++) {
		view = json_object_array_get_idx(flat, i);
		as_id = html_u64(view, "as_id");
		fprintf(out,
			"<details data-as=\"%" PRIu64
			"\"%s><summary>Address space "
			"%" PRIu64 "</summary>\n",
			as_id, as_id ? "" : " open", as_id);
		say_places(out, tree, as_id);
		say_flat(out, check, view, as_id);
		fputs("</details>\n", out);
	}
	fputs("</section>\n", out);
}
