/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boards without PCI: their memory never moves. */
#ifndef SLOTSCOPE_MACHINE_ISA_BOARDS_H
#define SLOTSCOPE_MACHINE_ISA_BOARDS_H

#include "machine/machine.h"

/* "isapc": QEMU's ISA PC */
extern const struct machine_class machine_isapc;

/* "microvm": QEMU's board for guests that need no firmware of a PC's */
extern const struct machine_class machine_microvm;

#endif
