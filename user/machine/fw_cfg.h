/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's fw_cfg: how firmware made for QEMU learns what the machine is. By its
 * specification (QEMU's docs/specs/fw_cfg.rst); reading only.
 */
#ifndef SLOTSCOPE_MACHINE_FW_CFG_H
#define SLOTSCOPE_MACHINE_FW_CFG_H

#include "machine/machine.h"

#define FW_CFG_FILES_MAX 4
#define FW_CFG_E820_MAX	 3

/* An entry of the file "etc/e820" */
struct fw_cfg_e820 {
	uint64_t addr, size;
	uint32_t type;
} __attribute__((packed));

struct fw_cfg_item {
	uint16_t key;
	const void *data;
	uint32_t len;
};

/* An entry of the directory; numbers are big endian */
struct fw_cfg_file {
	uint32_t size;
	uint16_t select;
	uint16_t reserved;
	char name[56];
} __attribute__((packed));

/**
 * struct fw_cfg - the device
 * @selected: an item, or NULL: then zeros are read
 * @offset:   what is read next
 * @dma_high: upper half of the address of a DMA request
 *
 * What the guest reads is built once.
 */
struct fw_cfg {
	struct machine *m;
	const struct fw_cfg_item *selected;
	uint32_t offset;
	uint32_t dma_high;
	uint32_t id;
	uint64_t ram_size;
	uint16_t nr_cpus;
	uint16_t max_cpus;
	uint16_t no_menu;
	uint8_t irq0_override;
	uint64_t numa_nodes;
	uint32_t boot_fail_wait;
	struct fw_cfg_e820 e820[FW_CFG_E820_MAX];
	size_t nr_e820;
	struct {
		uint32_t count;
		struct fw_cfg_file files[FW_CFG_FILES_MAX];
	} __attribute__((packed)) directory;
	struct fw_cfg_item items[12 + FW_CFG_FILES_MAX];
	size_t nr_items;
};

/**
 * fw_cfg_init() - ports 0x510, 0x511 and, for DMA, 0x514
 *
 * Tells what @m->layout and @m->options say.
 */
int fw_cfg_init(struct fw_cfg *cfg, struct machine *m,
		struct slotscope_error *err);

void fw_cfg_reset(struct fw_cfg *cfg);

#endif
