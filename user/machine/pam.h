/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programmable Attribute Map: registers of Intel's host bridges that say, for each
 * 16 KiB from 0xc0000 and for the 64 KiB from 0xf0000, whether reads and writes go
 * to RAM or to PCI, where the firmware's ROM is.
 */
#ifndef SLOTSCOPE_MACHINE_PAM_H
#define SLOTSCOPE_MACHINE_PAM_H

#include "machine/machine.h"

#define PAM_REGISTERS  7  /* bytes in config space */
#define PAM_RANGES     13 /* 0xf0000, then 16 KiB each from 0xc0000 */
#define PAM_ATTRIBUTES 4

/* Bits of a range's four */
enum {
	PAM_READ_RAM = 1U << 0,
	PAM_WRITE_RAM = 1U << 1,
};

/**
 * struct pam - all of them
 * @ranges: for each range and each value of its two bits the alias that is then
 *	    to be seen; the other three are disabled
 */
struct pam {
	struct memory_region *ranges[PAM_RANGES][PAM_ATTRIBUTES];
};

/**
 * pam_init() - make the aliases below "system", all disabled
 * @pci:   what is there without RAM
 * @owner: the host bridge
 */
int pam_init(struct pam *pam, struct machine *m, struct memory_region *pci,
	     const char *owner, struct slotscope_error *err);

/**
 * pam_apply() - show what the registers say, within the caller's transaction
 * @registers: PAM0 to PAM6
 */
int pam_apply(struct pam *pam, const uint8_t registers[PAM_REGISTERS],
	      struct slotscope_error *err);

#endif
