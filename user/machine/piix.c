// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules: Intel 82371SB (PIIX3) and 82371AB (PIIX4) datasheets, 290550, 290562. */
#include "machine/board.h"
#include "machine/chipset.h"

#define SLOT 1

enum {
	ISA_PIRQ = 0x60,   /* 4 registers: which interrupt a PCI pin makes */
	IDE_TIMING = 0x40, /* 4 bytes */
	POWER_PMBASE = 0x40,
	POWER_DEVACTB = 0x58,
	POWER_PMREGMISC = 0x80,
	POWER_SMBHSTBASE = 0x90,
	POWER_SMBHSTCFG = 0xd2,
};

#define DEVACTB_APMC_EN (1U << 25)
#define PIRQ_OFF	0x80
#define IDE_BMDMA	4 /* its BAR */
#define IDE_BMDMA_SIZE	16
#define PM_BLOCK_SIZE	64

static int power_changed(struct pci_device *device, const uint8_t *old,
			 struct slotscope_error *err)
{
	struct piix *piix = device->opaque;
	uint16_t base = pci_get(device->config, POWER_PMBASE, 2) & 0xffc0;

	if (!old)
		acpi_pm_reset(&piix->pm);
	return acpi_pm_map(&piix->pm, base, device->config[POWER_PMREGMISC] & 1,
			   err);
}

static bool apm_smi(void *opaque)
{
	const struct piix *piix = opaque;

	return pci_get(piix->power.config, POWER_DEVACTB, 4) & DEVACTB_APMC_EN;
}

static void init_isa(struct pci_device *device)
{
	static const struct pci_id id = {
		.vendor = 0x8086,
		.device = 0x7000,
		.class_code = 0x060100,
		.multi_function = true,
	};

	pci_device_init(device, &id);
	pci_set(device->config, ISA_PIRQ, 4, PIRQ_OFF * 0x01010101U);
	pci_set(device->writable, ISA_PIRQ, 4, 0x8f8f8f8f);
}

static void init_ide(struct piix *piix)
{
	static const struct pci_id id = {
		.vendor = 0x8086,
		.device = 0x7010,
		.class_code = 0x010180,
	};

	pci_device_init(&piix->ide, &id);
	pci_set(piix->ide.writable, IDE_TIMING, 4, 0xffffffff);
	pci_device_add_bar(&piix->ide, IDE_BMDMA, piix->bmdma, IDE_BMDMA_SIZE,
			   PCI_BAR_IO);
}

static void init_power(struct piix *piix, bool smm)
{
	static const struct pci_id id = {
		.vendor = 0x8086,
		.device = 0x7113,
		.revision = 3,
		.class_code = 0x068000,
	};
	struct pci_device *device = &piix->power;

	pci_device_init(device, &id);
	device->opaque = piix;
	device->changed = power_changed;
	device->config[PCI_INTERRUPT_PIN] = 1;
	pci_set(device->config, POWER_PMBASE, 4, 1);
	pci_set(device->writable, POWER_PMBASE, 4, 0xffc0);
	/* Without SMM, firmware is told that somebody has set it up already */
	pci_set(device->config, POWER_DEVACTB, 4, smm ? 0 : DEVACTB_APMC_EN);
	pci_set(device->writable, POWER_DEVACTB, 4, 0xffffffff);
	device->writable[POWER_PMREGMISC] = 1;
	/* Its SMBus host is not there: registers that keep what is written */
	pci_set(device->config, POWER_SMBHSTBASE, 4, 1);
	pci_set(device->writable, POWER_SMBHSTBASE, 4, 0xfff0);
	device->writable[POWER_SMBHSTCFG] = 0x0f;
}

int piix_init(struct piix *piix, struct pci_bus *bus,
	      struct slotscope_error *err)
{
	struct machine *m = bus->m;
	int ret;

	ret = memory_region_create_io(m->model, "piix-bmdma-container",
				      IDE_BMDMA_SIZE, NULL, NULL, &piix->bmdma,
				      err);
	if (!ret)
		ret = board_own(piix->bmdma, NULL, err);
	if (!ret)
		ret = acpi_pm_init(&piix->pm, m, "piix4-pm", PM_BLOCK_SIZE,
				   false, err);
	if (ret)
		return ret;
	piix->pm.acpi_on = 0xf1;
	piix->pm.acpi_off = 0xf0;
	piix->pm.apm_smi = apm_smi;
	piix->pm.smi_first = true; /* as in QEMU; ICH9's gets who asks */
	piix->pm.opaque = piix;
	init_isa(&piix->isa);
	init_ide(piix);
	init_power(piix, m->options->smm);
	pci_bus_add_device(bus, PCI_DEVFN(SLOT, 0), &piix->isa);
	pci_bus_add_device(bus, PCI_DEVFN(SLOT, 1), &piix->ide);
	pci_bus_add_device(bus, PCI_DEVFN(SLOT, 3), &piix->power);
	return 0;
}
