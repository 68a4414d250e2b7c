/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hangs below the host bridge: PIIX3 and PIIX4 on "pc", ICH9 on "q35". Each a
 * bridge to ISA, a disk controller without disks, and power management.
 */
#ifndef SLOTSCOPE_MACHINE_CHIPSET_H
#define SLOTSCOPE_MACHINE_CHIPSET_H

#include "machine/acpi_pm.h"
#include "machine/pci.h"

/* struct piix - PIIX3 and PIIX4, in slot 1 */
struct piix {
	struct pci_device isa, ide, power;
	struct acpi_pm pm;
	struct memory_region *bmdma;
};

int piix_init(struct piix *piix, struct pci_bus *bus,
	      struct slotscope_error *err);

/**
 * struct ich9 - likewise
 * @rcrb: the root complex registers, which the guest places
 */
struct ich9 {
	struct pci_device lpc, ahci, smbus;
	struct acpi_pm pm;
	struct memory_region *rcrb, *ahci_io, *ahci_memory, *smbus_io;
};

int ich9_init(struct ich9 *ich9, struct pci_bus *bus,
	      struct slotscope_error *err);

#endif
