/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports of a PC that are a register or two each. */
#ifndef SLOTSCOPE_MACHINE_PORTS_H
#define SLOTSCOPE_MACHINE_PORTS_H

#include "machine/machine.h"

/**
 * struct ports - their state
 * @system:  port 0x92: bit 1 is A20, bit 0 resets
 * @reset:   port 0xcf9: bit 2, set anew, resets
 * @speaker: port 0x61: two bits that can be written
 */
struct ports {
	struct machine *m;
	uint8_t system;
	uint8_t reset;
	uint8_t speaker;
};

/**
 * ports_init() - 0x61, 0x80, 0x92 and 0xcf9
 * @reset_name: as QEMU names the last one; it differs with the chipset
 */
int ports_init(struct ports *ports, struct machine *m, const char *reset_name,
	       struct slotscope_error *err);

void ports_reset(struct ports *ports);

#endif
