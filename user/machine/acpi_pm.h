/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ACPI's fixed power management registers (ACPI 1.0, 4.7.3), where a chipset's
 * PMBASE puts them, and the APM ports that ask for an SMI.
 */
#ifndef SLOTSCOPE_MACHINE_ACPI_PM_H
#define SLOTSCOPE_MACHINE_ACPI_PM_H

#include "machine/machine.h"

/**
 * struct acpi_pm - the registers
 * @block:    "piix4-pm" or "ich9-pm": all of them, in the ports, at PMBASE
 * @smi_en:   ICH9's register: what makes an SMI
 * @apm_smi:  does a write to the APM port make one? Asked of the chipset
 * @smi_first: to the first vCPU, not to the one that asked
 * @opaque:   for @apm_smi
 */
struct acpi_pm {
	struct machine *m;
	struct memory_region *block;
	uint16_t status, enable, control;
	uint32_t smi_en;
	bool smi_locked;
	bool smi_first;
	uint8_t apm_command, apm_status;
	uint8_t acpi_on, acpi_off; /* APM commands */
	bool (*apm_smi)(void *opaque);
	void *opaque;
};

/* Bits of ICH9's SMI_EN */
enum {
	SMI_EN_GBL = 1U << 0,
	SMI_EN_APMC = 1U << 5,
};

/**
 * acpi_pm_init() - make the block, hidden, and the APM ports
 * @size: of the block; a power of 2
 * @ich9: with SMI_EN
 */
int acpi_pm_init(struct acpi_pm *pm, struct machine *m, const char *name,
		 uint64_t size, bool ich9, struct slotscope_error *err);

/** acpi_pm_map() - put the block at port @base, or hide it; in a transaction */
int acpi_pm_map(struct acpi_pm *pm, uint16_t base, bool enabled,
		struct slotscope_error *err);

void acpi_pm_reset(struct acpi_pm *pm);

#endif
