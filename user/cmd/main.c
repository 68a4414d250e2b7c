// SPDX-License-Identifier: GPL-2.0-or-later
/* The slotscope program: finds the subcommand and runs it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "cmd/cmd.h"
#include "base/path.h"
#include "cmd/program.h"
#include "cmd/progress_line.h"
#include "cmd/rights.h"
#include "cmd/version.h"

static const struct cmd_option option_table[] = {
	CMD_JSON("print JSON, errors too"),
	{ 'V', "version", NULL, NULL, "print the version" },
	CMD_COMMON
};

const struct cmd cmd_slotscope = {
	.usage = "[OPTIONS] COMMAND [ARGS]",
	.about =
		"Tells whether a VMM and the kernel agree on what guest memory "
		"is, and if not, where, since when and why.",
	.options = option_table,
	.ending = "Exit status: 0 agree or done, 1 mismatch, 2 cannot tell, 3 "
		  "usage or error.\n"
		  "slotscope COMMAND --help tells more; so does man slotscope.",
	.args = VALUES_COMMANDS,
	.takes_command = true,
	.more = cmd_print_commands,
};

static int unknown_command(const char *word)
{
	const char **names = cmd_names();
	const char *near = names ? nearest(word, names) : NULL;
	char next[256];

	free(names);
	if (word[strspn(word, "0123456789")] == '\0' && *word)
		snprintf(next, sizeof(next),
			 "to look at that process: slotscope check --pid %.20s",
			 word);
	else if (near)
		snprintf(next, sizeof(next),
			 "did you mean %s? slotscope --help lists all", near);
	else if (path_has_program(word))
		snprintf(next, sizeof(next),
			 "to start it and check its VMs: slotscope check -- "
			 "%.80s ...",
			 word);
	else
		snprintf(next, sizeof(next), "see slotscope --help");
	return cmd_suggest(next, "there is no command \"%.60s\"", word);
}

static int dispatch(int argc, char **argv)
{
	struct slotscope_error err = {};
	const struct cmd *cmd;
	int opt, exit;

	progress_line_start();
	while ((opt = cmd_getopt(&cmd_slotscope, argc, argv)) >= 0) {
		if (opt == 'V')
			return version_print();
		if (cmd_common_opt(&cmd_slotscope, opt, argv, &exit))
			return exit;
	}
	argc -= optind;
	argv += optind;
	if (!argc && cmd_globals.json)
		return cmd_usage(&cmd_slotscope, "no command given");
	if (!argc) {
		cmd_print_short_help(stdout);
		return CMD_ERROR;
	}
	cmd = cmd_find(*argv);
	if (!cmd)
		return unknown_command(*argv);
	if (cmd_rights(cmd->name, argv, &err))
		return cmd_fail(&err);
	return cmd->run(cmd, argc, argv);
}

int main(int argc, char **argv)
{
	return program_main(argc, argv, dispatch);
}
