// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope help: of all commands, or of one. */
#include <stdio.h>
#include <stdlib.h>

#include "base/nearest.h"
#include "cmd/cmd.h"
#include "render/text.h"

void cmd_print_commands(FILE *out)
{
	const struct cmd_group *group;
	char first[32];

	for (group = cmd_groups; group->heading; group++) {
		fprintf(out, "%s:\n", group->heading);
		for (size_t i = 0; group->cmds[i]; i++) {
			snprintf(first, sizeof(first), "  %-10s  ",
				 group->cmds[i]->name);
			text_fill(out, first, 14, cmd_help_columns(),
				  group->cmds[i]->summary);
		}
		fputc('\n', out);
	}
}

void cmd_print_short_help(FILE *out)
{
	fputs("usage: slotscope [OPTIONS] COMMAND [ARGS]\n"
	      "\n"
	      "Do a VMM and the kernel agree on what guest memory is?\n"
	      "\n"
	      "  slotscope list           which VMs are there?\n"
	      "  slotscope check -p PID   do their views agree? If not: where, since when, why\n"
	      "  slotscope trace -p PID   which slots are asked for, and what comes of it?\n"
	      "  slotscope doctor         what works here, and what to do about the rest\n"
	      "\n"
	      "slotscope help lists all commands, slotscope help COMMAND tells more of one.\n",
	      out);
}

static const struct cmd_option option_table[] = { CMD_JSON("errors as JSON"),
						  CMD_COMMON };

static int run(const struct cmd *cmd, int argc, char **argv)
{
	const struct cmd *about = &cmd_slotscope;
	const char **names, *near;
	char next[96];
	int opt, exit;

	while ((opt = cmd_getopt(cmd, argc, argv)) >= 0)
		if (cmd_common_opt(cmd, opt, argv, &exit))
			return exit;
	if (argc - optind > 1)
		return cmd_usage(cmd, "extra word \"%s\"", argv[optind + 1]);
	if (optind < argc)
		about = cmd_find(argv[optind]);
	if (about) {
		cmd_page();
		cmd_print_help(stdout, about);
		return CMD_OK;
	}
	names = cmd_names();
	near = names ? nearest(argv[optind], names) : NULL;
	free(names);
	snprintf(next, sizeof(next), "%s%s%sslotscope help lists all",
		 near ? "did you mean " : "", near ? near : "",
		 near ? "? " : "");
	return cmd_suggest(next, "there is no command \"%.60s\"", argv[optind]);
}

const struct cmd cmd_help = {
	.name = "help",
	.summary = "print this text, or a command's",
	.usage = "help [COMMAND]",
	.about =
		"Prints what slotscope --help prints, or slotscope COMMAND --help.",
	.options = option_table,
	.ending = "Exit status: 0 printed, 3 usage or error.",
	.args = VALUES_COMMANDS,
	.run = run,
};
