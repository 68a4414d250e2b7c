// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>

#include "machine/board.h"
#include "machine/pam.h"
#include "narrate/narrate.h"

#define KIB 1024ULL

#define EXPAN	   0xc0000
#define EXPAN_SIZE (16 * KIB)
#define BIOS	   0xf0000
#define BIOS_SIZE  (64 * KIB)

/*
 * Where a range is to be read from and written to can differ. A region can do only
 * one thing, so two of the four are not exact, as in QEMU, whose names and order
 * these are: reads from RAM and writes to PCI drop the writes ("pam-rom"), reads
 * from PCI and writes to RAM read RAM too (the second "pam-pci").
 */
static const struct {
	unsigned int attribute;
	const char *name;
	bool ram;
	bool readonly;
} kinds[] = {
	{ 0, "pam-pci", false, false },
	{ PAM_READ_RAM, "pam-rom", true, true },
	{ PAM_WRITE_RAM, "pam-pci", true, false },
	{ PAM_READ_RAM | PAM_WRITE_RAM, "pam-ram", true, false },
};

static int add_range(struct pam *pam, unsigned int range, struct machine *m,
		     struct memory_region *pci, const char *owner,
		     struct slotscope_error *err)
{
	struct board_alias alias = {
		.addr = range ? EXPAN + (range - 1) * EXPAN_SIZE : BIOS,
		.size = range ? EXPAN_SIZE : BIOS_SIZE,
		.priority = 1,
		.owner = owner,
		.hidden = true,
	};
	struct memory_region **out;
	size_t i;
	int ret;
	NARRATE(INIT_PAM, NULL, NULL, "0x%" PRIx64 ", 0x%" PRIx64, alias.addr,
		alias.size);

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		alias.name = kinds[i].name;
		alias.target = kinds[i].ram ? m->ram : pci;
		alias.offset = alias.addr;
		out = &pam->ranges[range][kinds[i].attribute];
		ret = board_add_alias(m, m->system_memory, &alias, out, err);
		if (!ret && kinds[i].readonly)
			ret = memory_region_set_readonly(*out, true, err);
		if (ret)
			return ret;
	}
	return 0;
}

int pam_init(struct pam *pam, struct machine *m, struct memory_region *pci,
	     const char *owner, struct slotscope_error *err)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < PAM_RANGES && !ret; i++)
		ret = add_range(pam, i, m, pci, owner, err);
	return ret;
}

/* PAM0's upper half is 0xf0000; the others have the lower range in the lower half */
static unsigned int attribute(const uint8_t registers[PAM_REGISTERS],
			      unsigned int range)
{
	unsigned int byte = (range + 1) / 2;
	unsigned int shift = range % 2 ? 0 : 4;

	return registers[byte] >> shift & (PAM_ATTRIBUTES - 1);
}

int pam_apply(struct pam *pam, const uint8_t registers[PAM_REGISTERS],
	      struct slotscope_error *err)
{
	unsigned int i, j, wanted;
	int ret;

	for (i = 0; i < PAM_RANGES; i++) {
		wanted = attribute(registers, i);
		for (j = 0; j < PAM_ATTRIBUTES; j++) {
			ret = memory_region_set_enabled(pam->ranges[i][j],
							j == wanted, err);
			if (ret)
				return ret;
		}
	}
	return 0;
}
