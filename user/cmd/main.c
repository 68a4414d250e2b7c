// SPDX-License-Identifier: GPL-2.0-or-later
/* The slotscope program: finds the subcommand and runs it. */
#include <slotscope/version.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/program.h"

static const struct cmd *const commands[] = {
	&cmd_check,   &cmd_addr,   &cmd_why,   &cmd_list,   &cmd_top,
	&cmd_metrics, &cmd_slots,  &cmd_trace, &cmd_record, &cmd_diff,
	&cmd_export,  &cmd_vm,	   &cmd_model, &cmd_repro,  &cmd_explain,
	&cmd_quiz,    &cmd_doctor,
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_help(FILE *out)
{
	size_t i;

	fputs("usage: slotscope [--json] [-v] COMMAND [ARGS]\n"
	      "\n"
	      "Tells whether a VMM and the kernel agree on what guest memory is,\n"
	      "and if not, where, since when and why.\n"
	      "\n"
	      "Commands:\n",
	      out);
	for (i = 0; i < NR_COMMANDS; i++)
		fprintf(out, "  %-8s %s\n", commands[i]->name,
			commands[i]->summary);
	fputs("\n"
	      "Options, before or after the command:\n"
	      "  --json         print JSON, errors too\n"
	      "  -v, --verbose  say more on standard error\n"
	      "  -h, --help     this text, or the command's\n"
	      "  --version      the version\n"
	      "\n"
	      "Exit status: 0 agree or done, 1 mismatch, 2 cannot tell, 3 usage or error.\n"
	      "slotscope COMMAND --help tells more; so does man slotscope.\n",
	      out);
}

static int dispatch(int argc, char **argv)
{
	char why[128];
	int i;
	size_t c;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--json")) {
			cmd_globals.json = true;
		} else if (!strcmp(argv[i], "-v") ||
			   !strcmp(argv[i], "--verbose")) {
			cmd_globals.verbose = true;
		} else if (!strcmp(argv[i], "-h") ||
			   !strcmp(argv[i], "--help")) {
			print_help(stdout);
			return CMD_OK;
		} else if (!strcmp(argv[i], "--version")) {
			puts("slotscope " SLOTSCOPE_VERSION);
			return CMD_OK;
		} else {
			snprintf(why, sizeof(why),
				 "there is no option like %.60s", argv[i]);
			return program_usage_error(why, "slotscope --help");
		}
	}
	if (i == argc)
		return program_usage_error("no command given",
					   "slotscope --help");
	for (c = 0; c < NR_COMMANDS; c++)
		if (!strcmp(argv[i], commands[c]->name))
			return commands[c]->run(commands[c], argc - i,
						argv + i);
	snprintf(why, sizeof(why), "there is no command \"%.60s\"", argv[i]);
	return program_usage_error(why, "slotscope --help");
}

int main(int argc, char **argv)
{
	return program_main(argc, argv, dispatch);
}
