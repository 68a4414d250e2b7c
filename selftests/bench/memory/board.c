// SPDX-License-Identifier: GPL-2.0-or-later
/* The models that are measured */
#include <string.h>

#include "bench.h"

static enum memtx_result io_read(void *opaque, uint64_t addr, unsigned int size,
				 uint64_t *data)
{
	*data = addr;
	return MEMTX_OK;
}

static const struct memory_region_ops io_ops = { .read = io_read };

static void count(void *opaque, const struct memory_region_section *section)
{
	++*(uint64_t *)opaque;
}

static const struct memory_listener_ops count_ops = {
	.region_add = count,
	.region_del = count,
	.region_nop = count,
};

void board_init(struct board *board, bool full_render)
{
	struct memory_model_options options = { .full_render = full_render };
	struct memory_listener *listener;

	memset(board, 0, sizeof(*board));
	bench_must(memory_model_create(&options, &board->model, &bench_error));
	bench_must(memory_region_create(board->model, "system",
					MEMORY_SIZE_2_64, &board->system,
					&bench_error));
	bench_must(address_space_create(board->model, "memory", board->system,
					&board->as, &bench_error));
	bench_must(memory_listener_register(board->as, "count", 0, &count_ops,
					    &board->calls, &listener,
					    &bench_error));
}

void board_deinit(struct board *board)
{
	memory_model_destroy(board->model);
}

struct memory_region *board_make_io(struct board *board)
{
	struct memory_region *io;

	bench_must(memory_region_create_io(board->model, "io", BENCH_REGION,
					   &io_ops, NULL, &io, &bench_error));
	return io;
}

void board_map(struct board *board, uint64_t addr, struct memory_region *region)
{
	bench_must(memory_region_add_subregion(board->system, addr, region,
					       &bench_error));
}

void board_fill(struct board *board, unsigned int nr)
{
	struct memory_region *io;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		io = board_make_io(board);
		board_map(board, i * BENCH_STRIDE, io);
		memory_region_unref(io);
	}
}
