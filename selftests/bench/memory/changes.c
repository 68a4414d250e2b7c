// SPDX-License-Identifier: GPL-2.0-or-later
/* What it costs to add and to remove, by how much stands beside it */
#include <stdlib.h>

#include "bench.h"

/* Both ways take turns, so that both meet the same weather */
#define TURNS 11

struct samples {
	struct board board;
	struct memory_region *io;
	unsigned int n;
	size_t per_turn;
	uint64_t *add;
	uint64_t *del;
	size_t nr;
	uint64_t calls;
};

static void samples_init(struct samples *s, unsigned int n, bool full)
{
	/* A full render of many takes long: fewer of them */
	*s = (struct samples){ .n = n, .per_turn = full && n > 1000 ? 1 : 91 };
	s->add = calloc(TURNS * s->per_turn, sizeof(*s->add));
	s->del = calloc(TURNS * s->per_turn, sizeof(*s->del));
	if (!s->add || !s->del)
		abort();
	board_init(&s->board, full);
	memory_model_begin(s->board.model);
	board_fill(&s->board, n);
	bench_must(memory_model_commit(s->board.model, &bench_error));
	s->io = board_make_io(&s->board);
}

static void samples_deinit(struct samples *s)
{
	board_deinit(&s->board);
	free(s->add);
	free(s->del);
}

static void take_turn(struct samples *s)
{
	uint64_t start, addr;
	size_t i;

	for (i = 0; i < s->per_turn; i++, s->nr++) {
		/* All over the place: into any of the gaps */
		addr = s->nr * 7919 % s->n * BENCH_STRIDE + BENCH_REGION;
		s->board.calls = 0;
		start = bench_now_ns();
		board_map(&s->board, addr, s->io);
		s->add[s->nr] = bench_now_ns() - start;
		s->calls += s->board.calls;
		start = bench_now_ns();
		bench_must(memory_region_del_subregion(s->board.system, s->io,
						       &bench_error));
		s->del[s->nr] = bench_now_ns() - start;
	}
}

void bench_changes(void)
{
	static const double qemu_add_us[BENCH_SIZES] = { 10.6, 28, 733, 38000 };
	struct samples fast, full;
	unsigned int i, turn, n;

	for (i = 0; i < BENCH_SIZES; i++) {
		n = bench_sizes[i];
		samples_init(&fast, n, false);
		samples_init(&full, n, true);
		for (turn = 0; turn < TURNS; turn++) {
			take_turn(&fast);
			take_turn(&full);
		}
		bench_row(BENCH_ROW(.what = "add one", .n = n,
				    .us = bench_median_us(fast.add, fast.nr),
				    .calls = (double)fast.calls / fast.nr,
				    .full = bench_median_us(full.add, full.nr),
				    .qemu = qemu_add_us[i]));
		bench_row(
			BENCH_ROW(.what = "remove one", .n = n,
				  .us = bench_median_us(fast.del, fast.nr),
				  .calls = (double)fast.calls / fast.nr,
				  .full = bench_median_us(full.del, full.nr)));
		samples_deinit(&fast);
		samples_deinit(&full);
	}
}

static uint64_t fill_ns(unsigned int n, bool full)
{
	struct board board;
	uint64_t start;

	board_init(&board, full);
	start = bench_now_ns();
	memory_model_begin(board.model);
	board_fill(&board, n);
	bench_must(memory_model_commit(board.model, &bench_error));
	start = bench_now_ns() - start;
	board_deinit(&board);
	return start;
}

void bench_bulk(void)
{
	uint64_t fast[TURNS], full[TURNS];
	unsigned int i, turn;

	for (i = 0; i < BENCH_SIZES; i++) {
		for (turn = 0; turn < TURNS; turn++) {
			fast[turn] = fill_ns(bench_sizes[i], false);
			full[turn] = fill_ns(bench_sizes[i], true);
		}
		bench_row(BENCH_ROW(.what = "make and add N in one commit",
				    .n = bench_sizes[i],
				    .us = bench_median_us(fast, TURNS),
				    .full = bench_median_us(full, TURNS)));
	}
}
