// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/json_pretty.h"

static void new_line(const struct json_pretty *pretty, FILE *out)
{
	fprintf(out, "\n%*s", (int)(2 * pretty->depth), "");
}

static void put_in_string(struct json_pretty *pretty, FILE *out, char c)
{
	fputc(c, out);
	if (pretty->escaped)
		pretty->escaped = false;
	else if (c == '\\')
		pretty->escaped = true;
	else if (c == '"')
		pretty->string = false;
}

static void put(struct json_pretty *pretty, FILE *out, char c)
{
	const bool closes = c == '}' || c == ']';

	if (closes)
		pretty->depth--;
	/* "{}" and "[]" stay as they are */
	if (closes != pretty->opened)
		new_line(pretty, out);
	pretty->opened = c == '{' || c == '[';
	fputc(c, out);
	if (pretty->opened)
		pretty->depth++;
	else if (c == ',')
		new_line(pretty, out);
	else if (c == ':')
		fputc(' ', out);
	else if (c == '"')
		pretty->string = true;
}

void json_pretty_put(struct json_pretty *pretty, FILE *out, const char *text,
		     size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (pretty->string)
			put_in_string(pretty, out, text[i]);
		else
			put(pretty, out, text[i]);
	}
}
