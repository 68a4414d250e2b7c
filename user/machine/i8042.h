/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keyboard controller (Intel 8042), for what a firmware asks of it: a self test,
 * a keyboard that answers, A20, and the reset line. No key is ever pressed.
 */
#ifndef SLOTSCOPE_MACHINE_I8042_H
#define SLOTSCOPE_MACHINE_I8042_H

#include "machine/machine.h"

#define I8042_QUEUE 8

struct i8042 {
	struct machine *m;
	uint8_t mode;	 /* the command byte */
	uint8_t outport; /* bit 1 is A20, bit 0 low is reset */
	uint8_t command; /* that waits for its data; 0: none */
	uint8_t queue[I8042_QUEUE];
	unsigned int nr; /* bytes in @queue */
};

/** i8042_init() - ports 0x60 and 0x64 */
int i8042_init(struct i8042 *kbd, struct machine *m,
	       struct slotscope_error *err);

void i8042_reset(struct i8042 *kbd);

#endif
