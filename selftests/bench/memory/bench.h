/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the memory model's benchmark share */
#ifndef SLOTSCOPE_BENCH_H
#define SLOTSCOPE_BENCH_H

#include <stddef.h>
#include <stdint.h>

#include <slotscope/memory.h>

/* How many stand beside what is measured; the figures of QEMU are for these */
#define BENCH_SIZES 4
extern const unsigned int bench_sizes[BENCH_SIZES];

/**
 * struct bench_row - one figure; 0 where there is none
 * @what:  was done
 * @n:     how many of its kind stand beside it, or are made
 * @us:    microseconds that it took
 * @calls: of listeners, on average
 * @full:  microseconds that the simple way took, in the same run
 * @us_low, @us_high, @full_low, @full_high: a quarter took less, a quarter more
 * @qemu:  microseconds that QEMU 7.2's own code took, on another machine
 * @bytes: of heap
 */
struct bench_row {
	const char *what;
	unsigned int n;
	double us;
	double calls;
	double full;
	double us_low, us_high;
	double full_low, full_high;
	double qemu;
	double bytes;
};

#define BENCH_ROW(...) ((struct bench_row){ __VA_ARGS__ })

void bench_row(struct bench_row row);

extern struct slotscope_error bench_error;
/** bench_must() - end with @bench_error if @r is no success */
void bench_must(int r);

uint64_t bench_now_ns(void);
/** bench_median_us() - sorts @ns */
double bench_median_us(uint64_t *ns, size_t nr);
/** bench_times() - fill @row's times from those of both ways; sorts them */
void bench_times(struct bench_row *row, uint64_t *ns, size_t nr,
		 uint64_t *full_ns, size_t nr_full);
/** bench_random() - numbers that are the same in each run */
uint64_t bench_random(uint64_t *state);

/* bytes of a region, and from one to the next: there is room between them */
#define BENCH_REGION 0x1000ull
#define BENCH_STRIDE 0x2000ull

/**
 * struct board - a model with one address space
 * @calls: of its one listener, which only counts
 */
struct board {
	struct memory_model *model;
	struct memory_region *system;
	struct address_space *as;
	uint64_t calls;
};

void board_init(struct board *board, bool full_render);
void board_deinit(struct board *board);
/** board_make_io() - a device, not mapped; it answers reads */
struct memory_region *board_make_io(struct board *board);
void board_map(struct board *board, uint64_t addr,
	       struct memory_region *region);
/** board_fill() - map @nr devices, in the transaction that is open */
void board_fill(struct board *board, unsigned int nr);

void bench_changes(void);
void bench_spaces(void);
void bench_bulk(void);
void bench_lookups(void);
void bench_blocks(void);
void bench_heap(void);
void bench_replay(void);

#endif
