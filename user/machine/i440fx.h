/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Intel 82441FX (440FX): the host bridge of the board "pc". */
#ifndef SLOTSCOPE_MACHINE_I440FX_H
#define SLOTSCOPE_MACHINE_I440FX_H

#include "machine/pam.h"
#include "machine/pci.h"

/* Where its registers are in configuration space */
enum {
	I440FX_PAM0 = 0x59,
	I440FX_SMRAM = 0x72,
};

/* Bits of SMRAM; Q35's are the same */
enum {
	SMRAM_C_BASE_SEG = 0x02, /* always: SMRAM is at 0xa0000 */
	SMRAM_G_SMRAME = 0x08,	 /* SMM sees RAM there */
	SMRAM_D_LCK = 0x10,	 /* nothing here changes until the next reset */
	SMRAM_D_CLS = 0x20,  /* SMM's data accesses go to PCI: not modelled */
	SMRAM_D_OPEN = 0x40, /* all see RAM there */
};

/* What SMRAM hides when it is closed: the graphics card */
#define SMRAM_LOW      0xa0000
#define SMRAM_LOW_SIZE 0x20000

/**
 * struct i440fx - the bridge
 * @window: PCI at 0xa0000, over RAM ("smram-region"); hidden while SMRAM is open
 */
struct i440fx {
	struct pci_device device;
	struct pam pam;
	struct memory_region *window;
	struct memory_region *smram;
};

#define I440FX_OWNER "dev path=/machine/i440fx"

/**
 * i440fx_init() - map @bus's memory below "system", and put the bridge on it
 */
int i440fx_init(struct i440fx *bridge, struct pci_bus *bus,
		struct slotscope_error *err);

#endif
