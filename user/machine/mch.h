/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Intel Q35 MCH: the host bridge of the board "q35". */
#ifndef SLOTSCOPE_MACHINE_MCH_H
#define SLOTSCOPE_MACHINE_MCH_H

#include "machine/pam.h"
#include "machine/pci.h"

/* Where its registers are in configuration space */
enum {
	MCH_EXT_TSEG_MBYTES = 0x50, /* not in the real one: QEMU's */
	MCH_PCIEXBAR = 0x60,
	MCH_PAM0 = 0x90,
	MCH_F_SMBASE = 0x9c, /* QEMU's too */
	MCH_SMRAM = 0x9d,
	MCH_ESMRAMC = 0x9e,
};

/* Bits of ESMRAMC */
enum {
	ESMRAMC_T_EN = 0x01,	/* SMM has RAM of its own below the top: TSEG */
	ESMRAMC_TSEG_SZ = 0x06, /* 1, 2, 8 MiB, or MCH_EXT_TSEG_MBYTES */
	ESMRAMC_CACHE = 0x38,	/* always */
	ESMRAMC_E_SMERR = 0x40, /* cleared by writing 1 */
	ESMRAMC_H_SMRAME = 0x80, /* SMRAM shows at 0xfeda0000 instead */
};

/**
 * struct mch - the bridge
 * @window:     PCI at 0xa0000, over RAM ("smram-region")
 * @open_high:  SMRAM at 0xfeda0000, for all while it is open
 * @smram:      what SMM sees more than others: @low, @high, @tseg, @smbase
 * @tseg_hole:  hides TSEG, the end of RAM below 4 GiB, from all others
 * @smbase_hole: likewise the 128 KiB at 0x30000, where SMM begins
 */
struct mch {
	struct pci_device device;
	struct pam pam;
	struct memory_region *window, *open_high;
	struct memory_region *smram, *low, *high, *tseg, *smbase;
	struct memory_region *tseg_hole, *smbase_hole;
};

#define MCH_OWNER "dev path=/machine/q35/mch"

/** mch_init() - map @bus's memory below "system", and put the bridge on it */
int mch_init(struct mch *mch, struct pci_bus *bus, struct slotscope_error *err);

#endif
