/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLOTSCOPE_CMD_CHECK_RECORDING_H
#define SLOTSCOPE_CMD_CHECK_RECORDING_H

#include "session/vms.h"

/**
 * check_recording() - slotscope check -i FILE
 * @path:  a recording
 * @name:  which of its VMs
 * @at_ms: after its first event, as trace counts: what came later has not
 *	   happened yet; negative: all of it
 *
 * Return: an enum cmd_exit.
 */
int check_recording(const char *path, const struct vm_name *name, int at_ms);

#endif
