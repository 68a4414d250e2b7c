// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope vm: becomes slotscope-vm, the program beside this one. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/vm_options.h"

#define NAME "slotscope-vm"

/* Beside what runs, not by PATH: another one may be of another version */
static int beside(char *path, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", path, size - sizeof(NAME));
	char *slash;

	if (len < 0)
		return -errno;
	path[len] = '\0';
	slash = strrchr(path, '/');
	strcpy(slash ? slash + 1 : path, NAME);
	return 0;
}

int vm_command(const struct cmd *cmd, int argc, char **argv)
{
	char path[PATH_MAX + sizeof(NAME)], **args;
	struct slotscope_error err = {};
	int ret, n = 0;

	(void)cmd;
	args = calloc(argc + 4, sizeof(*args));
	if (!args) {
		error_set(&err, ENOMEM, "run " NAME);
		return cmd_fail(&err);
	}
	args[n++] = NAME;
	if (cmd_globals.json)
		args[n++] = "--json";
	if (cmd_globals.verbose)
		args[n++] = "--verbose";
	if (cmd_globals.pretty)
		args[n++] = "--pretty";
	memcpy(&args[n], &argv[1], (argc - 1) * sizeof(*args));
	ret = beside(path, sizeof(path));
	if (ret) {
		error_set(&err, ret, "find " NAME " by /proc/self/exe");
	} else {
		execv(path, args);
		error_set(&err, errno, "run %.200s", path);
		error_next(&err,
			   "our VMM is a program of its own, which `make` "
			   "and `make install` put beside slotscope");
	}
	free(args);
	return cmd_fail(&err);
}
