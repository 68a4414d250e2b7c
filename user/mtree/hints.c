// SPDX-License-Identifier: GPL-2.0-or-later
#include <fnmatch.h>
#include <stddef.h>

#include "mtree/hints.h"

static const struct {
	const char *name; /* fnmatch(3) */
	unsigned int hints;
} table[] = {
	{ "io", MTREE_HINT_TERMINATES },
	{ "rtc", MTREE_HINT_TERMINATES },
	{ "vga.mmio", MTREE_HINT_TERMINATES },
	{ "bochs-display-mmio", MTREE_HINT_TERMINATES },
	{ "megasas-mmio", MTREE_HINT_TERMINATES },
	{ "gpex_mmio_window", MTREE_HINT_TERMINATES },
	{ "vtd-*-dmar", MTREE_HINT_TERMINATES },
	/* Of other targets */
	{ "ahci", MTREE_HINT_TERMINATES },
	{ "aspeed.i2c", MTREE_HINT_TERMINATES },
	{ "aspeed.sdhci", MTREE_HINT_TERMINATES },
	{ "aspeed.smc.flash", MTREE_HINT_TERMINATES },
	{ "dino", MTREE_HINT_TERMINATES },
	{ "gpex_ioport_window", MTREE_HINT_TERMINATES },
	{ "iocsr", MTREE_HINT_TERMINATES },
	{ "onenand", MTREE_HINT_TERMINATES },
	{ "pci-isa-mmio", MTREE_HINT_TERMINATES },
	{ "sabre-config", MTREE_HINT_TERMINATES },
	{ "unin-pci-isa-mmio", MTREE_HINT_TERMINATES },
	{ "via-pm", MTREE_HINT_TERMINATES },
	{ "xtfpga.io", MTREE_HINT_TERMINATES },
	/* All that their address spaces have */
	{ "er", MTREE_HINT_TERMINATES },
	{ "iommu-sun4*", MTREE_HINT_TERMINATES },
	{ "phb*iommu", MTREE_HINT_TERMINATES },
	{ "smmuv3-iommu-memory-region-*", MTREE_HINT_TERMINATES },

	{ "device-memory", MTREE_HINT_CONTAINER },
	{ "e1000e-flash", MTREE_HINT_CONTAINER },
	{ "gpex_mmio", MTREE_HINT_CONTAINER },
	{ "pci", MTREE_HINT_CONTAINER },
	{ "pci-testdev-membar", MTREE_HINT_CONTAINER },
	{ "pci_bridge_pci", MTREE_HINT_CONTAINER },
	/* A bridge's window of that name is an alias; closed, it is empty */
	{ "pci_bridge_io", MTREE_HINT_CONTAINER | MTREE_HINT_EMPTY },
	{ "pci_bridge_mem", MTREE_HINT_EMPTY },
	{ "pci_bridge_pref_mem", MTREE_HINT_EMPTY },
	/* Of other targets */
	{ "PCI Outbound Viewport *", MTREE_HINT_CONTAINER },
	{ "gpex_ioport", MTREE_HINT_CONTAINER },
	{ "isa-mem", MTREE_HINT_CONTAINER },
	{ "memhp container", MTREE_HINT_CONTAINER },
	{ "pci bus memory", MTREE_HINT_CONTAINER },
	{ "pci-memory", MTREE_HINT_CONTAINER },
	{ "pci0-io", MTREE_HINT_CONTAINER },
	{ "pci0-mem", MTREE_HINT_CONTAINER },
	{ "pci_io", MTREE_HINT_CONTAINER },
	{ "pci_mem", MTREE_HINT_CONTAINER },
	{ "platform bus", MTREE_HINT_CONTAINER },
	{ "tce-root-*", MTREE_HINT_CONTAINER },
	{ "via-superio", MTREE_HINT_CONTAINER },
	{ "xive-vc-*", MTREE_HINT_CONTAINER },
	/* Without -D none of its windows shows */
	{ "smram", MTREE_HINT_CONTAINER },
	{ "tseg-blackhole", MTREE_HINT_EMPTY },
	{ "tseg-window", MTREE_HINT_EMPTY },

	{ "pam-rom", MTREE_HINT_READONLY },
	/* Not of isapc's pc.bios, which is RAM; newer QEMUs have it of a flash */
	{ "isa-bios", MTREE_HINT_READONLY_ROMD },
};

unsigned int mtree_hints(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (fnmatch(table[i].name, name, 0) == 0)
			return table[i].hints;
	return 0;
}
