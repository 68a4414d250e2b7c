// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "cmd/rights.h"
#include "host/rights.h"

/* When it gives up the rest: ONCE_STARTED if it starts a command, else AT_ONCE */
enum when { AT_ONCE, ONCE_STARTED, NEVER };

static const struct {
	const char *command;
	unsigned int needs;
	enum when when;
} table[] = {
	{ "check", NEED_LOOK | NEED_SIGNALS, ONCE_STARTED },
	{ "trace", NEED_LOOK | NEED_SIGNALS | NEED_PTRACE, ONCE_STARTED },
	{ "record", NEED_LOOK | NEED_SIGNALS | NEED_PTRACE, ONCE_STARTED },
	{ "addr", NEED_LOOK, AT_ONCE },
	{ "why", NEED_LOOK, AT_ONCE },
	{ "list", NEED_LOOK, AT_ONCE },
	{ "top", NEED_LOOK, AT_ONCE },
	{ "metrics", NEED_LOOK, AT_ONCE },
	{ "slots", NEED_LOOK, AT_ONCE },
	{ "tree", NEED_LOOK | NEED_SIGNALS, ONCE_STARTED },
	{ "map", NEED_LOOK | NEED_SIGNALS, ONCE_STARTED },
	{ "doctor", NEED_LOOK | NEED_SIGNALS, AT_ONCE },
	{ "diff", NEED_FILES, AT_ONCE },
	{ "export", NEED_FILES, AT_ONCE },
	{ "recordings", NEED_FILES, AT_ONCE },
	{ "model", NEED_FILES, AT_ONCE },
	{ "repro", NEED_FILES, AT_ONCE },
	{ "explain", NEED_FILES, AT_ONCE },
	{ "quiz", NEED_FILES, AT_ONCE },
	{ "completion", NEED_FILES, AT_ONCE },
	{ "help", NEED_FILES, AT_ONCE },
	{ "version", NEED_FILES, AT_ONCE },
	/* It offers the processes that hold VMs */
	{ "complete", NEED_FILES | NEED_PROCESSES, AT_ONCE },
	/* It starts VMs and checks, which are to have what the user has */
	{ "learn", 0, NEVER },
	/* It becomes slotscope-vm */
	{ "vm", 0, NEVER },
};

static bool has_command(char *const *argv)
{
	for (; *argv; argv++)
		if (!strcmp(*argv, "--"))
			return argv[1];
	return false;
}

int cmd_rights(const char *command, char *const *argv,
	       struct slotscope_error *err)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].command, command))
			continue;
		if (table[i].when == NEVER)
			return 0;
		if (table[i].when == ONCE_STARTED && has_command(argv)) {
			rights_keep_once_started(table[i].needs);
			return 0;
		}
		return rights_keep(table[i].needs, err);
	}
	return 0;
}
