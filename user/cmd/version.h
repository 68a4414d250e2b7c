/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLOTSCOPE_CMD_VERSION_H
#define SLOTSCOPE_CMD_VERSION_H

/** version_print() - what version, -V and --version print; returns an enum cmd_exit */
int version_print(void);

#endif
