// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules: Intel 82441FX datasheet (290549), PAM and SMRAM registers. */
#include "machine/board.h"
#include "machine/i440fx.h"
#include "narrate/narrate.h"

#define GIB (1ULL << 30)

/* QEMU's name for the bridge as a function, which owns what SMRAM needs */
#define OWNER_FUNCTION "dev path=/machine/unattached/device[3]"

/* What the guest may write to SMRAM; of a locked one nothing */
#define SMRAM_WRITABLE \
	(SMRAM_D_OPEN | SMRAM_D_CLS | SMRAM_D_LCK | SMRAM_G_SMRAME)

static int changed(struct pci_device *device, const uint8_t *old,
		   struct slotscope_error *err)
{
	struct i440fx *bridge = device->opaque;
	uint8_t *smram = &device->config[I440FX_SMRAM];
	int ret;

	if (*smram & SMRAM_D_LCK)
		*smram &= ~SMRAM_D_OPEN;
	device->writable[I440FX_SMRAM] = *smram & SMRAM_D_LCK ? 0 :
								SMRAM_WRITABLE;
	ret = pam_apply(&bridge->pam, device->config + I440FX_PAM0, err);
	if (ret)
		return ret;
	ret = memory_region_set_enabled(bridge->window,
					!(*smram & SMRAM_D_OPEN), err);
	if (ret)
		return ret;
	return memory_region_set_enabled(bridge->smram, *smram & SMRAM_G_SMRAME,
					 err);
}

/* What SMM sees more than others */
static int add_smram(struct i440fx *bridge, struct machine *m,
		     struct slotscope_error *err)
{
	const struct board_alias low = {
		.name = "smram-low",
		.addr = SMRAM_LOW,
		.size = SMRAM_LOW_SIZE,
		.target = m->ram,
		.offset = SMRAM_LOW,
		.owner = OWNER_FUNCTION,
	};
	int ret;

	ret = memory_region_create(m->model, "smram", 4 * GIB, &bridge->smram,
				   err);
	if (ret)
		return ret;
	ret = board_own(bridge->smram, OWNER_FUNCTION, err);
	if (ret)
		return ret;
	m->smram = bridge->smram;
	return board_add_alias(m, bridge->smram, &low, NULL, err);
}

int i440fx_init(struct i440fx *bridge, struct pci_bus *bus,
		struct slotscope_error *err)
{
	static const struct pci_id id = {
		.vendor = 0x8086,
		.device = 0x1237,
		.revision = 2,
		.class_code = 0x060000,
	};
	struct machine *m = bus->m;
	const struct board_alias window = {
		.name = "smram-region",
		.addr = SMRAM_LOW,
		.size = SMRAM_LOW_SIZE,
		.priority = 1,
		.target = bus->memory,
		.offset = SMRAM_LOW,
		.owner = OWNER_FUNCTION,
	};
	unsigned int i;
	int ret;
	NARRATE(I440FX_INIT, NULL, NULL, "%s", "");

	pci_device_init(&bridge->device, &id);
	bridge->device.opaque = bridge;
	bridge->device.changed = changed;
	for (i = 0; i < PAM_REGISTERS; i++)
		bridge->device.writable[I440FX_PAM0 + i] = i ? 0x33 : 0x30;
	bridge->device.config[I440FX_SMRAM] = SMRAM_C_BASE_SEG;

	ret = memory_region_add_subregion_overlap(m->system_memory, 0, -1,
						  bus->memory, err);
	if (ret)
		return ret;
	ret = board_add_alias(m, m->system_memory, &window, &bridge->window,
			      err);
	if (ret)
		return ret;
	ret = add_smram(bridge, m, err);
	if (ret)
		return ret;
	ret = pam_init(&bridge->pam, m, bus->memory, I440FX_OWNER, err);
	if (ret)
		return ret;
	pci_bus_add_device(bus, PCI_DEVFN(0, 0), &bridge->device);
	/* QEMU's shows PCI from the start, not only from the first reset on */
	memory_model_begin(m->model);
	ret = pam_apply(&bridge->pam, bridge->device.config + I440FX_PAM0, err);
	return ret ? ret : memory_model_commit(m->model, err);
}
