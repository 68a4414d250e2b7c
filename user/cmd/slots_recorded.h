/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLOTSCOPE_CMD_SLOTS_RECORDED_H
#define SLOTSCOPE_CMD_SLOTS_RECORDED_H

#include "cmd/moment.h"
#include "session/vms.h"

/**
 * slots_recorded() - slotscope slots -i FILE: what VMs held at a moment
 *
 * Return: an enum cmd_exit.
 */
int slots_recorded(const char *path, const struct moment *at,
		   const struct vm_name *name);

#endif
