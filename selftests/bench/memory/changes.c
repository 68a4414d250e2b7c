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

static void count_nop(void *opaque, const struct memory_region_section *section)
{
	++*(uint64_t *)opaque;
}

/* What QEMU 7.2 calls for each range that stays, in each commit */
static void ask_for_nop(struct board *board)
{
	static const struct memory_listener_ops ops = { .region_nop = count_nop,
							.nop_all = true };
	struct memory_listener *listener;

	bench_must(memory_listener_register(board->as, "nop", 0, &ops,
					    &board->calls, &listener,
					    &bench_error));
}

static void bench_one(unsigned int size, bool nop)
{
	static const double qemu_add_us[BENCH_SIZES] = { 10.6, 28, 733, 38000 };
	const unsigned int n = bench_sizes[size];
	struct samples fast, full;
	struct bench_row row;
	unsigned int turn;

	samples_init(&fast, n, false);
	samples_init(&full, n, true);
	if (nop) {
		ask_for_nop(&fast.board);
		ask_for_nop(&full.board);
	}
	for (turn = 0; turn < TURNS; turn++) {
		take_turn(&fast);
		take_turn(&full);
	}
	row = BENCH_ROW(.what = nop ? "add one, region_nop for each" :
				      "add one",
			.n = n, .calls = (double)fast.calls / fast.nr,
			.qemu = qemu_add_us[size]);
	bench_times(&row, fast.add, fast.nr, full.add, full.nr);
	bench_row(row);
	if (!nop) {
		row = BENCH_ROW(.what = "remove one", .n = n,
				.calls = (double)fast.calls / fast.nr);
		bench_times(&row, fast.del, fast.nr, full.del, full.nr);
		bench_row(row);
	}
	samples_deinit(&fast);
	samples_deinit(&full);
}

void bench_changes(void)
{
	unsigned int i;

	for (i = 0; i < BENCH_SIZES; i++)
		bench_one(i, false);
	for (i = 0; i < BENCH_SIZES; i++)
		bench_one(i, true);
}

static void ignore(void *opaque, const struct memory_region_section *section)
{
}

/* Beside @board, each with a root and a listener of its own */
static void add_spaces(struct board *board, unsigned int nr)
{
	static const struct memory_listener_ops ops = { .region_add = ignore };
	struct memory_listener *listener;
	struct address_space *as;
	struct memory_region *io;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		io = board_make_io(board);
		bench_must(address_space_create(board->model, "other", io, &as,
						&bench_error));
		bench_must(memory_listener_register(as, "other", 0, &ops, NULL,
						    &listener, &bench_error));
		memory_region_unref(io);
	}
}

/* By how many address spaces stand there that the change does not concern */
void bench_spaces(void)
{
	struct samples fast, full;
	struct bench_row row;
	unsigned int i, turn;

	for (i = 0; i < BENCH_SIZES; i++) {
		samples_init(&fast, 10, false);
		samples_init(&full, 10, true);
		add_spaces(&fast.board, bench_sizes[i]);
		add_spaces(&full.board, bench_sizes[i]);
		full.per_turn = 9;
		for (turn = 0; turn < TURNS; turn++) {
			take_turn(&fast);
			take_turn(&full);
		}
		row = BENCH_ROW(.what = "add one, N address spaces beside",
				.n = bench_sizes[i],
				.calls = (double)fast.calls / fast.nr);
		bench_times(&row, fast.add, fast.nr, full.add, full.nr);
		bench_row(row);
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
	uint64_t fast[10 * TURNS], full[10 * TURNS];
	unsigned int i, turn, turns;
	struct bench_row row;

	for (i = 0; i < BENCH_SIZES; i++) {
		/* Few take so little time that a median of few tells little */
		turns = bench_sizes[i] > 100 ? TURNS : 10 * TURNS;
		for (turn = 0; turn < turns; turn++) {
			fast[turn] = fill_ns(bench_sizes[i], false);
			full[turn] = fill_ns(bench_sizes[i], true);
		}
		row = BENCH_ROW(.what = "make and add N in one commit",
				.n = bench_sizes[i]);
		bench_times(&row, fast, turns, full, turns);
		bench_row(row);
	}
}
