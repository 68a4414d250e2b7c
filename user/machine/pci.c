// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules: PCI Local Bus Specification 3.0, chapter 6. */
#include <string.h>

#include "machine/board.h"
#include "machine/pci.h"

#define STATUS_ERRORS 0xf900 /* cleared by writing 1 */

/* By these SeaBIOS knows a chipset for QEMU's */
#define QEMU_SUBSYSTEM_VENDOR 0x1af4
#define QEMU_SUBSYSTEM	      0x1100

uint64_t pci_get(const uint8_t *config, unsigned int offset, unsigned int len)
{
	uint64_t value = 0;

	while (len--)
		value = value << 8 | config[offset + len];
	return value;
}

void pci_set(uint8_t *config, unsigned int offset, unsigned int len,
	     uint64_t value)
{
	for (; len; len--, value >>= 8)
		config[offset++] = value;
}

void pci_device_init(struct pci_device *device, const struct pci_id *id)
{
	memset(device, 0, sizeof(*device));
	pci_set(device->config, PCI_VENDOR_ID, 2, id->vendor);
	pci_set(device->config, PCI_DEVICE_ID, 2, id->device);
	pci_set(device->config, PCI_REVISION_ID, 1, id->revision);
	pci_set(device->config, PCI_CLASS_PROG, 3, id->class_code);
	pci_set(device->config, PCI_SUBSYSTEM_VENDOR_ID, 2,
		QEMU_SUBSYSTEM_VENDOR);
	pci_set(device->config, PCI_SUBSYSTEM_ID, 2, QEMU_SUBSYSTEM);
	if (id->multi_function)
		device->config[PCI_HEADER_TYPE] = PCI_HEADER_MULTI_FUNCTION;
	pci_set(device->writable, PCI_COMMAND, 2, 0x0547);
	pci_set(device->clear, PCI_STATUS, 2, STATUS_ERRORS);
	device->writable[PCI_CACHE_LINE_SIZE] = 0xff;
	device->writable[PCI_INTERRUPT_LINE] = 0xff;
}

void pci_device_add_bar(struct pci_device *device, unsigned int bar,
			struct memory_region *region, uint64_t size,
			unsigned int flags)
{
	unsigned int len = flags & PCI_BAR_64 ? 8 : 4;

	device->bars[bar] = (struct pci_bar){
		.region = region,
		.size = size,
		.flags = flags,
	};
	/* What stays 0 when all ones are written tells the guest the size */
	pci_set(device->writable, PCI_BAR0 + 4 * bar, len, ~(size - 1));
	pci_set(device->config, PCI_BAR0 + 4 * bar, len, flags);
}

void pci_bus_init(struct pci_bus *bus, struct machine *m,
		  struct memory_region *memory)
{
	*bus = (struct pci_bus){
		.m = m,
		.memory = memory,
		.io = m->system_io,
	};
}

void pci_bus_add_device(struct pci_bus *bus, unsigned int devfn,
			struct pci_device *device)
{
	memcpy(device->initial, device->config, sizeof(device->config));
	device->bus = bus;
	bus->devices[devfn] = device;
}

/*
 * Where a BAR wants to be. False: nowhere. An address of 0 is not yet set, one whose
 * end wraps is what the guest wrote to learn the size.
 */
static bool bar_addr(const struct pci_device *device, unsigned int i,
		     gpa_t *addr)
{
	const struct pci_bar *bar = &device->bars[i];
	unsigned int command = pci_get(device->config, PCI_COMMAND, 2);
	unsigned int len = bar->flags & PCI_BAR_64 ? 8 : 4;
	uint64_t limit = bar->flags & PCI_BAR_IO ? 0xffff :
			 bar->flags & PCI_BAR_64 ? UINT64_MAX :
						   UINT32_MAX;
	uint64_t value = pci_get(device->config, PCI_BAR0 + 4 * i, len);
	uint64_t last;

	if (!(command &
	      (bar->flags & PCI_BAR_IO ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY)))
		return false;
	*addr = value & ~(bar->size - 1);
	last = *addr + bar->size - 1;
	return *addr && last > *addr && last < limit;
}

static int update_bars(struct pci_device *device, struct slotscope_error *err)
{
	const struct pci_bar *bar;
	unsigned int i;
	gpa_t addr = 0;
	bool wanted;
	int ret = 0;

	for (i = 0; i < PCI_BARS && !ret; i++) {
		bar = &device->bars[i];
		if (!bar->region)
			continue;
		wanted = bar_addr(device, i, &addr);
		ret = board_move(bar->flags & PCI_BAR_IO ? device->bus->io :
							   device->bus->memory,
				 bar->region, addr, 1, wanted, err);
	}
	return ret;
}

/*
 * A commit that lacked memory leaves its transaction open. The next write then goes
 * on in it, and nothing is lost.
 */
static void begin(struct pci_bus *bus)
{
	if (!bus->open)
		memory_model_begin(bus->m->model);
	bus->open = true;
}

/* @failed: what went wrong before, told in @err; it must not be lost */
static int commit(struct pci_bus *bus, int failed, struct slotscope_error *err)
{
	struct slotscope_error ignored = {};
	int ret;

	ret = memory_model_commit(bus->m->model, failed ? &ignored : err);
	bus->open = ret != 0;
	return failed ? failed : ret;
}

static int apply(struct pci_device *device, const uint8_t *old,
		 struct slotscope_error *err)
{
	int ret = update_bars(device, err);

	if (!ret && device->changed)
		ret = device->changed(device, old, err);
	return ret;
}

int pci_bus_reset(struct pci_bus *bus, struct slotscope_error *err)
{
	struct pci_device *device;
	unsigned int i;
	int ret = 0;

	bus->address = 0;
	begin(bus);
	for (i = 0; i < PCI_DEVFNS && !ret; i++) {
		device = bus->devices[i];
		if (!device)
			continue;
		memcpy(device->config, device->initial, sizeof(device->config));
		ret = apply(device, NULL, err);
	}
	return commit(bus, ret, err);
}

uint32_t pci_config_read(const struct pci_bus *bus, unsigned int devfn,
			 unsigned int offset, unsigned int len)
{
	const struct pci_device *device = bus->devices[devfn];
	uint32_t value = 0;

	while (len--) {
		value <<= 8;
		value |= device && offset + len < PCI_CONFIG_SIZE ?
				 device->config[offset + len] :
				 0xff;
	}
	return value;
}

int pci_config_write(struct pci_bus *bus, unsigned int devfn,
		     unsigned int offset, uint32_t value, unsigned int len,
		     struct slotscope_error *err)
{
	struct pci_device *device = bus->devices[devfn];
	uint8_t old[PCI_CONFIG_SIZE];
	int ret;
	uint8_t *byte;

	if (!device)
		return 0;
	memcpy(old, device->config, sizeof(old));
	for (; len && offset < PCI_CONFIG_SIZE; len--, offset++, value >>= 8) {
		byte = &device->config[offset];
		*byte = (*byte & ~device->writable[offset]) |
			(value & device->writable[offset]);
		*byte &= ~(value & device->clear[offset]);
	}
	begin(bus);
	ret = apply(device, old, err);
	return commit(bus, ret, err);
}
