// SPDX-License-Identifier: GPL-2.0-or-later
/* What --help prints, made of a command's table. */
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "render/style.h"
#include "render/text.h"

/* Lines longer than that are hard to read, however wide a terminal is */
#define HELP_COLUMNS 80

/* Where what an option does begins; one that reaches further has a line of its own */
#define OPTION_INDENT 21

unsigned int cmd_help_columns(void)
{
	return render_style.columns < HELP_COLUMNS ? render_style.columns :
						     HELP_COLUMNS;
}

static void print_usage(FILE *out, const char *usage)
{
	const char *before = "usage: ";
	size_t len;

	for (; *usage; usage += len + !!usage[len]) {
		len = strcspn(usage, "\n");
		fprintf(out, "%sslotscope %.*s\n", before, (int)len, usage);
		before = "       ";
	}
}

/* Blocks of lines; each is broken as wide as it may be */
static void print_paragraphs(FILE *out, const char *text)
{
	text_fill(out, "", 0, cmd_help_columns(), text);
}

static void print_option(FILE *out, const struct cmd_option *option)
{
	const char *arg = option->arg ? option->arg : "";
	char left[128], first[160];
	int len;

	if (option->key > ' ' && option->key <= '~')
		snprintf(left, sizeof(left), "-%c, ", option->key);
	else
		snprintf(left, sizeof(left), "    ");
	len = snprintf(first, sizeof(first), "  %s--%s%s%s", left, option->name,
		       *arg && *arg != '[' ? " " : "", arg);
	if (len + 1 < OPTION_INDENT)
		snprintf(first + len, sizeof(first) - len, "%*s",
			 OPTION_INDENT - len, "");
	else
		snprintf(first + len, sizeof(first) - len, "\n%*s",
			 OPTION_INDENT, "");
	if (len + 1 >= OPTION_INDENT)
		fprintf(out, "%.*s\n", len, first);
	text_fill(out, len + 1 < OPTION_INDENT ? first : first + len + 1,
		  OPTION_INDENT, cmd_help_columns(), option->doc);
}

/* Those that are in no table of a command, by name */
static void print_common(FILE *out, const struct cmd *cmd)
{
	const struct cmd_option *option;
	char text[160] = "";
	size_t own = 0, len = 0;

	while (cmd->options[own].name)
		own++;
	for (; (option = cmd_option_at(cmd, own)); own++)
		len += snprintf(text + len, sizeof(text) - len, "%s--%s",
				len ? ", " : "", option->name);
	fprintf(out, "%*sand %s: slotscope --help\n", 6, "", text);
}

void cmd_print_help(FILE *out, const struct cmd *cmd)
{
	const struct cmd_option *option;
	const bool top = !cmd->name;

	print_usage(out, cmd->usage);
	fputc('\n', out);
	print_paragraphs(out, cmd->about);
	fputc('\n', out);
	if (cmd->more)
		cmd->more(out);
	fprintf(out, "Options%s:\n",
		top ? ", before or behind the command" : "");
	for (size_t i = 0; (option = cmd_option_at(cmd, i)); i++) {
		if (!top && !cmd->options[i].name)
			break;
		print_option(out, option);
	}
	if (!top)
		print_common(out, cmd);
	fputc('\n', out);
	print_paragraphs(out, cmd->ending);
}
