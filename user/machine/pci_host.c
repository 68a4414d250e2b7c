// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a CPU reaches configuration space: configuration mechanism #1 (an address at
 * port 0xcf8, data at 0xcfc), and PCI Express's window in memory.
 */
#include "machine/board.h"
#include "machine/pci.h"

#define ADDRESS_PORT 0xcf8
#define DATA_PORT    0xcfc
#define ENABLE	     (1U << 31)
#define BUS_SHIFT    20 /* of the address in the window */

static enum memtx_result address_read(void *opaque, uint64_t addr,
				      unsigned int size, uint64_t *data)
{
	const struct pci_bus *bus = opaque;

	*data = bus->address >> 8 * addr;
	return MEMTX_OK;
}

/* The guest cannot be told why; what it wrote takes effect with its next write */
static enum memtx_result config_write(struct pci_bus *bus, unsigned int devfn,
				      unsigned int offset, unsigned int size,
				      uint64_t data)
{
	struct slotscope_error err = {};

	return pci_config_write(bus, devfn, offset, data, size, &err) ?
		       MEMTX_ERROR :
		       MEMTX_OK;
}

/* The register takes 4 bytes at once; others are what ISA had at these ports */
static enum memtx_result address_write(void *opaque, uint64_t addr,
				       unsigned int size, uint64_t data)
{
	struct pci_bus *bus = opaque;

	if (!addr && size == 4)
		bus->address = data;
	return MEMTX_OK;
}

static const struct memory_region_ops address_ops = {
	.read = address_read,
	.write = address_write,
	.endian = MEMORY_ENDIAN_LITTLE,
};

static enum memtx_result data_read(void *opaque, uint64_t addr,
				   unsigned int size, uint64_t *data)
{
	const struct pci_bus *bus = opaque;
	uint32_t at = bus->address;

	*data = UINT64_MAX;
	if (at & ENABLE && !(at >> 16 & 0xff))
		*data = pci_config_read(bus, at >> 8 & 0xff, (at & 0xfc) + addr,
					size);
	return MEMTX_OK;
}

static enum memtx_result data_write(void *opaque, uint64_t addr,
				    unsigned int size, uint64_t data)
{
	struct pci_bus *bus = opaque;
	uint32_t at = bus->address;

	if (!(at & ENABLE) || at >> 16 & 0xff)
		return MEMTX_OK;
	return config_write(bus, at >> 8 & 0xff, (at & 0xfc) + addr, size,
			    data);
}

static const struct memory_region_ops data_ops = {
	.read = data_read,
	.write = data_write,
	.endian = MEMORY_ENDIAN_LITTLE,
};

int pci_host_init(struct pci_bus *bus, const char *owner,
		  struct slotscope_error *err)
{
	const struct board_io ports[] = {
		{ "pci-conf-idx", ADDRESS_PORT, 4, 0, &address_ops, bus, owner,
		  false },
		{ "pci-conf-data", DATA_PORT, 4, 0, &data_ops, bus, owner,
		  false },
	};
	size_t i;
	int ret = 0;

	for (i = 0; i < 2 && !ret; i++)
		ret = board_add_io(bus->m, bus->m->system_io, &ports[i], NULL,
				   err);
	return ret;
}

/* Bus, device and function, 4 KiB each, of which PCI has the first 256 bytes */
static enum memtx_result window_read(void *opaque, uint64_t addr,
				     unsigned int size, uint64_t *data)
{
	const struct pci_bus *bus = opaque;

	*data = addr >> BUS_SHIFT ? UINT64_MAX :
				    pci_config_read(bus, addr >> 12 & 0xff,
						    addr & 0xfff, size);
	return MEMTX_OK;
}

static enum memtx_result window_write(void *opaque, uint64_t addr,
				      unsigned int size, uint64_t data)
{
	struct pci_bus *bus = opaque;

	if (addr >> BUS_SHIFT)
		return MEMTX_OK;
	return config_write(bus, addr >> 12 & 0xff, addr & 0xfff, size, data);
}

static const struct memory_region_ops window_ops = {
	.read = window_read,
	.write = window_write,
	.endian = MEMORY_ENDIAN_LITTLE,
};

int pci_host_set_mmconfig(struct pci_bus *bus, gpa_t addr, uint64_t size,
			  const char *owner, struct slotscope_error *err)
{
	struct board_io window = { "pcie-mmcfg-mmio", addr, size,  0,
				   &window_ops,	      bus,  owner, false };
	int ret;

	if (!bus->mmconfig) {
		if (!size)
			return 0;
		return board_add_io(bus->m, bus->m->system_memory, &window,
				    &bus->mmconfig, err);
	}
	ret = size ? memory_region_set_size(bus->mmconfig, size, err) : 0;
	if (ret)
		return ret;
	return board_move(bus->m->system_memory, bus->mmconfig, addr, 0, size,
			  err);
}
