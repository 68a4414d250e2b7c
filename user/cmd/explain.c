// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope explain: Documentation/findings.rst, a section a kind of finding. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_value.h"
#include "base/pasted.h"
#include "cmd/cmd.h"
#include "render/document.h"
#include "render/text.h"

static const struct cmd_option option_table[] = {
	CMD_JSON("print one JSON document"), CMD_COMMON
};

/* The document as it is; user/Makefile makes a string of it */
static const char findings[] =
#include "findings.inc"
	;

/**
 * struct section - a kind of finding
 * @id:	  its name
 * @kind: "A mismatch", the first words of @text
 * @text: all below the heading
 */
struct section {
	struct piece id;
	struct piece kind;
	struct piece text;
};

static bool is_rule(struct piece line)
{
	for (size_t i = 0; i < line.len; i++)
		if (line.s[i] != '-')
			return false;
	return line.len;
}

/* The next heading of @rest, which is then behind it; false: there is none */
static bool heading(struct piece *rest, struct piece *id, const char **begin)
{
	struct piece line, before = {};

	while (piece_line(rest, &line)) {
		if (before.len && is_rule(line)) {
			*id = before;
			*begin = before.s;
			return true;
		}
		before = line;
	}
	return false;
}

/* @rest: begins as the whole document */
static bool next_section(struct piece *rest, struct section *out)
{
	struct piece behind, id;
	const char *end;

	if (!heading(rest, &out->id, &end))
		return false;
	behind = *rest;
	if (!heading(&behind, &id, &end))
		end = rest->s + rest->len;
	out->text = (struct piece){ rest->s, end - rest->s };
	*rest = (struct piece){ end, rest->len - out->text.len };
	out->text = piece_trimmed(out->text);
	while (out->text.len && out->text.s[0] == '\n')
		piece_drop(&out->text, 1);
	while (out->text.len && out->text.s[out->text.len - 1] == '\n')
		out->text.len--;
	out->kind = out->text;
	out->kind.len = piece_find(out->text, ".") - out->text.s;
	return true;
}

static const struct piece all = { findings, sizeof(findings) - 1 };

static bool find(const char *id, struct section *out)
{
	struct piece rest = all;

	while (next_section(&rest, out))
		if (out->id.len == strlen(id) && piece_begins(out->id, id))
			return true;
	return false;
}

/* Without the mark that a drawing follows */
static int print_text(const struct section *section)
{
	struct piece rest = section->text, line;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int ret;

	if (!out)
		return -ENOMEM;
	while (piece_line(&rest, &line)) {
		if (line.len > 3 && !memcmp(line.s + line.len - 3, " ::", 3))
			line.len -= 3;
		fprintf(out, "%.*s\n", (int)line.len, line.s);
	}
	ret = fclose(out) ? -ENOMEM : 0;
	if (!ret) {
		printf("%.*s\n\n", (int)section->id.len, section->id.s);
		ret = text_prose(stdout, "", text);
	}
	free(text);
	return ret;
}

/* Its kind, and the sentence behind that */
static int print_line(const struct section *section)
{
	struct piece rest = section->text, first;
	const char *end;
	char id[32], *line;

	piece_drop(&rest, section->kind.len + 2);
	first = rest;
	end = piece_find(rest, ". ");
	if (piece_find(rest, ".\n") && (!end || piece_find(rest, ".\n") < end))
		end = piece_find(rest, ".\n");
	first.len = end ? (size_t)(end - rest.s) : rest.len;
	snprintf(id, sizeof(id), "%-16.*s ", (int)section->id.len,
		 section->id.s);
	line = strndup(first.s, first.len);
	if (!line)
		return -ENOMEM;
	for (char *s = line; *s; s++)
		if (*s == '\n')
			*s = ' ';
	text_wrap(stdout, id, 17, line);
	free(line);
	return 0;
}

static struct json_object *to_json(const struct section *section)
{
	struct json_object *obj = json_object_new_object();
	struct piece kind = section->kind;
	int ret = obj ? 0 : -1;

	if (piece_begins(kind, "A "))
		piece_drop(&kind, 2);
	/* "Unknown" has no article */
	ret |= json_put(obj, "id",
			json_object_new_string_len(section->id.s,
						   (int)section->id.len));
	ret |= json_put(obj, "kind",
			piece_begins(kind, "Unknown") ?
				json_object_new_string("unknown") :
				json_object_new_string_len(
					kind.s, (int)strcspn(kind.s, ",.")));
	ret |= json_put(obj, "text",
			json_object_new_string_len(section->text.s,
						   (int)section->text.len));
	if (!ret)
		return obj;
	json_object_put(obj);
	return NULL;
}

static int unknown_id(const char *id)
{
	struct slotscope_error err = {};

	error_set(&err, ENOENT, "explain \"%.40s\"", id);
	error_why(&err, "there is no such finding");
	error_next(&err, "slotscope explain lists all of them");
	return cmd_fail(&err);
}

static int print_all(void)
{
	struct json_object *array = json_object_new_array();
	struct piece rest = all;
	struct section section;
	int ret = 0;

	while (next_section(&rest, &section)) {
		if (cmd_globals.json)
			ret |= json_add(array, to_json(&section));
		else
			ret |= print_line(&section);
	}
	if (cmd_globals.json && !ret)
		return render_document(stdout, array) ? CMD_ERROR : CMD_OK;
	json_object_put(array);
	return ret ? CMD_ERROR : CMD_OK;
}

static int print_some(char **ids)
{
	struct json_object *array = json_object_new_array();
	struct section section;
	int ret = array ? 0 : -1;

	for (size_t i = 0; ids[i]; i++) {
		if (!find(ids[i], &section)) {
			json_object_put(array);
			return unknown_id(ids[i]);
		}
		if (cmd_globals.json) {
			ret |= json_add(array, to_json(&section));
			continue;
		}
		if (i)
			putchar('\n');
		print_text(&section);
	}
	if (cmd_globals.json && !ret)
		return render_document(stdout, array) ? CMD_ERROR : CMD_OK;
	json_object_put(array);
	return ret ? CMD_ERROR : CMD_OK;
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	int opt, exit;

	while ((opt = cmd_getopt(cmd, argc, argv)) >= 0) {
		if (cmd_common_opt(cmd, opt, argv, &exit))
			return exit;
	}
	cmd_page();
	return optind < argc ? print_some(argv + optind) : print_all();
}

const struct cmd cmd_explain = {
	.name = "explain",
	.summary = "tell the whole story of a kind of finding",
	.usage = "explain [ID]...",
	.about =
		"Tells what a finding of slotscope check means, how it comes "
		"about, and how to tell its causes apart. Without an ID: lists "
		"all.",
	.options = option_table,
	.ending = "Exit status: 0 printed, 3 usage or error.",
	.args = VALUES_FINDINGS,
	.run = run,
};
