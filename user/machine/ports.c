// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/board.h"
#include "machine/ports.h"

#define SPEAKER_PORT 0x61
#define POST_PORT    0x80
#define SYSTEM_PORT  0x92
#define RESET_PORT   0xcf9

enum {
	SPEAKER_WRITABLE = 0x03,
	SPEAKER_REFRESH = 0x10, /* toggles */
	SPEAKER_TIMER_OUT = 0x20,
	SYSTEM_RESET = 0x01,
	SYSTEM_A20 = 0x02,
	RESET_CPU = 0x04,
	RESET_WRITABLE = 0x06,
};

static void reset_machine(struct ports *ports)
{
	const struct machine_ops *ops = ports->m->ops;

	if (ops->reset)
		ops->reset(ops->opaque);
}

/* The timer's output is always seen high: it is the kernel's, if there is one */
static enum memtx_result speaker_read(void *opaque, uint64_t addr,
				      unsigned int size, uint64_t *data)
{
	struct ports *ports = opaque;

	ports->speaker ^= SPEAKER_REFRESH;
	*data = ports->speaker | SPEAKER_TIMER_OUT;
	return MEMTX_OK;
}

static enum memtx_result speaker_write(void *opaque, uint64_t addr,
				       unsigned int size, uint64_t data)
{
	struct ports *ports = opaque;

	ports->speaker = (ports->speaker & ~SPEAKER_WRITABLE) |
			 (data & SPEAKER_WRITABLE);
	return MEMTX_OK;
}

static const struct memory_region_ops speaker_ops = {
	.read = speaker_read,
	.write = speaker_write,
	.impl = { .min_access_size = 1, .max_access_size = 1 },
};

/* Progress codes, and a port to wait a moment with */
static enum memtx_result post_read(void *opaque, uint64_t addr,
				   unsigned int size, uint64_t *data)
{
	*data = UINT64_MAX;
	return MEMTX_OK;
}

static enum memtx_result post_write(void *opaque, uint64_t addr,
				    unsigned int size, uint64_t data)
{
	return MEMTX_OK;
}

static const struct memory_region_ops post_ops = {
	.read = post_read,
	.write = post_write,
	.impl = { .min_access_size = 1, .max_access_size = 1 },
};

static enum memtx_result system_read(void *opaque, uint64_t addr,
				     unsigned int size, uint64_t *data)
{
	const struct ports *ports = opaque;

	*data = ports->system;
	return MEMTX_OK;
}

/* A20 is kept, and does nothing: no CPU that has KVM wraps at 1 MiB */
static enum memtx_result system_write(void *opaque, uint64_t addr,
				      unsigned int size, uint64_t data)
{
	struct ports *ports = opaque;
	uint8_t old = ports->system;

	ports->system = data;
	if (~old & data & SYSTEM_RESET)
		reset_machine(ports);
	return MEMTX_OK;
}

static const struct memory_region_ops system_ops = {
	.read = system_read,
	.write = system_write,
	.impl = { .min_access_size = 1, .max_access_size = 1 },
};

static enum memtx_result reset_read(void *opaque, uint64_t addr,
				    unsigned int size, uint64_t *data)
{
	const struct ports *ports = opaque;

	*data = ports->reset;
	return MEMTX_OK;
}

static enum memtx_result reset_write(void *opaque, uint64_t addr,
				     unsigned int size, uint64_t data)
{
	struct ports *ports = opaque;
	uint8_t old = ports->reset;

	ports->reset = data & RESET_WRITABLE;
	if (~old & data & RESET_CPU)
		reset_machine(ports);
	return MEMTX_OK;
}

static const struct memory_region_ops reset_ops = {
	.read = reset_read,
	.write = reset_write,
	.impl = { .min_access_size = 1, .max_access_size = 1 },
};

int ports_init(struct ports *ports, struct machine *m, const char *reset_name,
	       struct slotscope_error *err)
{
	const struct board_io table[] = {
		{ "pcspk", SPEAKER_PORT, 1, 0, &speaker_ops, ports, NULL,
		  false },
		{ "ioport80", POST_PORT, 1, 0, &post_ops, ports, NULL, false },
		{ "port92", SYSTEM_PORT, 1, 0, &system_ops, ports, NULL,
		  false },
		/* Over the middle of the PCI address register */
		{ reset_name, RESET_PORT, 1, 1, &reset_ops, ports, NULL,
		  false },
	};
	size_t i;
	int ret = 0;

	ports->m = m;
	for (i = 0; i < sizeof(table) / sizeof(table[0]) && !ret; i++)
		ret = board_add_io(m, m->system_io, &table[i], NULL, err);
	return ret;
}

void ports_reset(struct ports *ports)
{
	ports->system = SYSTEM_A20;
	ports->reset = 0;
	ports->speaker = 0;
}
