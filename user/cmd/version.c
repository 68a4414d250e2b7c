// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope version: which one this is. */
#include <slotscope/version.h>
#include <stdio.h>

#include "cmd/cmd.h"
#include "cmd/version.h"

static const struct cmd_option option_table[] = { CMD_JSON("errors as JSON"),
						  CMD_COMMON };

int version_print(void)
{
	puts("slotscope " SLOTSCOPE_VERSION);
	return CMD_OK;
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	int opt, exit;

	while ((opt = cmd_getopt(cmd, argc, argv)) >= 0)
		if (cmd_common_opt(cmd, opt, argv, &exit))
			return exit;
	if (optind < argc)
		return cmd_usage(cmd, "extra word \"%s\"", argv[optind]);
	return version_print();
}

const struct cmd cmd_version = {
	.name = "version",
	.summary = "print the version; so do -V and --version",
	.usage = "version",
	.about = "Prints which version of slotscope this is.",
	.options = option_table,
	.ending = "Exit status: 0 printed, 3 usage or error.",
	.run = run,
};
