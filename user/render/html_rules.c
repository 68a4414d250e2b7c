// SPDX-License-Identifier: GPL-2.0-or-later
/* What the errno rules say that a page names: Documentation/errno-rules.md's table */
#include <stdbool.h>
#include <string.h>

#include "render/html_parts.h"
#include "render/html_text.h"

static const struct {
	const char *name;
	const char *error;
	const char *broken_by;
	const char *function;
} rules[] = {
#include "rules.inc"
};

#define NR_RULES (sizeof(rules) / sizeof(rules[0]))

/* Who names the rule: findings, or why a request was refused */
static void note_rules(struct json_object *document, bool named[NR_RULES])
{
	struct json_object *findings = html_member(document, "findings");
	const char *rule = html_str(html_member(document, "why"), "rule");

	for (size_t r = 0; r < NR_RULES; r++) {
		named[r] |= !strcmp(rules[r].name, rule);
		for (size_t i = 0; i < html_nr(findings); i++)
			named[r] |= !strcmp(
				rules[r].name,
				html_str(json_object_array_get_idx(findings, i),
					 "rule"));
	}
}

void html_rule_link(FILE *out, const char *rule, const char *words)
{
	fputs("<a href=\"#rule-", out);
	html_text(out, rule);
	fputs("\">", out);
	html_text(out, words);
	fputs("</a>", out);
}

void html_rules(FILE *out, struct json_object *documents)
{
	bool named[NR_RULES] = {}, any = false;

	for (size_t i = 0; i < html_nr(documents); i++)
		note_rules(json_object_array_get_idx(documents, i), named);
	for (size_t r = 0; r < NR_RULES; r++) {
		if (!named[r])
			continue;
		if (!any)
			fputs("<section class=\"rules\"><h2 id=\"rules\">Rules "
			      "that were broken</h2>\n<dl>\n",
			      out);
		any = true;
		fprintf(out, "<dt id=\"rule-%s\"><b>%s</b> <small>",
			rules[r].name, rules[r].name);
		html_text(out, rules[r].error);
		fputs("</small></dt><dd>Broken by: ", out);
		html_text(out, rules[r].broken_by);
		fputs(". Read on: Linux ", out);
		html_text(out, rules[r].function);
		fputs("()</dd>\n", out);
	}
	if (any)
		fputs("</dl></section>\n", out);
}
