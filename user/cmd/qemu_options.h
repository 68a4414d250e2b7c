/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options of QEMU's that somebody may try on us, and what to do in their place. */
#ifndef SLOTSCOPE_CMD_QEMU_OPTIONS_H
#define SLOTSCOPE_CMD_QEMU_OPTIONS_H

#include <stdbool.h>

/**
 * qemu_option() - what to do in place of an option that QEMU has
 * @name: without dashes
 * @vm:   our own VMM was given it; else a command that looks at VMMs
 *
 * Return: NULL if QEMU has no such option.
 */
const char *qemu_option(const char *name, bool vm);

#endif
