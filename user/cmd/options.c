// SPDX-License-Identifier: GPL-2.0-or-later
/* Command lines, read by a command's table of options; and what is wrong with them. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "cmd/cmd.h"
#include "cmd/output.h"
#include "cmd/qemu_options.h"
#include "render/style.h"

#define OPTIONS_MAX 64

/* What all commands take, and their own tables do not have */
static const struct cmd_option common_options[] = {
	{ CMD_OPT_PRETTY, "pretty", NULL, NULL,
	  "print JSON, broken into lines and indented" },
	{ CMD_OPT_COLOR, "color", "[=WHEN]", "auto always never",
	  "auto (default), always or never in colours; auto: on a terminal, unless NO_COLOR is set" },
	{ CMD_OPT_WIDE, "wide", NULL, NULL,
	  "cut nothing of tables, however wide they get" },
	{ CMD_OPT_NO_PAGER, "no-pager", NULL, NULL, "never start a pager" },
	{}
};

static const struct cmd_option *find(const struct cmd_option *options, int key,
				     const char *name)
{
	for (; options->name; options++)
		if (options->key == key || !strcmp(options->name, name))
			return options;
	return NULL;
}

const struct cmd_option *cmd_option_at(const struct cmd *cmd, size_t at)
{
	const struct cmd_option *option = cmd->options;

	for (; option->name; option++)
		if (!at--)
			return option;
	for (option = common_options; option->name; option++)
		if (!find(cmd->options, option->key, option->name) && !at--)
			return option;
	return NULL;
}

/* The table in the forms that getopt_long() takes */
struct forms {
	const struct cmd *cmd;
	struct option long_options[OPTIONS_MAX + 1];
	char short_options[2 + 2 * OPTIONS_MAX + 1];
};

static bool is_short(const struct cmd_option *option)
{
	return option->key > ' ' && option->key <= '~';
}

static int takes(const struct cmd_option *option)
{
	if (!option->arg)
		return no_argument;
	return option->arg[0] == '[' ? optional_argument : required_argument;
}

static void make_forms(struct forms *forms, const struct cmd *cmd)
{
	const struct cmd_option *option;
	char *letter = forms->short_options;

	memset(forms, 0, sizeof(*forms));
	forms->cmd = cmd;
	if (cmd->takes_command)
		*letter++ = '+';
	*letter++ = ':';
	for (size_t i = 0; i < OPTIONS_MAX && (option = cmd_option_at(cmd, i));
	     i++) {
		forms->long_options[i] = (struct option){ option->name,
							  takes(option), NULL,
							  option->key };
		if (!is_short(option))
			continue;
		*letter++ = (char)option->key;
		if (option->arg)
			*letter++ = ':';
	}
}

static int next(const struct forms *forms, int argc, char **argv)
{
	return (forms->cmd->one_dash ? getopt_long_only : getopt_long)(
		argc, argv, forms->short_options, forms->long_options, NULL);
}

/* "-pid 12": getopt takes it for -p with the value "id" */
static bool has_one_dash(const struct cmd *cmd, char **argv)
{
	const char *word = argv[optind - 1];

	return !cmd->one_dash && optarg && word[0] == '-' && word[1] != '-' &&
	       optarg == word + 2 && find(cmd->options, -1, word + 1);
}

int cmd_getopt(const struct cmd *cmd, int argc, char **argv)
{
	static struct forms forms;
	int opt = 0;

	if (forms.cmd != cmd) {
		make_forms(&forms, cmd);
		opterr = 0;
		optind = 0; /* glibc: from the beginning */
		while (opt >= 0) {
			opt = next(&forms, argc, argv);
			if (opt == 'j')
				cmd_globals.json = true;
		}
		optind = 0;
	}
	opt = next(&forms, argc, argv);
	if (opt >= 0 && has_one_dash(cmd, argv)) {
		optopt = opt;
		opt = '?';
	}
	return opt;
}

int cmd_suggest(const char *next, const char *fmt, ...)
{
	struct slotscope_error err = {};
	char why[sizeof(err.why)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	error_set(&err, EINVAL, "read the command line");
	error_why(&err, "%s", why);
	error_next(&err, "%s", next);
	return cmd_fail(&err);
}

static void help_of(const struct cmd *cmd, char *text, size_t size)
{
	snprintf(text, size, "see slotscope %s%s--help",
		 cmd->name ? cmd->name : "", cmd->name ? " " : "");
}

int cmd_usage(const struct cmd *cmd, const char *fmt, ...)
{
	char why[384], help[64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	help_of(cmd, help, sizeof(help));
	return cmd_suggest(help, "%s", why);
}

/* "--record, --report or --resume" */
static void list_begins(char *text, size_t size, const char *word, size_t len,
			const char *const *names, size_t nr)
{
	size_t at = 0, seen = 0;

	for (; *names && at < size; names++) {
		if (strncmp(word, *names, len))
			continue;
		seen++;
		at += snprintf(text + at, size - at, "%s--%s",
			       seen == 1  ? "" :
			       seen == nr ? " or " :
					    ", ",
			       *names);
	}
}

static int unknown_long(const struct cmd *cmd, const char *word)
{
	const char *name = word + strspn(word, "-"), *near, *qemu;
	const char *names[OPTIONS_MAX + 1];
	const size_t len = strcspn(name, "=");
	const struct cmd_option *option;
	char help[96], bare[64], text[256];
	size_t nr = 0, begins;

	for (; nr < OPTIONS_MAX && (option = cmd_option_at(cmd, nr)); nr++)
		names[nr] = option->name;
	names[nr] = NULL;
	help_of(cmd, help, sizeof(help));
	snprintf(bare, sizeof(bare), "%.*s", (int)len, name);
	option = find(cmd->options, -1, bare);
	if (option && name[len])
		return cmd_suggest(help, "--%s takes no value", bare);
	begins = nearest_begins(name, len, names, NULL);
	if (len && begins > 1) {
		list_begins(text, sizeof(text), name, len, names, begins);
		return cmd_suggest(help, "%.60s may be %s", word, text);
	}
	qemu = qemu_option(bare, cmd->one_dash);
	if (qemu)
		return cmd_suggest(qemu, "%.60s is an option of QEMU's", word);
	near = nearest(bare, names);
	if (near) {
		snprintf(text, sizeof(text), "did you mean --%.60s? %.80s",
			 near, help);
		return cmd_suggest(text, "there is no option like %.60s", word);
	}
	return cmd_suggest(help, "there is no option like %.60s", word);
}

/* The word that getopt complained of: it may not have gone on to the next yet */
static const char *word_with(char **argv, int letter)
{
	const char *last = argv[optind - 1];

	if (last[0] == '-' && last[1] != '-' && strchr(last, letter))
		return last;
	return argv[optind];
}

static int unknown_short(const struct cmd *cmd, char **argv, int letter)
{
	const char *word = word_with(argv, letter);
	const struct cmd_option *option;
	char next[96];

	if (!word || !word[0] || !word[1] || !word[2])
		word = "";
	/* "-input": a letter would do */
	option = word[0] ? find(cmd->options, -1, word + 1) : NULL;
	if (option) {
		snprintf(next, sizeof(next), "write --%.40s", option->name);
		return cmd_suggest(next, "%.60s has one dash", word);
	}
	if (word[0] && qemu_option(word + 1, cmd->one_dash))
		return unknown_long(cmd, word);
	snprintf(next, sizeof(next), "%c", letter);
	if (qemu_option(next, cmd->one_dash))
		return cmd_suggest(qemu_option(next, cmd->one_dash),
				   "-%c is an option of QEMU's", letter);
	return cmd_usage(cmd, "there is no option -%c", letter);
}

static int parse_color(const char *when)
{
	if (!when || !strcmp(when, "always"))
		cmd_globals.color = 1;
	else if (!strcmp(when, "never"))
		cmd_globals.color = -1;
	else if (!strcmp(when, "auto"))
		cmd_globals.color = 0;
	else
		return -1;
	return 0;
}

bool cmd_common_opt(const struct cmd *cmd, int opt, char **argv, int *exit)
{
	switch (opt) {
	case 'v':
		cmd_globals.verbose = true;
		return false;
	case 'j':
		cmd_globals.json = true;
		return false;
	case CMD_OPT_PRETTY:
		cmd_globals.pretty = cmd_globals.json = true;
		break;
	case CMD_OPT_RAW:
		render_style.raw = true;
		break;
	case CMD_OPT_WIDE:
		cmd_globals.wide = true;
		break;
	case CMD_OPT_NO_PAGER:
		cmd_globals.no_pager = true;
		break;
	case CMD_OPT_COLOR:
		if (!parse_color(optarg))
			break;
		*exit = cmd_usage(cmd,
				  "--color=%.40s: it is auto, always or never",
				  optarg);
		return true;
	case 'h':
		cmd_page();
		cmd_print_help(stdout, cmd);
		*exit = CMD_OK;
		return true;
	case ':':
		*exit = cmd_usage(cmd, "option %s needs an argument",
				  argv[optind - 1]);
		return true;
	default:
		/* optopt is 0 for a long option that is not known */
		if (optopt && optopt < 0x100 && argv[optind - 1][1] != '-')
			*exit = unknown_short(cmd, argv, optopt);
		else
			*exit = unknown_long(cmd, argv[optind - 1]);
		return true;
	}
	output_style();
	return false;
}
