/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of slotscope vm: slotscope-vm reads them, slotscope knows of them for its
 * help and its completions.
 */
#ifndef SLOTSCOPE_CMD_VM_OPTIONS_H
#define SLOTSCOPE_CMD_VM_OPTIONS_H

#include "cmd/cmd.h"

/* What the rows of its table are called */
enum vm_option {
	VM_OPT_BIOS = CMD_OPT_FIRST_OWN,
	VM_OPT_QMP,
	VM_OPT_FAULT,
	VM_OPT_STOPPED,
	VM_OPT_PAUSED,
	VM_OPT_EXIT,
	VM_OPT_DEBUGCON,
	VM_OPT_EXPLAIN,
	VM_OPT_STEP,
	VM_OPT_HTML,
	VM_OPT_VGA_WINDOW,
	VM_OPT_OBJECT,
	VM_OPT_NUMA,
	VM_OPT_ACCEL,
	VM_OPT_SMP,
	VM_OPT_DIRTY_LOG,
	VM_OPT_TEST_DEVICE,
	VM_OPT_KEEP_OUT,
	VM_OPT_GUEST_MEMFD,
};

/** vm_command() - cmd_vm.run: each of the programs has its own */
int vm_command(const struct cmd *cmd, int argc, char **argv);

#endif
