/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The module was built for another kvm.ko than the one that runs: which, where? */
#ifndef HOST_MODULE_LAYOUT_H
#define HOST_MODULE_LAYOUT_H

#include <stddef.h>

#include <slotscope.h>
#include <slotscope/error.h>

/**
 * module_layout_failed() - say why the module gave EPROTO for a VM
 * @module_fd: of module_open()
 * @vm_fd: the VM
 * @err: with what was tried; gets why, and the next step
 *
 * Return: the negative code that error_set() gave @err.
 */
int module_layout_failed(int module_fd, int vm_fd, struct slotscope_error *err);

/**
 * module_layout_say() - the same, of what the module answered. Pure
 * @layout: the answer to SLOTSCOPE_LAYOUT
 * @members: its @layout->nr_copied records
 */
int module_layout_say(const struct slotscope_layout *layout,
		      const struct slotscope_member *members,
		      struct slotscope_error *err);

#endif
