// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/acpi_pm.h"
#include "machine/board.h"

#define TIMER_HZ   3579545ULL
#define TIMER_MASK 0xffffff /* 24 bits */
#define NS	   1000000000ULL

/* Offsets in the block */
enum {
	PM_EVENT = 0x00,
	PM_CONTROL = 0x04,
	PM_TIMER = 0x08,
	PM_SMI_EN = 0x30,
};

enum {
	CONTROL_SCI_EN = 1U << 0,
	CONTROL_SLP_TYP = 7U << 10,
	CONTROL_SLP_EN = 1U << 13,
	STATUS_BITS =
		0x8731, /* timer, bus master, global, buttons, RTC, wake */
};

#define APM_PORT 0xb2

static enum memtx_result event_read(void *opaque, uint64_t addr,
				    unsigned int size, uint64_t *data)
{
	const struct acpi_pm *pm = opaque;

	*data = addr ? pm->enable : pm->status;
	return MEMTX_OK;
}

static enum memtx_result event_write(void *opaque, uint64_t addr,
				     unsigned int size, uint64_t data)
{
	struct acpi_pm *pm = opaque;

	if (addr)
		pm->enable = data;
	else
		pm->status &= ~data;
	return MEMTX_OK;
}

static const struct memory_region_ops event_ops = {
	.read = event_read,
	.write = event_write,
	.endian = MEMORY_ENDIAN_LITTLE,
	.valid = { .min_access_size = 1, .max_access_size = 4 },
	.impl = { .min_access_size = 2, .max_access_size = 2 },
};

static enum memtx_result control_read(void *opaque, uint64_t addr,
				      unsigned int size, uint64_t *data)
{
	const struct acpi_pm *pm = opaque;

	*data = pm->control >> 8 * addr;
	return MEMTX_OK;
}

/*
 * Sleep type 0 is what QEMU's ACPI tables and SeaBIOS's say for soft off. Other
 * kinds of sleep keep memory as it is, and a waking device: there is none here.
 */
static enum memtx_result control_write(void *opaque, uint64_t addr,
				       unsigned int size, uint64_t data)
{
	struct acpi_pm *pm = opaque;
	const struct machine_ops *ops = pm->m->ops;
	unsigned int mask = size == 1 ? 0xff : 0xffff;

	pm->control &= ~(mask << 8 * addr);
	pm->control |= data << 8 * addr;
	if (pm->control & CONTROL_SLP_EN && !(pm->control & CONTROL_SLP_TYP) &&
	    ops->shutdown)
		ops->shutdown(ops->opaque);
	pm->control &= ~CONTROL_SLP_EN;
	return MEMTX_OK;
}

static const struct memory_region_ops control_ops = {
	.read = control_read,
	.write = control_write,
	.endian = MEMORY_ENDIAN_LITTLE,
	.valid = { .min_access_size = 1, .max_access_size = 2 },
	.impl = { .min_access_size = 1, .max_access_size = 2 },
};

static enum memtx_result timer_read(void *opaque, uint64_t addr,
				    unsigned int size, uint64_t *data)
{
	const struct acpi_pm *pm = opaque;
	const struct machine_ops *ops = pm->m->ops;
	uint64_t now = ops->now_ns ? ops->now_ns(ops->opaque) : 0;

	/* In two steps, since 64 bits would overflow after 86 minutes */
	*data = (now / NS * TIMER_HZ + now % NS * TIMER_HZ / NS) & TIMER_MASK;
	return MEMTX_OK;
}

static enum memtx_result timer_write(void *opaque, uint64_t addr,
				     unsigned int size, uint64_t data)
{
	return MEMTX_OK;
}

static const struct memory_region_ops timer_ops = {
	.read = timer_read,
	.write = timer_write,
	.endian = MEMORY_ENDIAN_LITTLE,
	.impl = { .min_access_size = 4, .max_access_size = 4 },
};

static enum memtx_result smi_read(void *opaque, uint64_t addr,
				  unsigned int size, uint64_t *data)
{
	const struct acpi_pm *pm = opaque;

	*data = addr ? 0 : pm->smi_en;
	return MEMTX_OK;
}

static enum memtx_result smi_write(void *opaque, uint64_t addr,
				   unsigned int size, uint64_t data)
{
	struct acpi_pm *pm = opaque;

	if (addr)
		return MEMTX_OK;
	/* A locked chipset keeps SMIs on until the next reset */
	if (pm->smi_locked && pm->smi_en & SMI_EN_GBL)
		data |= SMI_EN_GBL;
	pm->smi_en = data;
	return MEMTX_OK;
}

static const struct memory_region_ops smi_ops = {
	.read = smi_read,
	.write = smi_write,
	.endian = MEMORY_ENDIAN_LITTLE,
	.impl = { .min_access_size = 4, .max_access_size = 4 },
};

static enum memtx_result apm_read(void *opaque, uint64_t addr,
				  unsigned int size, uint64_t *data)
{
	const struct acpi_pm *pm = opaque;

	*data = addr ? pm->apm_status : pm->apm_command;
	return MEMTX_OK;
}

static enum memtx_result apm_write(void *opaque, uint64_t addr,
				   unsigned int size, uint64_t data)
{
	struct acpi_pm *pm = opaque;
	const struct machine_ops *ops = pm->m->ops;

	if (addr) {
		pm->apm_status = data;
		return MEMTX_OK;
	}
	pm->apm_command = data;
	/* What an SMI handler would do, had there been one */
	if (pm->apm_command == pm->acpi_on)
		pm->control |= CONTROL_SCI_EN;
	else if (pm->apm_command == pm->acpi_off)
		pm->control &= ~CONTROL_SCI_EN;
	if (ops->smi && pm->apm_smi(pm->opaque))
		ops->smi(ops->opaque, pm->smi_first);
	return MEMTX_OK;
}

static const struct memory_region_ops apm_ops = {
	.read = apm_read,
	.write = apm_write,
	.endian = MEMORY_ENDIAN_LITTLE,
	.impl = { .min_access_size = 1, .max_access_size = 1 },
};

int acpi_pm_init(struct acpi_pm *pm, struct machine *m, const char *name,
		 uint64_t size, bool ich9, struct slotscope_error *err)
{
	const struct board_io registers[] = {
		{ "acpi-evt", PM_EVENT, 4, 0, &event_ops, pm, NULL, false },
		{ "acpi-cnt", PM_CONTROL, 2, 0, &control_ops, pm, NULL, false },
		{ "acpi-tmr", PM_TIMER, 4, 0, &timer_ops, pm, NULL, false },
		{ "acpi-smi", PM_SMI_EN, 8, 0, &smi_ops, pm, NULL, false },
	};
	const struct board_io apm = { "apm-io", APM_PORT, 2,	0,
				      &apm_ops, pm,	  NULL, false };
	size_t i;
	int ret;

	pm->m = m;
	ret = memory_region_create(m->model, name, size, &pm->block, err);
	if (!ret)
		ret = memory_region_set_enabled(pm->block, false, err);
	if (!ret)
		ret = board_place(m->system_io, pm->block, 0, 0, NULL, err);
	for (i = 0; i < (ich9 ? 4 : 3) && !ret; i++)
		ret = board_add_io(m, pm->block, &registers[i], NULL, err);
	return ret ? ret : board_add_io(m, m->system_io, &apm, NULL, err);
}

int acpi_pm_map(struct acpi_pm *pm, uint16_t base, bool enabled,
		struct slotscope_error *err)
{
	const struct memory_region_info *info = memory_region_info(pm->block);
	int ret;

	if (info->addr != base) {
		ret = memory_region_set_address(pm->block, base, err);
		if (ret)
			return ret;
	}
	return memory_region_set_enabled(pm->block, enabled, err);
}

void acpi_pm_reset(struct acpi_pm *pm)
{
	pm->status = 0;
	pm->enable = 0;
	pm->control = 0;
	pm->apm_command = 0;
	pm->apm_status = 0;
	pm->smi_locked = false;
	/* Without SMM, firmware is told that somebody has set it up already */
	pm->smi_en = pm->m->options->smm ? 0 : SMI_EN_APMC;
}
