// SPDX-License-Identifier: GPL-2.0-or-later
/* From an address to what is there; half of the addresses have nothing */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

#define ROUNDS 200000
#define TURNS  5

typedef bool (*look_fn)(struct board *board, gpa_t addr);

static bool view_lookup(struct board *board, gpa_t addr)
{
	const struct flat_view *view = address_space_get_flat_view(board->as);
	bool found = flat_view_lookup(view, addr);

	flat_view_unref(view);
	return found;
}

static bool find_section(struct board *board, gpa_t addr)
{
	const struct flat_view *view = address_space_get_flat_view(board->as);
	struct memory_region_section section;
	bool found = flat_view_find_section(view, addr, &section);

	flat_view_unref(view);
	return found;
}

static bool region_find(struct board *board, gpa_t addr)
{
	struct memory_region_section section;

	if (!memory_region_find(board->system, addr, 1, &section))
		return false;
	memory_region_unref(section.region);
	return true;
}

static bool read_io(struct board *board, gpa_t addr)
{
	uint8_t byte;

	return address_space_read(board->as, addr, &byte, 1) == MEMTX_OK;
}

static double look_us(struct board *board, unsigned int n, look_fn look)
{
	uint64_t ns[TURNS], state = 1, found = 0;
	unsigned int turn, i;

	for (turn = 0; turn < TURNS; turn++) {
		ns[turn] = bench_now_ns();
		for (i = 0; i < ROUNDS; i++)
			found += look(board, bench_random(&state) %
						     (n * BENCH_STRIDE));
		ns[turn] = bench_now_ns() - ns[turn];
	}
	/* Half of them, give or take what chance may give or take */
	if (found < ROUNDS * TURNS * 49 / 100 ||
	    found > ROUNDS * TURNS * 51 / 100) {
		fprintf(stderr, "bench: %llu of %d look-ups found something\n",
			(unsigned long long)found, ROUNDS * TURNS);
		exit(1);
	}
	return bench_median_us(ns, TURNS) / ROUNDS;
}

void bench_lookups(void)
{
	static const struct {
		const char *what;
		look_fn look;
		look_fn simple; /* the view's binary search */
	} kinds[] = {
		{ "look-up by dispatch", find_section, view_lookup },
		{ "memory_region_find", region_find, NULL },
		{ "address_space_read", read_io, NULL },
	};
	struct board board;
	unsigned int i, k, n;

	for (i = 0; i < BENCH_SIZES; i++) {
		n = bench_sizes[i];
		board_init(&board, false);
		memory_model_begin(board.model);
		board_fill(&board, n);
		bench_must(memory_model_commit(board.model, &bench_error));
		for (k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
			bench_row(
				BENCH_ROW(.what = kinds[k].what, .n = n,
					  .us = look_us(&board, n,
							kinds[k].look),
					  .full = kinds[k].simple ?
							  look_us(&board, n,
								  kinds[k].simple) :
							  0));
		board_deinit(&board);
	}
}
