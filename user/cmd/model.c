// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope model: the memory model against what a real QEMU did or printed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/model.h"

static const char help[] =
	"usage: slotscope model replay [OPTIONS] FILE...\n"
	"       slotscope model mtree [OPTIONS] FILE\n"
	"\n"
	"replay  makes the calls of QEMU's memory API that a log holds of our own model,\n"
	"        and holds every flat view and every request to KVM that follows against\n"
	"        what followed in QEMU.\n"
	"mtree   rebuilds the tree from the text of `info mtree -o -D` and prints all\n"
	"        flat views as `info mtree -f` does, or holds them against what that\n"
	"        printed. What had to be assumed, because the text does not tell, goes\n"
	"        to standard error.\n"
	"FILE may be -, standard input.\n"
	"\n"
	"Options:\n"
	"      --full          replay: render each view whole at each commit\n"
	"      --against FILE  mtree: compare with the text of `info mtree -f` in FILE\n"
	"      --json          print one JSON document\n"
	"  -v, --verbose       say more on standard error\n"
	"  -h, --help          this text\n"
	"\n"
	"Exit status: 0 equal or printed, 1 a difference, 2 nothing to compare, 3 usage\n"
	"or error.\n";

enum { OPT_FULL = CMD_OPT_FIRST_OWN, OPT_AGAINST };

static int run(const struct cmd *cmd, int argc, char **argv)
{
	static const struct option long_options[] = {
		CMD_COMMON_LONG,
		{ "full", no_argument, NULL, OPT_FULL },
		{ "against", required_argument, NULL, OPT_AGAINST },
		{}
	};
	struct replay_options options = {};
	const char *against = NULL;
	int opt, exit;

	while ((opt = cmd_getopt(getopt_long, argc, argv, ":" CMD_COMMON_SHORT,
				 long_options)) >= 0) {
		if (opt == OPT_FULL)
			options.full_render = true;
		else if (opt == OPT_AGAINST)
			against = optarg;
		else if (cmd_common_opt(cmd, opt, argv, &exit))
			return exit;
	}
	argc -= optind;
	argv += optind;
	if (argc && !strcmp(*argv, "mtree")) {
		if (argc != 2)
			return cmd_usage(cmd, "mtree takes one file");
		if (options.full_render)
			return cmd_usage(cmd, "--full is for replay");
		return model_mtree(argv[1], against);
	}
	if (!argc || strcmp(*argv, "replay"))
		return cmd_usage(cmd, "replay or mtree is expected");
	if (argc == 1)
		return cmd_usage(cmd, "replay takes one or more files");
	if (against)
		return cmd_usage(cmd, "--against is for mtree");
	return model_replay(argc - 1, argv + 1, &options);
}

const struct cmd cmd_model = {
	.name = "model",
	.summary = "replay what QEMU's memory API did; read info mtree",
	.help = help,
	.run = run,
};
