// SPDX-License-Identifier: GPL-2.0-or-later
#include <endian.h>
#include <string.h>

#include "machine/board.h"
#include "machine/fw_cfg.h"

#define SELECT_PORT 0x510
#define DMA_PORT    0x514

enum {
	KEY_SIGNATURE = 0x00,
	KEY_ID = 0x01,
	KEY_RAM_SIZE = 0x03,
	KEY_NR_CPUS = 0x05,
	KEY_NUMA = 0x0d,
	KEY_BOOT_MENU = 0x0e,
	KEY_MAX_CPUS = 0x0f,
	KEY_DIRECTORY = 0x19,
	KEY_FILES = 0x20, /* the first of them */
	KEY_IRQ0_OVERRIDE = 0x8002,
};

enum {
	ID_PORTS = 1U << 0,
	ID_DMA = 1U << 1,
};

/* The request's control field */
enum {
	DMA_ERROR = 1U << 0,
	DMA_READ = 1U << 1,
	DMA_SKIP = 1U << 2,
	DMA_SELECT = 1U << 3,
	DMA_WRITE = 1U << 4,
};

#define DMA_SIGNATURE 0x51454d5520434647ULL /* "QEMU CFG" */

/* Kinds of memory in "etc/e820" */
enum { E820_RAM = 1, E820_RESERVED = 2 };

/* KVM's pages for real mode on Intel's CPUs, and some for what is to come */
#define KVM_PAGES      0xfeffc000
#define KVM_PAGES_SIZE 0x4000

#define CHUNK 4096 /* of a DMA transfer */

struct dma_request {
	uint32_t control;
	uint32_t length;
	uint64_t address;
} __attribute__((packed));

static void add_item(struct fw_cfg *cfg, uint16_t key, const void *data,
		     uint32_t len)
{
	cfg->items[cfg->nr_items++] = (struct fw_cfg_item){ key, data, len };
}

static void add_file(struct fw_cfg *cfg, const char *name, const void *data,
		     uint32_t len)
{
	uint32_t nr = be32toh(cfg->directory.count);
	struct fw_cfg_file *file = &cfg->directory.files[nr];

	file->size = htobe32(len);
	file->select = htobe16(KEY_FILES + nr);
	strncpy(file->name, name, sizeof(file->name) - 1);
	cfg->directory.count = htobe32(nr + 1);
	add_item(cfg, KEY_FILES + nr, data, len);
}

static void add_e820(struct fw_cfg *cfg, uint64_t addr, uint64_t size,
		     uint32_t type)
{
	cfg->e820[cfg->nr_e820++] = (struct fw_cfg_e820){
		htole64(addr),
		htole64(size),
		htole32(type),
	};
}

static void select_item(struct fw_cfg *cfg, uint16_t key)
{
	size_t i;

	cfg->selected = NULL;
	cfg->offset = 0;
	for (i = 0; i < cfg->nr_items; i++)
		if (cfg->items[i].key == key)
			cfg->selected = &cfg->items[i];
}

/* Beyond an item's end are zeros */
static void read_item(struct fw_cfg *cfg, uint8_t *to, uint32_t len)
{
	const struct fw_cfg_item *item = cfg->selected;
	uint32_t left = item ? item->len - cfg->offset : 0;
	uint32_t have = left < len ? left : len;

	if (have)
		memcpy(to, (const uint8_t *)item->data + cfg->offset, have);
	memset(to + have, 0, len - have);
	cfg->offset += have;
}

static enum memtx_result port_read(void *opaque, uint64_t addr,
				   unsigned int size, uint64_t *data)
{
	uint8_t byte = 0;

	if (addr)
		read_item(opaque, &byte, 1);
	*data = byte;
	return MEMTX_OK;
}

static enum memtx_result port_write(void *opaque, uint64_t addr,
				    unsigned int size, uint64_t data)
{
	if (!addr && size == 2)
		select_item(opaque, data);
	return MEMTX_OK;
}

/* The selector has 2 bytes, the data port 1 */
static bool port_accepts(void *opaque, uint64_t addr, unsigned int size,
			 bool is_write)
{
	return size == 1 || (is_write && size == 2);
}

static const struct memory_region_ops port_ops = {
	.read = port_read,
	.write = port_write,
	.endian = MEMORY_ENDIAN_LITTLE,
	.valid = { .accepts = port_accepts },
};

/*
 * How much of a transfer can go to RAM at @addr at once; 0: there is none. QEMU
 * would write to devices too. But a transfer may be of 4 GiB, and all of it is one
 * exit, for which everybody else waits.
 */
static uint32_t room_in_ram(const struct fw_cfg *cfg, uint64_t addr,
			    uint32_t len)
{
	const struct flat_view *view =
		address_space_get_flat_view(cfg->m->memory);
	struct memory_region_section section;
	memory_size_t room = 0;

	if (flat_view_find_section(view, addr, &section) &&
	    memory_region_info(section.region)->ram)
		room = section.offset_within_address_space + section.size -
		       addr;
	flat_view_unref(view);
	if (len > CHUNK)
		len = CHUNK;
	return room < len ? room : len;
}

static bool dma_read(struct fw_cfg *cfg, uint64_t addr, uint32_t len)
{
	uint8_t chunk[CHUNK];
	uint32_t size;

	for (; len; len -= size, addr += size) {
		size = room_in_ram(cfg, addr, len);
		if (!size)
			return false;
		read_item(cfg, chunk, size);
		if (address_space_write(cfg->m->memory, addr, chunk, size))
			return false;
	}
	return true;
}

/* What is left of the request when it is done: 0, or that it failed */
static uint32_t run_dma(struct fw_cfg *cfg, const struct dma_request *request)
{
	uint32_t control = be32toh(request->control);
	uint32_t len = be32toh(request->length);
	uint32_t left;

	if (control & DMA_SELECT)
		select_item(cfg, control >> 16);
	if (control & DMA_READ)
		return dma_read(cfg, be64toh(request->address), len) ?
			       0 :
			       DMA_ERROR;
	if (control & DMA_WRITE)
		return DMA_ERROR;
	if (control & DMA_SKIP && cfg->selected) {
		left = cfg->selected->len - cfg->offset;
		cfg->offset += len < left ? len : left;
	}
	return 0;
}

static void start_dma(struct fw_cfg *cfg, uint64_t addr)
{
	struct dma_request request;
	uint32_t control;

	/* Without a request there is no place to tell of a failure */
	if (address_space_read(cfg->m->memory, addr, &request, sizeof(request)))
		return;
	control = htobe32(run_dma(cfg, &request));
	address_space_write(cfg->m->memory, addr, &control, sizeof(control));
}

static enum memtx_result dma_port_read(void *opaque, uint64_t addr,
				       unsigned int size, uint64_t *data)
{
	*data = DMA_SIGNATURE >> 8 * (8 - addr - size);
	return MEMTX_OK;
}

/* Writing the lower half, or all of it, starts the transfer */
static enum memtx_result dma_port_write(void *opaque, uint64_t addr,
					unsigned int size, uint64_t data)
{
	struct fw_cfg *cfg = opaque;
	uint64_t high = (uint64_t)cfg->dma_high << 32;

	if (size == 4 && !addr) {
		cfg->dma_high = data;
		return MEMTX_OK;
	}
	if (size == 4 && addr != 4)
		return MEMTX_OK;
	cfg->dma_high = 0;
	start_dma(cfg, size == 4 ? high | data : data);
	return MEMTX_OK;
}

static bool dma_accepts(void *opaque, uint64_t addr, unsigned int size,
			bool is_write)
{
	return !is_write || (size == 4 && (addr == 0 || addr == 4)) ||
	       (size == 8 && addr == 0);
}

static const struct memory_region_ops dma_ops = {
	.read = dma_port_read,
	.write = dma_port_write,
	.endian = MEMORY_ENDIAN_BIG,
	.valid = { .max_access_size = 8, .accepts = dma_accepts },
	.impl = { .max_access_size = 8 },
};

int fw_cfg_init(struct fw_cfg *cfg, struct machine *m,
		struct slotscope_error *err)
{
	const struct ram_layout *ram = &m->layout;
	const struct board_io ports[] = {
		{ "fwcfg", SELECT_PORT, 2, 0, &port_ops, cfg,
		  "dev path=/machine/fw_cfg", false },
		{ "fwcfg.dma", DMA_PORT, 8, 0, &dma_ops, cfg,
		  "dev path=/machine/fw_cfg", false },
	};
	int ret;

	cfg->m = m;
	cfg->id = htole32(ID_PORTS | ID_DMA);
	cfg->ram_size = htole64(ram->below_4g + ram->above_4g);
	cfg->nr_cpus = htole16(m->options->nr_cpus);
	cfg->max_cpus = cfg->nr_cpus;
	cfg->irq0_override = 1;
	cfg->boot_fail_wait = UINT32_MAX; /* stop there, do not try again */
	add_e820(cfg, KVM_PAGES, KVM_PAGES_SIZE, E820_RESERVED);
	add_e820(cfg, 0, ram->below_4g, E820_RAM);
	if (ram->above_4g)
		add_e820(cfg, ram->above_4g_start, ram->above_4g, E820_RAM);
	add_item(cfg, KEY_SIGNATURE, "QEMU", 4);
	add_item(cfg, KEY_ID, &cfg->id, sizeof(cfg->id));
	add_item(cfg, KEY_RAM_SIZE, &cfg->ram_size, sizeof(cfg->ram_size));
	add_item(cfg, KEY_NR_CPUS, &cfg->nr_cpus, sizeof(cfg->nr_cpus));
	add_item(cfg, KEY_NUMA, &cfg->numa_nodes, sizeof(cfg->numa_nodes));
	add_item(cfg, KEY_BOOT_MENU, &cfg->no_menu, sizeof(cfg->no_menu));
	add_item(cfg, KEY_MAX_CPUS, &cfg->max_cpus, sizeof(cfg->max_cpus));
	add_item(cfg, KEY_IRQ0_OVERRIDE, &cfg->irq0_override,
		 sizeof(cfg->irq0_override));
	add_item(cfg, KEY_DIRECTORY, &cfg->directory, sizeof(cfg->directory));
	/* In the order of their names, as QEMU keeps them */
	add_file(cfg, "etc/boot-fail-wait", &cfg->boot_fail_wait,
		 sizeof(cfg->boot_fail_wait));
	add_file(cfg, "etc/e820", cfg->e820,
		 cfg->nr_e820 * sizeof(cfg->e820[0]));
	ret = board_add_io(m, m->system_io, &ports[0], NULL, err);
	return ret ? ret : board_add_io(m, m->system_io, &ports[1], NULL, err);
}

void fw_cfg_reset(struct fw_cfg *cfg)
{
	cfg->selected = NULL;
	cfg->offset = 0;
	cfg->dma_high = 0;
}
