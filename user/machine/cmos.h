/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real-time clock (MC146818) and its RAM, where a PC's firmware finds how much
 * memory there is.
 */
#ifndef SLOTSCOPE_MACHINE_CMOS_H
#define SLOTSCOPE_MACHINE_CMOS_H

#include "machine/machine.h"

#define CMOS_SIZE 128

struct cmos {
	struct machine *m;
	uint8_t index;
	uint8_t ram[CMOS_SIZE];
};

/** cmos_init() - ports 0x70 and 0x71; tells the sizes in @m->layout */
int cmos_init(struct cmos *cmos, struct machine *m,
	      struct slotscope_error *err);

#endif
