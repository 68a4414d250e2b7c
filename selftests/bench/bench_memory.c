// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a change of the memory model costs, by how much stands beside it; in the
 * same run the full render of the same changes. Figures of QEMU 7.2 are printed
 * beside them as figures from elsewhere: they were measured on another machine.
 */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <slotscope/memory.h>

#include "check/replay.h"

#define STRIDE 0x2000ull

static struct slotscope_error error;

static void must(int r)
{
	if (!r)
		return;
	fprintf(stderr, "%s: %s\n", error.tried, error.why);
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static double median_us(uint64_t *ns, size_t nr)
{
	qsort(ns, nr, sizeof(*ns), by_value);
	return ns[nr / 2] / 1000.0;
}

static void count(void *opaque, const struct memory_region_section *section)
{
	++*(uint64_t *)opaque;
}

static const struct memory_listener_ops count_ops = {
	.region_add = count,
	.region_del = count,
	.region_nop = count,
};

struct board {
	struct memory_model *model;
	struct memory_region *system;
	struct address_space *as;
	uint64_t calls;
};

static struct memory_region *make_io(struct board *b)
{
	struct memory_region *io;

	must(memory_region_create_io(b->model, "io", 0x1000, NULL, NULL, &io,
				     &error));
	return io;
}

static void map(struct board *b, uint64_t addr, struct memory_region *region)
{
	must(memory_region_add_subregion_overlap(b->system, addr, 0, region,
						 &error));
}

/* @nr regions of a page with a page between them; ns that adding them took */
static uint64_t make_board(struct board *b, unsigned int nr, bool full)
{
	struct memory_model_options options = { .full_render = full };
	struct memory_listener *listener;
	struct memory_region *io;
	uint64_t start;
	unsigned int i;

	memset(b, 0, sizeof(*b));
	must(memory_model_create(&options, &b->model, &error));
	must(memory_region_create(b->model, "system", MEMORY_SIZE_2_64,
				  &b->system, &error));
	must(address_space_create(b->model, "memory", b->system, &b->as,
				  &error));
	must(memory_listener_register(b->as, "count", 0, &count_ops, &b->calls,
				      &listener, &error));
	start = now_ns();
	memory_model_begin(b->model);
	for (i = 0; i < nr; i++) {
		io = make_io(b);
		map(b, i * STRIDE, io);
		memory_region_unref(io);
	}
	must(memory_model_commit(b->model, &error));
	return now_ns() - start;
}

struct cost {
	double add_us;
	double del_us;
	double calls; /* of listeners, for one addition */
	double bulk_us;
};

static void measure(unsigned int nr, bool full, struct cost *cost)
{
	/* A full render of many takes long: fewer of them */
	size_t rounds = full && nr >= 1000 ? 2000000 / nr / nr + 11 : 1001, i;
	uint64_t *add = calloc(rounds, sizeof(*add));
	uint64_t *del = calloc(rounds, sizeof(*del));
	struct memory_region *io;
	uint64_t start, calls = 0, addr, bulk;
	struct board b;

	bulk = make_board(&b, nr, full);
	io = make_io(&b);
	for (i = 0; i < rounds; i++) {
		addr = (i * 7919 % nr) * STRIDE + 0x1000;
		b.calls = 0;
		start = now_ns();
		map(&b, addr, io);
		add[i] = now_ns() - start;
		calls += b.calls;
		start = now_ns();
		must(memory_region_del_subregion(b.system, io, &error));
		del[i] = now_ns() - start;
	}
	cost->add_us = median_us(add, rounds);
	cost->del_us = median_us(del, rounds);
	cost->calls = (double)calls / rounds;
	cost->bulk_us = bulk / 1000.0;
	memory_model_destroy(b.model);
	free(add);
	free(del);
}

static double lookup_ns(unsigned int nr)
{
	const unsigned int rounds = 1000000;
	const struct flat_view *view;
	uint64_t start, found = 0, at = 1;
	struct board b;
	unsigned int i;

	make_board(&b, nr, false);
	view = address_space_get_flat_view(b.as);
	start = now_ns();
	for (i = 0; i < rounds; i++) {
		at = at * 6364136223846793005u + 1442695040888963407u;
		found += !!flat_view_lookup(view, (at >> 33) % (nr * STRIDE));
	}
	start = now_ns() - start;
	flat_view_unref(view);
	memory_model_destroy(b.model);
	/* Half of all addresses are in a region: say so if it did not look */
	if (found < rounds / 4)
		fprintf(stderr, "look-ups found too little\n");
	return (double)start / rounds;
}

static void bench_changes(void)
{
	static const struct {
		unsigned int nr;
		const char *qemu;
	} cases[] = { { 10, "10.6" },
		      { 100, "28" },
		      { 1000, "733" },
		      { 10000, "38000" } };
	struct cost inc, full;
	size_t i;

	puts("One 4 KiB region added and committed, removed and committed; medians in us.\n"
	     "QEMU 7.2: its own code on another machine, addition only (QEMU-FACTS).\n");
	puts("      N   add   del  calls | full: add      del  calls | faster | QEMU 7.2 add");
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		measure(cases[i].nr, false, &inc);
		measure(cases[i].nr, true, &full);
		printf("%7u %5.1f %5.1f %6.1f | %9.1f %8.1f %6.0f | %5.0fx | %s\n",
		       cases[i].nr, inc.add_us, inc.del_us, inc.calls,
		       full.add_us, full.del_us, full.calls,
		       full.add_us / inc.add_us, cases[i].qemu);
	}
	puts("\n      N   added in one transaction: us each   full: us each   look-up ns");
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		measure(cases[i].nr, false, &inc);
		measure(cases[i].nr, true, &full);
		printf("%7u %36.2f %15.2f %12.0f\n", cases[i].nr,
		       inc.bulk_us / cases[i].nr, full.bulk_us / cases[i].nr,
		       lookup_ns(cases[i].nr));
	}
}

static void bench_ram_offset(void)
{
	static const unsigned int cases[] = { 10, 100, 1000, 10000 };
	struct memory_model *model;
	struct ram_block *block;
	uint64_t start;
	unsigned int i, n;

	puts("\nRAMBlocks made one after the other, us in all (QEMU 7.2, elsewhere: 1000 in 2.5 s)");
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		must(memory_model_create(NULL, &model, &error));
		start = now_ns();
		for (n = 0; n < cases[i]; n++)
			must(ram_block_create(model, "ram",
					      0x1000 * (1 + n % 97), NULL,
					      &block, &error));
		printf("%7u %12.1f\n", cases[i], (now_ns() - start) / 1000.0);
		memory_model_destroy(model);
	}
}

static size_t heap(void)
{
	return mallinfo2().uordblks;
}

static void bench_memory(void)
{
	const unsigned int nr = 10000;
	struct memory_region *io;
	size_t before, regions, views;
	struct board b;
	unsigned int i;

	make_board(&b, 0, false);
	memory_model_begin(b.model);
	before = heap();
	for (i = 0; i < nr; i++) {
		io = make_io(&b);
		map(&b, i * STRIDE, io);
		memory_region_unref(io);
	}
	regions = heap() - before;
	before = heap();
	must(memory_model_commit(b.model, &error));
	views = heap() - before;
	printf("\nHeap: %zu bytes a mapped region, %zu a flat range\n",
	       regions / nr, views / nr);
	memory_model_destroy(b.model);
}

static double replay_ms(const char *text, size_t len, bool full)
{
	struct replay_options options = { .full_render = full };
	struct replay_report report;
	uint64_t best = UINT64_MAX, start;
	int i;

	for (i = 0; i < 7; i++) {
		start = now_ns();
		must(replay_api_log(text, len, &options, &report, &error));
		start = now_ns() - start;
		if (start < best)
			best = start;
		if (report.differs)
			fprintf(stderr, "the replay differs\n");
		replay_report_deinit(&report);
	}
	return best / 1e6;
}

/* The largest log of those that were captured; a part is hashing views */
static void bench_replay(void)
{
	const char *dir = getenv("SLOTSCOPE_FIXTURES");
	static char text[1 << 20];
	char path[4096];
	size_t len;
	FILE *in;

	snprintf(path, sizeof(path), "%s/qemu-7.2/pci-bridge/api.log",
		 dir && *dir ? dir : "../shared/fixtures");
	in = fopen(path, "r");
	if (!in) {
		printf("\nreplay of a boot: skipped, no %s (SLOTSCOPE_FIXTURES)\n",
		       path);
		return;
	}
	len = fread(text, 1, sizeof(text), in);
	fclose(in);
	printf("\nReplay of %s, best of 7: %.2f ms; full render: %.2f ms\n",
	       path, replay_ms(text, len, false), replay_ms(text, len, true));
}

int main(void)
{
	bench_changes();
	bench_ram_offset();
	bench_memory();
	bench_replay();
	return 0;
}
