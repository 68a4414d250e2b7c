// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rules: Intel 3 Series (Q35) datasheet (316966), registers PCIEXBAR, PAM, SMRAM and
 * ESMRAMC; for the two that the real one does not have, how
 * OVMF uses them (OvmfPkg: Q35MchIch9.h, SmramInternal.c).
 */
#include "machine/board.h"
#include "machine/i440fx.h"
#include "machine/mch.h"
#include "narrate/narrate.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

#define OWNER_HOST "dev path=/machine/q35"

#define SMRAM_HIGH  0xfeda0000
#define SMBASE	    0x30000
#define SMBASE_SIZE 0x20000

#define PCIEXBAR_RESET 0xb0000000ULL
#define PCIEXBAR_EN    0x1
#define PCIEXBAR_SIZE  0x6 /* 256, 128, 64 MiB */

#define EXT_TSEG_MBYTES 16
#define EXT_TSEG_QUERY	0xffff

#define SMRAM_WRITABLE \
	(SMRAM_D_OPEN | SMRAM_D_CLS | SMRAM_D_LCK | SMRAM_G_SMRAME)
#define ESMRAMC_WRITABLE (ESMRAMC_H_SMRAME | ESMRAMC_TSEG_SZ | ESMRAMC_T_EN)

/* F_SMBASE: written 0xff, reads 1 (it is there); then 2 hides the RAM at SMBASE */
enum { F_SMBASE_ASK = 0xff, F_SMBASE_THERE = 0x01, F_SMBASE_LOCKED = 0x02 };

static uint64_t tseg_size(const uint8_t *config)
{
	if (!(config[MCH_ESMRAMC] & ESMRAMC_T_EN) ||
	    !(config[MCH_SMRAM] & SMRAM_G_SMRAME))
		return 0;
	switch ((config[MCH_ESMRAMC] & ESMRAMC_TSEG_SZ) >> 1) {
	case 0:
		return MIB;
	case 1:
		return 2 * MIB;
	case 2:
		return 8 * MIB;
	}
	return EXT_TSEG_MBYTES * MIB;
}

/* A region of size 0 shows nothing; of TSEG's only so much as there is RAM */
static int apply_tseg(struct mch *mch, struct slotscope_error *err)
{
	uint64_t below_4g = mch->device.bus->m->layout.below_4g;
	uint64_t size = tseg_size(mch->device.config);
	gpa_t addr;
	int ret;

	if (size > below_4g)
		size = below_4g;
	addr = below_4g - size;
	if (size == memory_region_info(mch->tseg)->size)
		return 0;
	ret = memory_region_set_enabled(mch->tseg_hole, size, err);
	if (!ret)
		ret = memory_region_set_size(mch->tseg_hole, size, err);
	if (!ret)
		ret = memory_region_set_address(mch->tseg_hole, addr, err);
	if (!ret)
		ret = memory_region_set_enabled(mch->tseg, size, err);
	if (!ret)
		ret = memory_region_set_size(mch->tseg, size, err);
	if (!ret)
		ret = memory_region_set_address(mch->tseg, addr, err);
	if (!ret)
		ret = memory_region_set_alias_offset(mch->tseg, addr, err);
	return ret;
}

static int apply_smram(struct mch *mch, struct slotscope_error *err)
{
	uint8_t *config = mch->device.config;
	bool locked = config[MCH_SMRAM] & SMRAM_D_LCK;
	bool high = config[MCH_ESMRAMC] & ESMRAMC_H_SMRAME;
	bool for_smm = config[MCH_SMRAM] & SMRAM_G_SMRAME;
	bool open;
	int ret;

	if (locked)
		config[MCH_SMRAM] &= ~SMRAM_D_OPEN;
	mch->device.writable[MCH_SMRAM] = locked ? 0 : SMRAM_WRITABLE;
	mch->device.writable[MCH_ESMRAMC] = locked ? 0 : ESMRAMC_WRITABLE;
	open = config[MCH_SMRAM] & SMRAM_D_OPEN;
	ret = memory_region_set_enabled(mch->window, !open || high, err);
	if (!ret)
		ret = memory_region_set_enabled(mch->open_high, open && high,
						err);
	if (!ret)
		ret = memory_region_set_enabled(mch->low, for_smm && !high,
						err);
	if (!ret)
		ret = memory_region_set_enabled(mch->high, for_smm && high,
						err);
	return ret ? ret : apply_tseg(mch, err);
}

static int apply_smbase(struct mch *mch, const uint8_t *old,
			struct slotscope_error *err)
{
	uint8_t *reg = &mch->device.config[MCH_F_SMBASE];
	bool asked = old && old[MCH_F_SMBASE] == F_SMBASE_THERE;
	bool locked;
	int ret;

	if (*reg == F_SMBASE_ASK)
		*reg = F_SMBASE_THERE;
	else if (old && *reg != old[MCH_F_SMBASE] &&
		 !(asked && *reg == F_SMBASE_LOCKED))
		*reg = old[MCH_F_SMBASE];
	locked = *reg == F_SMBASE_LOCKED;
	mch->device.writable[MCH_F_SMBASE] = locked ? 0 : 0xff;
	ret = memory_region_set_enabled(mch->smbase_hole, locked, err);
	if (ret)
		return ret;
	return memory_region_set_enabled(mch->smbase, locked, err);
}

/* All ones ask for the size. What else is written changes nothing */
static void apply_ext_tseg(struct mch *mch)
{
	uint8_t *config = mch->device.config;

	if (pci_get(config, MCH_EXT_TSEG_MBYTES, 2) == EXT_TSEG_QUERY)
		pci_set(config, MCH_EXT_TSEG_MBYTES, 2, EXT_TSEG_MBYTES);
}

static int apply_pciexbar(struct mch *mch, struct slotscope_error *err)
{
	uint64_t reg = pci_get(mch->device.config, MCH_PCIEXBAR, 8);
	unsigned int shift = (reg & PCIEXBAR_SIZE) >> 1;
	uint64_t size = 256 * MIB >> shift;

	/* 3 is reserved */
	if (!(reg & PCIEXBAR_EN) || shift == 3)
		size = 0;
	return pci_host_set_mmconfig(mch->device.bus,
				     size ? reg & ~(size - 1) : 0, size,
				     OWNER_HOST, err);
}

static int changed(struct pci_device *device, const uint8_t *old,
		   struct slotscope_error *err)
{
	struct mch *mch = device->opaque;
	int ret;

	apply_ext_tseg(mch);
	ret = pam_apply(&mch->pam, device->config + MCH_PAM0, err);
	if (!ret)
		ret = apply_pciexbar(mch, err);
	if (!ret)
		ret = apply_smram(mch, err);
	if (!ret)
		ret = apply_smbase(mch, old, err);
	return ret;
}

/* In QEMU's order: what is open for a moment asks KVM for a slot */
static int add_regions(struct mch *mch, struct machine *m,
		       struct memory_region *pci, struct slotscope_error *err)
{
	struct memory_region *ram = m->ram, *all = m->system_memory;
	uint64_t below_4g = m->layout.below_4g;
	struct {
		struct memory_region *container;
		struct memory_region **out;
		struct board_alias alias;
	} aliases[] = {
		{ mch->smram,
		  &mch->low,
		  { "smram-low", SMRAM_LOW, SMRAM_LOW_SIZE, 0, ram, SMRAM_LOW,
		    MCH_OWNER, true } },
		{ mch->smram,
		  &mch->high,
		  { "smram-high", SMRAM_HIGH, SMRAM_LOW_SIZE, 0, ram, SMRAM_LOW,
		    MCH_OWNER, true } },
		{ mch->smram,
		  &mch->tseg,
		  { "tseg-window", below_4g, 0, 0, ram, below_4g, MCH_OWNER,
		    true } },
		{ mch->smram,
		  &mch->smbase,
		  { "smbase-window", SMBASE, SMBASE_SIZE, 0, ram, SMBASE,
		    MCH_OWNER, true } },
	};
	const struct {
		struct memory_region **out;
		struct board_io io;
	} holes[] = {
		{ &mch->tseg_hole,
		  { "tseg-blackhole", below_4g, 0, 1, NULL, NULL, MCH_OWNER,
		    true } },
		{ &mch->smbase_hole,
		  { "smbase-blackhole", SMBASE, SMBASE_SIZE, 1, NULL, NULL,
		    MCH_OWNER, true } },
	};
	const struct board_alias window = {
		"smram-region", SMRAM_LOW, SMRAM_LOW_SIZE, 1, pci,
		SMRAM_LOW,	MCH_OWNER, false
	};
	const struct board_alias open_high = {
		"smram-open-high", SMRAM_HIGH, SMRAM_LOW_SIZE, 1, ram,
		SMRAM_LOW,	   MCH_OWNER,  false
	};
	size_t i;
	int ret;

	ret = board_add_alias(m, all, &window, &mch->window, err);
	if (!ret)
		ret = board_add_alias(m, all, &open_high, &mch->open_high, err);
	if (!ret)
		ret = memory_region_set_enabled(mch->open_high, false, err);
	for (i = 0; i < sizeof(aliases) / sizeof(aliases[0]) && !ret; i++)
		ret = board_add_alias(m, aliases[i].container,
				      &aliases[i].alias, aliases[i].out, err);
	for (i = 0; i < sizeof(holes) / sizeof(holes[0]) && !ret; i++)
		ret = board_add_io(m, all, &holes[i].io, holes[i].out, err);
	return ret;
}

static void init_registers(struct mch *mch)
{
	static const struct pci_id id = {
		.vendor = 0x8086,
		.device = 0x29c0,
		.revision = 2,
		.class_code = 0x060000,
	};
	struct pci_device *device = &mch->device;
	unsigned int i;

	pci_device_init(device, &id);
	device->opaque = mch;
	device->changed = changed;
	for (i = 0; i < PAM_REGISTERS; i++)
		device->writable[MCH_PAM0 + i] = i ? 0x33 : 0x30;
	pci_set(device->config, MCH_PCIEXBAR, 8, PCIEXBAR_RESET);
	/* Its address has 36 bits, from 64 MiB up */
	pci_set(device->writable, MCH_PCIEXBAR, 8, 0xffc000007ULL);
	device->config[MCH_SMRAM] = SMRAM_C_BASE_SEG;
	device->config[MCH_ESMRAMC] = ESMRAMC_CACHE;
	device->clear[MCH_ESMRAMC] = ESMRAMC_E_SMERR;
	pci_set(device->writable, MCH_EXT_TSEG_MBYTES, 2, 0xffff);
}

int mch_init(struct mch *mch, struct pci_bus *bus, struct slotscope_error *err)
{
	struct machine *m = bus->m;
	int ret;
	NARRATE(MCH_REALIZE, NULL, NULL, "%s", "");

	init_registers(mch);
	ret = memory_region_add_subregion_overlap(m->system_memory, 0, -1,
						  bus->memory, err);
	if (ret)
		return ret;
	ret = memory_region_create(m->model, "smram", 4 * GIB, &mch->smram,
				   err);
	if (ret)
		return ret;
	m->smram = mch->smram;
	ret = board_own(mch->smram, MCH_OWNER, err);
	if (ret)
		return ret;
	ret = add_regions(mch, m, bus->memory, err);
	if (ret)
		return ret;
	ret = pam_init(&mch->pam, m, bus->memory, MCH_OWNER, err);
	if (ret)
		return ret;
	pci_bus_add_device(bus, PCI_DEVFN(0, 0), &mch->device);
	return 0;
}
