// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope completion: Documentation/completion, a file a shell. */
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "cmd/cmd.h"

static const struct cmd_option option_table[] = { CMD_JSON("errors as JSON"),
						  CMD_COMMON };

/* The files as they are; user/Makefile makes strings of them */
static const char bash[] =
#include "slotscope.bash.inc"
	;
static const char zsh[] =
#include "slotscope.zsh.inc"
	;
static const char fish[] =
#include "slotscope.fish.inc"
	;

static const char *const names[] = { "bash", "zsh", "fish", NULL };
static const char *const texts[] = { bash, zsh, fish };

static int run(const struct cmd *cmd, int argc, char **argv)
{
	const char *near;
	int opt, exit;

	while ((opt = cmd_getopt(cmd, argc, argv)) >= 0)
		if (cmd_common_opt(cmd, opt, argv, &exit))
			return exit;
	if (argc - optind != 1)
		return cmd_usage(cmd, "name one shell: bash, zsh or fish");
	for (size_t i = 0; names[i]; i++)
		if (!strcmp(argv[optind], names[i])) {
			fputs(texts[i], stdout);
			return CMD_OK;
		}
	near = nearest(argv[optind], names);
	return cmd_usage(
		cmd,
		"no completion for \"%.40s\"%s%s%s: there are bash, zsh and fish",
		argv[optind], near ? " (did you mean " : "", near ? near : "",
		near ? "?)" : "");
}

const struct cmd cmd_completion = {
	.name = "completion",
	.summary = "print the completion for bash, zsh or fish",
	.usage = "completion SHELL",
	.about =
		"Prints what makes SHELL (bash, zsh or fish) complete commands, "
		"options, their values, and the pids of VMs. make install has "
		"put it where SHELL looks; without that, for this shell alone:\n"
		"  bash: `source <(slotscope completion bash)`\n"
		"  zsh: `source <(slotscope completion zsh)`, after compinit\n"
		"  fish: `slotscope completion fish | source`",
	.options = option_table,
	.ending = "Exit status: 0 printed, 3 usage or error.",
	.args = "bash zsh fish",
	.run = run,
};
