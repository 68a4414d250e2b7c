/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What "pc" and "q35" have in common. */
#ifndef SLOTSCOPE_MACHINE_PC_COMMON_H
#define SLOTSCOPE_MACHINE_PC_COMMON_H

#include "machine/cmos.h"
#include "machine/fw_cfg.h"
#include "machine/i8042.h"
#include "machine/pci.h"
#include "machine/ports.h"

/**
 * struct pc_common - the devices that do not differ
 * @reset_port: QEMU's name for the register at port 0xcf9
 * @host:	QEMU's name for the host bridge, as an owner
 * @ioapic:	likewise for the I/O APIC
 */
struct pc_common {
	const char *reset_port;
	const char *host;
	const char *ioapic;
	struct pci_bus pci;
	struct fw_cfg fw_cfg;
	struct cmos cmos;
	struct i8042 kbd;
	struct ports ports;
};

/**
 * pc_common_init_memory() - RAM, CPUs and firmware, and the bus "pci", all that
 * QEMU maps before the host bridge
 */
int pc_common_init_memory(struct pc_common *pc, struct machine *m,
			  struct slotscope_error *err);

/** pc_common_init_devices() - what comes after the host bridge */
int pc_common_init_devices(struct pc_common *pc, struct machine *m,
			   struct slotscope_error *err);

/** pc_common_reset() - all registers as at power on */
int pc_common_reset(struct pc_common *pc, struct slotscope_error *err);

#endif
