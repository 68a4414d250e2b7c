// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <sys/wait.h>

#include "cmd/cmd.h"
#include "cmd/command.h"

int command_status(const struct child *child, const char *name,
		   const char *ours, int status)
{
	char how[64];

	if (!child->ended || !child->status)
		return status;
	child_status_text(child, how, sizeof(how));
	cmd_notice("%s%sthe command %.80s %s", status == CMD_OK ? ours : "",
		   status == CMD_OK ? "; " : "", name, how);
	if (status != CMD_OK)
		return status;
	if (WIFSIGNALED(child->status))
		return cmd_end_by_signal(WTERMSIG(child->status));
	return WEXITSTATUS(child->status);
}
