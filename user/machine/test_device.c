// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "machine/test_device.h"

#define MMIO_ADDR     0xd0000
#define MMIO_SIZE     0x1000
#define MMIO_PRIORITY 100 /* over the option ROMs and PAM */
#define HOLE_ADDR     0x90000
#define HOLE_SIZE     0x1000
#define PORT_ADDR     0xe000
#define PORT_SIZE     0x50

enum {
	REG_KEEP = 0x00,
	REG_ACCESSES = 0x04,
	REG_MATCH = 0x08,
	REG_ANY = 0x0c,
	REG_MATCH_COUNT = 0x10,
	REG_ANY_COUNT = 0x14,
	REG_EXITS = 0x18,
	REG_COALESCED = 0x20,
	REG_COALESCED_END = 0x40,
	REG_COALESCED_COUNT = 0x40,
	REG_COALESCED_HASH = 0x44,
	REG_HOLE = 0x48,
};

#define MATCH_VALUE 0x55aa

struct side {
	struct test_device *dev;
	int fds[2]; /* of REG_MATCH and REG_ANY; -1 if not made */
	uint32_t signalled[2];
	uint32_t keep;
	uint32_t accesses;
	uint32_t coalesced;
	uint32_t hash;
};

struct test_device {
	struct side mmio;
	struct side port;
	struct memory_region *hole;
	uint64_t (*exits)(void *opaque);
	void *opaque;
};

static uint32_t count_signals(struct side *side, int i)
{
	uint64_t new;

	if (read(side->fds[i], &new, sizeof(new)) == sizeof(new))
		side->signalled[i] += new;
	return side->signalled[i];
}

static enum memtx_result read_reg(void *opaque, uint64_t addr,
				  unsigned int size, uint64_t *data)
{
	struct side *side = opaque;
	uint32_t accesses = side->accesses++;

	switch (addr) {
	case REG_KEEP:
		*data = side->keep;
		break;
	case REG_ACCESSES:
		*data = accesses;
		break;
	case REG_MATCH_COUNT:
		*data = count_signals(side, 0);
		break;
	case REG_ANY_COUNT:
		*data = count_signals(side, 1);
		break;
	case REG_EXITS:
		*data = side->dev->exits(side->dev->opaque);
		break;
	case REG_COALESCED_COUNT:
		*data = side->coalesced;
		break;
	case REG_COALESCED_HASH:
		*data = side->hash;
		break;
	default:
		*data = 0;
	}
	return MEMTX_OK;
}

static enum memtx_result write_reg(void *opaque, uint64_t addr,
				   unsigned int size, uint64_t data)
{
	struct slotscope_error err = {};
	struct side *side = opaque;

	side->accesses++;
	if (addr == REG_KEEP) {
		side->keep = data;
	} else if (addr == REG_HOLE) {
		if (memory_region_set_enabled(side->dev->hole, data & 1, &err))
			return MEMTX_ERROR;
	} else if (addr >= REG_COALESCED && addr < REG_COALESCED_END) {
		side->coalesced++;
		side->hash = side->hash * 31 + (uint32_t)data;
	}
	return MEMTX_OK;
}

static const struct memory_region_ops ops = {
	.read = read_reg,
	.write = write_reg,
	.endian = MEMORY_ENDIAN_LITTLE,
	.valid = { .min_access_size = 1, .max_access_size = 4 },
	.impl = { .min_access_size = 1, .max_access_size = 4 },
};

static int add_eventfds(struct side *side, struct memory_region *region,
			struct slotscope_error *err)
{
	struct memory_ioeventfd events[2] = {
		{ .addr = REG_MATCH,
		  .size = 2,
		  .match_data = true,
		  .data = MATCH_VALUE },
		{ .addr = REG_ANY },
	};
	int i, ret;

	for (i = 0; i < 2; i++) {
		side->fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (side->fds[i] < 0)
			return error_set(err, errno,
					 "make an eventfd for the test device");
		events[i].fd = side->fds[i];
		ret = memory_region_add_eventfd(region, &events[i], err);
		if (ret)
			return ret;
	}
	return 0;
}

static int add_side(struct machine *m, struct side *side, const char *name,
		    struct memory_region *container, uint64_t addr,
		    uint64_t size, struct slotscope_error *err)
{
	struct memory_region *region;
	int ret;

	ret = memory_region_create_io(m->model, name, size, &ops, side, &region,
				      err);
	if (ret)
		return ret;
	ret = memory_region_add_subregion_overlap(container, addr,
						  MMIO_PRIORITY, region, err);
	if (!ret)
		ret = add_eventfds(side, region, err);
	if (!ret)
		ret = memory_region_add_coalescing(
			region, REG_COALESCED,
			REG_COALESCED_END - REG_COALESCED, err);
	return ret;
}

static int add_hole(struct machine *m, struct memory_region **hole,
		    struct slotscope_error *err)
{
	int ret = memory_region_create_io(m->model, "test-hole", HOLE_SIZE,
					  NULL, NULL, hole, err);

	if (!ret)
		ret = memory_region_set_enabled(*hole, false, err);
	if (ret)
		return ret;
	return memory_region_add_subregion_overlap(m->system_memory, HOLE_ADDR,
						   MMIO_PRIORITY, *hole, err);
}

int test_device_add(struct machine *m, uint64_t (*exits)(void *opaque),
		    void *opaque, struct test_device **out,
		    struct slotscope_error *err)
{
	struct test_device *dev = calloc(1, sizeof(*dev));
	int ret;

	if (!dev)
		return error_set(err, ENOMEM, "make the test device");
	dev->exits = exits;
	dev->opaque = opaque;
	dev->mmio = (struct side){ .dev = dev, .fds = { -1, -1 } };
	dev->port = dev->mmio;
	/* The caller's from here on: the model knows it, whatever fails */
	*out = dev;
	ret = add_side(m, &dev->mmio, "test-mmio", m->system_memory, MMIO_ADDR,
		       MMIO_SIZE, err);
	if (!ret)
		ret = add_hole(m, &dev->hole, err);
	if (ret)
		return ret;
	return add_side(m, &dev->port, "test-ports", m->system_io, PORT_ADDR,
			PORT_SIZE, err);
}

static void close_side(const struct side *side)
{
	int i;

	for (i = 0; i < 2; i++)
		if (side->fds[i] >= 0)
			close(side->fds[i]);
}

void test_device_free(struct test_device *dev)
{
	if (!dev)
		return;
	close_side(&dev->mmio);
	close_side(&dev->port);
	free(dev);
}
