// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope model: the memory model against what a real QEMU did or printed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/model.h"

enum { OPT_FULL = CMD_OPT_FIRST_OWN, OPT_AGAINST };

static const struct cmd_option option_table[] = {
	{ OPT_FULL, "full", NULL, NULL,
	  "replay: render each view whole at each commit" },
	{ OPT_AGAINST, "against", "FILE", VALUES_FILES,
	  "mtree: compare with the text of `info mtree -f` in FILE" },
	CMD_JSON("print one JSON document"),
	CMD_COMMON
};

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct replay_options options = {};
	const char *against = NULL;
	int opt, exit;

	while ((opt = cmd_getopt(cmd, argc, argv)) >= 0) {
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
		cmd_page();
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
	.usage = "model replay [OPTIONS] FILE...\n"
		 "model mtree [OPTIONS] FILE",
	.about =
		"replay makes the calls of QEMU's memory API that a log holds of "
		"our own model, and holds every flat view and every request to "
		"KVM that follows against what followed in QEMU.\n\n"
		"mtree rebuilds the tree from the text of `info mtree -o -D` and "
		"prints all flat views as `info mtree -f` does, or holds them "
		"against what that printed. What had to be assumed, because the "
		"text does not tell, goes to standard error.\n\n"
		"FILE may be -, standard input.",
	.args = "replay mtree;" VALUES_FILES,
	.options = option_table,
	.ending =
		"Exit status: 0 equal or printed, 1 a difference, 2 nothing to "
		"compare, 3 usage or error.",
	.run = run,
};
