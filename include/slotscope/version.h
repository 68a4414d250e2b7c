/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one place that has the version: the program prints it, and slotscope.pc is
 * made from it. The module's ABI has a version of its own, in its own header.
 */
#ifndef SLOTSCOPE_VERSION_H
#define SLOTSCOPE_VERSION_H

#define SLOTSCOPE_VERSION "0.1"

#endif
