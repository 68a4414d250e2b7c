// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of commands. */
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"

static const struct cmd *const look[] = {
	&cmd_check, &cmd_addr, &cmd_map,   &cmd_tree,	 &cmd_why,
	&cmd_list,  &cmd_top,  &cmd_slots, &cmd_metrics, NULL,
};

static const struct cmd *const follow[] = {
	&cmd_trace, &cmd_record, &cmd_diff, &cmd_export, &cmd_repro, NULL,
};

static const struct cmd *const understand[] = {
	&cmd_explain, &cmd_learn, &cmd_quiz, &cmd_vm, &cmd_model, NULL,
};

static const struct cmd *const itself[] = {
	&cmd_doctor, &cmd_completion, &cmd_help, &cmd_version, NULL,
};

static const struct cmd *const unlisted[] = {
	&cmd_complete,
	NULL,
};

const struct cmd_group cmd_groups[] = {
	{ "Look at VMs that run", look },
	{ "Follow what happens to them", follow },
	{ "Understand", understand },
	{ "The program itself", itself },
	{ NULL, unlisted },
};

const struct cmd *cmd_find(const char *name)
{
	const struct cmd_group *group = cmd_groups;

	for (;; group++) {
		for (size_t i = 0; group->cmds[i]; i++)
			if (!strcmp(group->cmds[i]->name, name))
				return group->cmds[i];
		if (!group->heading)
			return NULL;
	}
}

const char **cmd_names(void)
{
	const struct cmd_group *group;
	const char **names;
	size_t nr = 0;

	for (group = cmd_groups; group->heading; group++)
		for (size_t i = 0; group->cmds[i]; i++)
			nr++;
	names = calloc(nr + 1, sizeof(*names));
	if (!names)
		return NULL;
	nr = 0;
	for (group = cmd_groups; group->heading; group++)
		for (size_t i = 0; group->cmds[i]; i++)
			names[nr++] = group->cmds[i]->name;
	return names;
}
