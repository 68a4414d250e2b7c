/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A wrapper that can be put before any command: what becomes of its status. */
#ifndef SLOTSCOPE_CMD_COMMAND_H
#define SLOTSCOPE_CMD_COMMAND_H

#include "session/child.h"

/**
 * command_status() - the status to leave with, once all is printed
 * @child:  the command; as of before child_end()
 * @name:   for messages
 * @ours:   what a status of 0 says, such as "the views agree"
 * @status: our own, an enum cmd_exit
 *
 * That of a command which ended by itself is passed on where we have nothing to
 * say against it, a death by signal as such. Whose status it is is told on
 * standard error: the numbers alone do not.
 */
int command_status(const struct child *child, const char *name,
		   const char *ours, int status);

#endif
