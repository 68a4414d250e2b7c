/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A child that is as closed to us as a process of somebody else, to try on */
#ifndef HOST_FOREIGN_H
#define HOST_FOREIGN_H

#include <slotscope/error.h>

#include "host/process.h"

/**
 * foreign_start() - start a process that does nothing and may not be dumped
 *
 * Like one of another user, or one with more capabilities than ours, it can be
 * looked into with CAP_SYS_PTRACE alone. Call it while there is one thread.
 *
 * Return: 0, or a negative errno. foreign_end() it only after 0.
 */
int foreign_start(struct process *process, struct slotscope_error *err);
void foreign_end(struct process *process);

/**
 * foreign_look() - may it be looked into, as all views need that do not trace?
 *
 * By the very functions that find its VMs, its monitor and its memory.
 *
 * Return: 0, or why not.
 */
int foreign_look(const struct process *process, struct slotscope_error *err);

/**
 * foreign_take() - may its descriptors be duplicated, as the module needs?
 *
 * Return: 0, or why not.
 */
int foreign_take(const struct process *process, struct slotscope_error *err);

#endif
