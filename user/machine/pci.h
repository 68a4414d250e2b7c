/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI, as far as memory needs it: one bus, configuration space (PCI 2.x: 256 bytes
 * a function), and BARs that the guest sizes, moves, switches on and off. No bus
 * mastering, no interrupts, no bridges to other buses.
 */
#ifndef SLOTSCOPE_MACHINE_PCI_H
#define SLOTSCOPE_MACHINE_PCI_H

#include "machine/machine.h"

#define PCI_CONFIG_SIZE 256
#define PCI_BARS	6
#define PCI_DEVFNS	256

#define PCI_DEVFN(slot, function) ((slot) << 3 | (function))

/* Configuration space, by PCI's specification */
enum {
	PCI_VENDOR_ID = 0x00,
	PCI_DEVICE_ID = 0x02,
	PCI_COMMAND = 0x04,
	PCI_STATUS = 0x06,
	PCI_REVISION_ID = 0x08,
	PCI_CLASS_PROG = 0x09,
	PCI_CLASS_DEVICE = 0x0a,
	PCI_CACHE_LINE_SIZE = 0x0c,
	PCI_LATENCY_TIMER = 0x0d,
	PCI_HEADER_TYPE = 0x0e,
	PCI_BAR0 = 0x10,
	PCI_SUBSYSTEM_VENDOR_ID = 0x2c,
	PCI_SUBSYSTEM_ID = 0x2e,
	PCI_INTERRUPT_LINE = 0x3c,
	PCI_INTERRUPT_PIN = 0x3d,
};

enum {
	PCI_COMMAND_IO = 1U << 0,
	PCI_COMMAND_MEMORY = 1U << 1,
	PCI_COMMAND_MASTER = 1U << 2,
	PCI_HEADER_MULTI_FUNCTION = 1U << 7,
};

/* How a BAR answers in its lowest bits */
enum {
	PCI_BAR_IO = 1U << 0,
	PCI_BAR_64 = 1U << 2,
	PCI_BAR_PREFETCH = 1U << 3,
};

/**
 * struct pci_bar - a range that the guest places
 * @region: what is there; NULL: the device has no such BAR
 * @size:   bytes, a power of 2
 * @flags:  PCI_BAR_*
 */
struct pci_bar {
	struct memory_region *region;
	uint64_t size;
	unsigned int flags;
};

struct pci_bus;

/**
 * struct pci_device - one function
 * @config:   configuration space, little endian
 * @writable: bits that the guest may change
 * @clear:    bits that it clears by writing 1
 * @initial:  @config at power on
 * @changed:  @config is not what it was, @old: make the model agree. In a
 *	      transaction. May correct @config and @writable. @old is NULL after a
 *	      reset. NULL: nothing but BARs changes
 * @opaque:   of the device's author
 *
 * Made by pci_device_init(), then adjusted by its author, then
 * pci_bus_add_device().
 */
struct pci_device {
	struct pci_bus *bus;
	uint8_t config[PCI_CONFIG_SIZE];
	uint8_t writable[PCI_CONFIG_SIZE];
	uint8_t clear[PCI_CONFIG_SIZE];
	uint8_t initial[PCI_CONFIG_SIZE];
	struct pci_bar bars[PCI_BARS];
	int (*changed)(struct pci_device *device, const uint8_t *old,
		       struct slotscope_error *err);
	void *opaque;
};

/**
 * struct pci_bus - bus 0
 * @memory:  what memory BARs are mapped in
 * @io:	     what I/O BARs are mapped in
 * @address: the register at port 0xcf8
 * @mmconfig: the same by memory accesses (PCI Express); NULL: not there
 * @open:    a commit failed for lack of memory: its transaction is still open
 */
struct pci_bus {
	struct machine *m;
	struct memory_region *memory;
	struct memory_region *io;
	struct memory_region *mmconfig;
	struct pci_device *devices[PCI_DEVFNS];
	uint32_t address;
	bool open;
};

/* Little endian fields of configuration space */
uint64_t pci_get(const uint8_t *config, unsigned int offset, unsigned int len);
void pci_set(uint8_t *config, unsigned int offset, unsigned int len,
	     uint64_t value);

/** struct pci_id - what a function says of itself */
struct pci_id {
	uint16_t vendor, device;
	uint8_t revision;
	uint32_t class_code; /* class, subclass, programming interface */
	bool multi_function;
};

/** pci_device_init() - a function with the registers that each has */
void pci_device_init(struct pci_device *device, const struct pci_id *id);

/**
 * pci_device_add_bar() - let the guest place @region
 * @size: a power of 2, 16 or more. PCI_BAR_64 takes the next BAR too
 */
void pci_device_add_bar(struct pci_device *device, unsigned int bar,
			struct memory_region *region, uint64_t size,
			unsigned int flags);

void pci_bus_init(struct pci_bus *bus, struct machine *m,
		  struct memory_region *memory);
void pci_bus_add_device(struct pci_bus *bus, unsigned int devfn,
			struct pci_device *device);

/** pci_bus_reset() - all functions as at power on; nothing mapped */
int pci_bus_reset(struct pci_bus *bus, struct slotscope_error *err);

/**
 * pci_config_read() - read configuration space
 * @devfn:  of bus 0
 * @offset: at or beyond PCI_CONFIG_SIZE, and where no function is: all ones
 */
uint32_t pci_config_read(const struct pci_bus *bus, unsigned int devfn,
			 unsigned int offset, unsigned int len);

/** pci_config_write() - write it, and move what it places. -errno: see @err */
int pci_config_write(struct pci_bus *bus, unsigned int devfn,
		     unsigned int offset, uint32_t value, unsigned int len,
		     struct slotscope_error *err);

/**
 * pci_host_init() - the ports 0xcf8 and 0xcfc
 * @owner: the host bridge
 */
int pci_host_init(struct pci_bus *bus, const char *owner,
		  struct slotscope_error *err);

/**
 * pci_host_set_mmconfig() - move or hide the memory that is configuration space
 * @size: bytes, 1 MiB for each bus; 0: hide it
 * @owner: the host bridge
 */
int pci_host_set_mmconfig(struct pci_bus *bus, gpa_t addr, uint64_t size,
			  const char *owner, struct slotscope_error *err);

#endif
