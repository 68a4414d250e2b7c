/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The module is not loaded: which command loads it here? */
#ifndef HOST_MODULE_HINT_H
#define HOST_MODULE_HINT_H

#include <slotscope/error.h>

/**
 * module_hint() - say what to do, as @err's next step
 * @root:    before /proc and /lib/modules; "" but for tests
 * @release: of the kernel, as uname(2) has it
 * @program: where this program is; it knows by that where it was built, if it
 *	     was not installed
 *
 * Only what is there is named: an installed module, one that was built beside
 * the program, or the sources that it can be built from.
 *
 * Return: the negative code that error_set() gave @err.
 */
int module_hint(const char *root, const char *release, const char *program,
		struct slotscope_error *err);

#endif
