// SPDX-License-Identifier: GPL-2.0-or-later
#include <fnmatch.h>
#include <stddef.h>

#include "memory/mtree_hints.h"

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

	{ "device-memory", MTREE_HINT_CONTAINER },
	{ "e1000e-flash", MTREE_HINT_CONTAINER },
	{ "gpex_mmio", MTREE_HINT_CONTAINER },
	{ "pci-testdev-membar", MTREE_HINT_CONTAINER },
	{ "pci_bridge_pci", MTREE_HINT_CONTAINER },
	/* A bridge's window of that name is an alias; closed, it is empty */
	{ "pci_bridge_io", MTREE_HINT_CONTAINER | MTREE_HINT_EMPTY },
	{ "pci_bridge_mem", MTREE_HINT_EMPTY },
	{ "pci_bridge_pref_mem", MTREE_HINT_EMPTY },
	/* Without -D none of its windows shows */
	{ "smram", MTREE_HINT_CONTAINER },
	{ "tseg-blackhole", MTREE_HINT_EMPTY },
	{ "tseg-window", MTREE_HINT_EMPTY },

	/* isa-bios is one too, but only of a pc.bios that is a ROM itself */
	{ "pam-rom", MTREE_HINT_READONLY },

	{ "pc.ram", MTREE_HINT_RAM },
	{ "vga.vram", MTREE_HINT_RAM },
};

unsigned int mtree_hints(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (fnmatch(table[i].name, name, 0) == 0)
			return table[i].hints;
	return 0;
}
