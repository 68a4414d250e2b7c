// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules: Intel I/O Controller Hub 9 datasheet (316972). */
#include "machine/board.h"
#include "machine/chipset.h"

#define SLOT 31

enum {
	LPC_PMBASE = 0x40,
	LPC_ACPI_CNTL = 0x44,
	LPC_PIRQ_A = 0x60, /* to D; E to H from 0x68 */
	LPC_PIRQ_E = 0x68,
	LPC_GEN_PMCON_1 = 0xa0,
	LPC_RCBA = 0xf0,
	AHCI_MAP = 0x90,
	SMBUS_HOSTC = 0x40,
};

#define ACPI_CNTL_ACPI_EN    0x80
#define GEN_PMCON_1_SMI_LOCK (1U << 4)
#define PIRQ_OFF	     0x80
#define RCBA_EN		     0x1
#define RCRB_SIZE	     0x4000
#define PM_BLOCK_SIZE	     128
#define AHCI_IO_SIZE	     32
#define AHCI_MEMORY_SIZE     4096
#define AHCI_VS		     0x10
#define AHCI_1_0	     0x00010000
#define SMBUS_IO_SIZE	     64

static int lpc_changed(struct pci_device *device, const uint8_t *old,
		       struct slotscope_error *err)
{
	struct ich9 *ich9 = device->opaque;
	uint16_t base = pci_get(device->config, LPC_PMBASE, 2) & 0xff80;
	uint32_t rcba = pci_get(device->config, LPC_RCBA, 4);
	uint8_t *lock = &device->config[LPC_GEN_PMCON_1];
	int ret;

	if (!old)
		acpi_pm_reset(&ich9->pm);
	ich9->pm.smi_locked = *lock & GEN_PMCON_1_SMI_LOCK;
	/* Once set it stays */
	device->writable[LPC_GEN_PMCON_1] =
		ich9->pm.smi_locked ? 0 : GEN_PMCON_1_SMI_LOCK;
	ret = acpi_pm_map(&ich9->pm, base,
			  device->config[LPC_ACPI_CNTL] & ACPI_CNTL_ACPI_EN,
			  err);
	if (ret)
		return ret;
	return board_move(device->bus->m->system_memory, ich9->rcrb,
			  rcba & ~(RCRB_SIZE - 1U), 1, rcba & RCBA_EN, err);
}

static bool apm_smi(void *opaque)
{
	const struct ich9 *ich9 = opaque;

	return (ich9->pm.smi_en & SMI_EN_GBL) &&
	       (ich9->pm.smi_en & SMI_EN_APMC);
}

static void init_lpc(struct ich9 *ich9)
{
	static const struct pci_id id = {
		.vendor = 0x8086,
		.device = 0x2918,
		.revision = 2,
		.class_code = 0x060100,
		.multi_function = true,
	};
	struct pci_device *device = &ich9->lpc;

	pci_device_init(device, &id);
	device->opaque = ich9;
	device->changed = lpc_changed;
	pci_set(device->config, LPC_PMBASE, 4, 1);
	pci_set(device->writable, LPC_PMBASE, 4, 0xff80);
	device->writable[LPC_ACPI_CNTL] = 0x87;
	pci_set(device->config, LPC_PIRQ_A, 4, PIRQ_OFF * 0x01010101U);
	pci_set(device->writable, LPC_PIRQ_A, 4, 0x8f8f8f8f);
	pci_set(device->config, LPC_PIRQ_E, 4, PIRQ_OFF * 0x01010101U);
	pci_set(device->writable, LPC_PIRQ_E, 4, 0x8f8f8f8f);
	pci_set(device->writable, LPC_RCBA, 4, 0xffffc001);
}

static void init_ahci(struct ich9 *ich9)
{
	static const struct pci_id id = {
		.vendor = 0x8086,
		.device = 0x2922,
		.revision = 2,
		.class_code = 0x010601,
	};
	struct pci_device *device = &ich9->ahci;

	pci_device_init(device, &id);
	device->config[PCI_INTERRUPT_PIN] = 1;
	pci_device_add_bar(device, 4, ich9->ahci_io, AHCI_IO_SIZE, PCI_BAR_IO);
	pci_device_add_bar(device, 5, ich9->ahci_memory, AHCI_MEMORY_SIZE, 0);
}

static void init_smbus(struct ich9 *ich9)
{
	static const struct pci_id id = {
		.vendor = 0x8086,
		.device = 0x2930,
		.revision = 2,
		.class_code = 0x0c0500,
	};
	struct pci_device *device = &ich9->smbus;

	pci_device_init(device, &id);
	device->config[PCI_INTERRUPT_PIN] = 1;
	device->writable[SMBUS_HOSTC] = 0x07;
	pci_device_add_bar(device, 4, ich9->smbus_io, SMBUS_IO_SIZE,
			   PCI_BAR_IO);
}

static enum memtx_result zero_read(void *opaque, uint64_t addr,
				   unsigned int size, uint64_t *data)
{
	*data = 0;
	return MEMTX_OK;
}

static enum memtx_result drop_write(void *opaque, uint64_t addr,
				    unsigned int size, uint64_t data)
{
	return MEMTX_OK;
}

/* A controller without ports: all of its registers are 0, but its version */
static enum memtx_result ahci_read(void *opaque, uint64_t addr,
				   unsigned int size, uint64_t *data)
{
	*data = addr == AHCI_VS ? AHCI_1_0 : 0;
	return MEMTX_OK;
}

static const struct memory_region_ops ahci_ops = {
	.read = ahci_read,
	.write = drop_write,
	.endian = MEMORY_ENDIAN_LITTLE,
	.impl = { .min_access_size = 4, .max_access_size = 4 },
};

static const struct memory_region_ops zero_ops = {
	.read = zero_read,
	.write = drop_write,
	.endian = MEMORY_ENDIAN_LITTLE,
};

static int create_regions(struct ich9 *ich9, struct machine *m,
			  struct slotscope_error *err)
{
	const struct {
		const char *name;
		uint64_t size;
		const struct memory_region_ops *ops;
		struct memory_region **out;
	} regions[] = {
		{ "ahci", AHCI_MEMORY_SIZE, &ahci_ops, &ich9->ahci_memory },
		{ "ahci-idp", AHCI_IO_SIZE, &zero_ops, &ich9->ahci_io },
		{ "pm-smbus", SMBUS_IO_SIZE, &zero_ops, &ich9->smbus_io },
		{ "lpc-rcrb-mmio", RCRB_SIZE, &zero_ops, &ich9->rcrb },
	};
	size_t i;
	int ret = 0;

	for (i = 0; i < sizeof(regions) / sizeof(regions[0]) && !ret; i++) {
		ret = memory_region_create_io(m->model, regions[i].name,
					      regions[i].size, regions[i].ops,
					      NULL, regions[i].out, err);
		if (!ret)
			ret = board_own(*regions[i].out, NULL, err);
	}
	return ret;
}

int ich9_init(struct ich9 *ich9, struct pci_bus *bus,
	      struct slotscope_error *err)
{
	struct machine *m = bus->m;
	int ret;

	ret = create_regions(ich9, m, err);
	if (!ret)
		ret = acpi_pm_init(&ich9->pm, m, "ich9-pm", PM_BLOCK_SIZE, true,
				   err);
	if (ret)
		return ret;
	ich9->pm.acpi_on = 2;
	ich9->pm.acpi_off = 3;
	ich9->pm.apm_smi = apm_smi;
	ich9->pm.opaque = ich9;
	init_lpc(ich9);
	init_ahci(ich9);
	init_smbus(ich9);
	pci_bus_add_device(bus, PCI_DEVFN(SLOT, 0), &ich9->lpc);
	pci_bus_add_device(bus, PCI_DEVFN(SLOT, 2), &ich9->ahci);
	pci_bus_add_device(bus, PCI_DEVFN(SLOT, 3), &ich9->smbus);
	return 0;
}
