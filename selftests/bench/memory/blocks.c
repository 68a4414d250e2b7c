// SPDX-License-Identifier: GPL-2.0-or-later
/* find_ram_offset: where the next RAMBlock goes */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

#define TURNS 31
#define ALIGN (256ull << 10) /* QEMU 7.2: 64 pages */
#define SIZE  (1ull << 20)

struct span {
	uint64_t start;
	uint64_t end;
};

/*
 * The rule, as QEMU applies it: behind each block, look at all others for what
 * comes next; of the gaps that are large enough take the smallest, of equal ones
 * the first, in the order of the list.
 */
static uint64_t search_all(const struct span *spans, size_t nr, uint64_t size)
{
	uint64_t best = UINT64_MAX, offset = 0, start, next;
	size_t i, j;

	for (i = 0; i < nr; i++) {
		start = (spans[i].end + ALIGN - 1) & ~(ALIGN - 1);
		next = UINT64_MAX;
		for (j = 0; j < nr; j++)
			if (spans[j].start >= start && spans[j].start < next)
				next = spans[j].start;
		if (next - start >= size && next - start < best) {
			best = next - start;
			offset = start;
		}
	}
	return offset;
}

static struct ram_block *make(struct memory_model *model, uint64_t size)
{
	struct ram_block *block;

	bench_must(ram_block_create(model, "ram", size, NULL, &block,
				    &bench_error));
	return block;
}

/* @n blocks of 1 to 8 MiB, and holes of as many sizes among them */
static struct memory_model *make_blocks(unsigned int n)
{
	unsigned int all = n + n / 4, i;
	struct ram_block **blocks = calloc(all, sizeof(struct ram_block *));
	struct memory_model *model;
	uint64_t state = 1;

	if (!blocks)
		abort();
	bench_must(memory_model_create(NULL, &model, &bench_error));
	for (i = 0; i < all; i++)
		blocks[i] = make(model, SIZE * (1 + bench_random(&state) % 8));
	for (i = 0; i < n / 4; i++)
		bench_must(ram_block_destroy(blocks[i * 5], &bench_error));
	free(blocks);
	return model;
}

static struct span *spans_of(const struct memory_model *model, size_t *nr)
{
	struct ram_block *block;
	struct span *spans;

	*nr = 0;
	for (block = ram_block_first(model); block;
	     block = ram_block_next(block))
		++*nr;
	spans = calloc(*nr, sizeof(*spans));
	if (!spans)
		abort();
	*nr = 0;
	for (block = ram_block_first(model); block;
	     block = ram_block_next(block))
		spans[(*nr)++] =
			(struct span){ block->offset,
				       block->offset + block->max_length };
	return spans;
}

/* What a block costs though there is nothing to search */
static double alone_us(void)
{
	struct memory_model *model;
	struct ram_block *block;
	uint64_t ns[TURNS];
	unsigned int turn;

	bench_must(memory_model_create(NULL, &model, &bench_error));
	for (turn = 0; turn < TURNS; turn++) {
		ns[turn] = bench_now_ns();
		block = make(model, SIZE);
		ns[turn] = bench_now_ns() - ns[turn];
		bench_must(ram_block_destroy(block, &bench_error));
	}
	memory_model_destroy(model);
	return bench_median_us(ns, TURNS);
}

/* In turns of their own: a long search would leave the caches cold for the rest */
static void one_more(unsigned int n)
{
	uint64_t fast[TURNS], full[TURNS], offsets[TURNS], offset;
	struct memory_model *model = make_blocks(n);
	struct ram_block *block;
	struct span *spans;
	unsigned int turn;
	size_t nr;

	spans = spans_of(model, &nr);
	for (turn = 0; turn < TURNS; turn++) {
		fast[turn] = bench_now_ns();
		block = make(model, SIZE * (1 + turn % 8));
		fast[turn] = bench_now_ns() - fast[turn];
		offsets[turn] = block->offset;
		bench_must(ram_block_destroy(block, &bench_error));
	}
	for (turn = 0; turn < TURNS; turn++) {
		full[turn] = bench_now_ns();
		offset = search_all(spans, nr, SIZE * (1 + turn % 8));
		full[turn] = bench_now_ns() - full[turn];
		if (offset == offsets[turn])
			continue;
		fprintf(stderr, "bench: RAMBlock at 0x%llx, not at 0x%llx\n",
			(unsigned long long)offsets[turn],
			(unsigned long long)offset);
		exit(1);
	}
	free(spans);
	memory_model_destroy(model);
	bench_row(BENCH_ROW(.what = "make one RAMBlock more", .n = n,
			    .us = bench_median_us(fast, TURNS),
			    .full = bench_median_us(full, TURNS) + alone_us()));
}

static void from_nothing(unsigned int n)
{
	struct memory_model *model;
	uint64_t start;
	unsigned int i;

	bench_must(memory_model_create(NULL, &model, &bench_error));
	start = bench_now_ns();
	for (i = 0; i < n; i++)
		make(model, SIZE * (1 + i % 8));
	start = bench_now_ns() - start;
	memory_model_destroy(model);
	bench_row(BENCH_ROW(.what = "make N RAMBlocks", .n = n,
			    .us = start / 1000.0,
			    .qemu = n == 1000 ? 2.5e6 : 0));
}

void bench_blocks(void)
{
	unsigned int i;

	for (i = 0; i < BENCH_SIZES; i++)
		one_more(bench_sizes[i]);
	for (i = 0; i < BENCH_SIZES; i++)
		from_nothing(bench_sizes[i]);
}
