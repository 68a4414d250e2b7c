/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a CPU in System Management Mode sees: KVM's second address space. */
#ifndef SLOTSCOPE_MACHINE_SMRAM_H
#define SLOTSCOPE_MACHINE_SMRAM_H

#include "machine/machine.h"

/**
 * smram_address_space_create() - make "KVM-SMRAM" of a machine that has SMRAM
 * @m:   built; its @smram is not NULL
 * @out: all of the system's memory, and @m->smram over it
 *
 * As QEMU's register_smram_listener(), once the board is there.
 */
int smram_address_space_create(struct machine *m, struct address_space **out,
			       struct slotscope_error *err);

#endif
