// SPDX-License-Identifier: GPL-2.0-or-later
/* Heap for what is mapped, and for a view of it */
#include <malloc.h>

#include "bench.h"

#define NR 10000

static double heap(void)
{
	return mallinfo2().uordblks;
}

void bench_heap(void)
{
	struct memory_model *model;
	struct memory_region *system, *io;
	struct address_space *as;
	double before, regions, view;
	unsigned int i;

	/* All from the heap that mallinfo2() counts */
	mallopt(M_MMAP_THRESHOLD, 1 << 30);
	bench_must(memory_model_create(NULL, &model, &bench_error));
	bench_must(memory_region_create(model, "system", MEMORY_SIZE_2_64,
					&system, &bench_error));
	before = heap();
	for (i = 0; i < NR; i++) {
		bench_must(memory_region_create_io(model, "io", BENCH_REGION,
						   NULL, NULL, &io,
						   &bench_error));
		bench_must(memory_region_add_subregion(system, i * BENCH_STRIDE,
						       io, &bench_error));
		memory_region_unref(io);
	}
	regions = heap() - before;
	/* Nothing was rendered until now: nobody looked */
	before = heap();
	bench_must(address_space_create(model, "memory", system, &as,
					&bench_error));
	view = heap() - before;
	memory_model_destroy(model);
	bench_row(BENCH_ROW(.what = "heap for a region, mapped", .n = NR,
			    .bytes = regions / NR));
	bench_row(BENCH_ROW(.what = "heap for a flat range, dispatch too",
			    .n = NR, .bytes = view / NR));
}
