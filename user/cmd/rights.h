/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each command needs, and gives up the rest of. Documentation/privileges.md */
#ifndef SLOTSCOPE_CMD_RIGHTS_H
#define SLOTSCOPE_CMD_RIGHTS_H

#include <slotscope/error.h>

/**
 * cmd_rights() - a command is about to run: keep what it needs
 * @argv: its words. Behind "--" is a command of the user's, which is to have all of the
 *	  user's rights: then nothing is given up before that was started
 *
 * Return: 0, or a negative errno.
 */
int cmd_rights(const char *command, char *const *argv,
	       struct slotscope_error *err);

#endif
