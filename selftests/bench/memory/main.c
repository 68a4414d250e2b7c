// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the memory model costs, as a table or as JSON. Nothing here is a test: a
 * figure is never wrong, only larger than it was.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libsmartcols/libsmartcols.h>

#include "bench.h"

const unsigned int bench_sizes[BENCH_SIZES] = { 10, 100, 1000, 10000 };
struct slotscope_error bench_error;
static struct libscols_table *table;

static const char about[] =
	"A region is 4 KiB of I/O, with 4 KiB of nothing behind it; there is one listener.\n"
	"US: microseconds, median. CALLS: of the listener (add, del, nop) in one change.\n"
	"FULL: microseconds of the simple way, in this same run: each view rendered whole, a\n"
	"binary search in the view, or all pairs of RAMBlocks looked at (the search, and what\n"
	"a block costs where it is the only one).\n"
	"RATIO: FULL/US; FROM, TO: by their quartiles, which is how far this run varies. QEMU:\n"
	"microseconds of QEMU 7.2's own code (-O2), measured once, elsewhere: good for the\n"
	"order of magnitude.\n";

void bench_must(int r)
{
	if (!r)
		return;
	fprintf(stderr, "bench: %s: %s\n", bench_error.tried, bench_error.why);
	exit(1);
}

uint64_t bench_now_ns(void)
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

double bench_median_us(uint64_t *ns, size_t nr)
{
	qsort(ns, nr, sizeof(*ns), by_value);
	return ns[nr / 2] / 1000.0;
}

void bench_times(struct bench_row *row, uint64_t *ns, size_t nr,
		 uint64_t *full_ns, size_t nr_full)
{
	row->us = bench_median_us(ns, nr);
	row->us_low = ns[nr / 4] / 1000.0;
	row->us_high = ns[nr * 3 / 4] / 1000.0;
	row->full = bench_median_us(full_ns, nr_full);
	row->full_low = full_ns[nr_full / 4] / 1000.0;
	row->full_high = full_ns[nr_full * 3 / 4] / 1000.0;
}

uint64_t bench_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

enum {
	COL_WHAT,
	COL_N,
	COL_US,
	COL_CALLS,
	COL_PER_CALL,
	COL_FULL,
	COL_RATIO,
	COL_RATIO_LOW,
	COL_RATIO_HIGH,
	COL_QEMU,
	COL_BYTES,
};

static void make_table(bool json)
{
	static const char *const names[] = {
		"WHAT",	 "N",	 "US", "CALLS", "US/CALL", "FULL",
		"RATIO", "FROM", "TO", "QEMU",	"BYTES",
	};
	/* As keys they say more, and a program has no notes to read */
	static const char *const keys[] = {
		"what",
		"n",
		"us",
		"listener_calls",
		"us_per_call",
		"full_us",
		"full_ratio",
		"full_ratio_low",
		"full_ratio_high",
		"qemu_us",
		"heap_bytes",
	};
	struct libscols_column *column;
	size_t i;

	table = scols_new_table();
	if (!table)
		abort();
	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		column = scols_table_new_column(table,
						json ? keys[i] : names[i], 0,
						i ? SCOLS_FL_RIGHT : 0);
		if (!column)
			abort();
		if (i)
			scols_column_set_json_type(column, SCOLS_JSON_NUMBER);
	}
	scols_table_enable_json(table, json);
	scols_table_set_name(table, "memory_bench");
	/* Never cut a figure, also where the output is no terminal */
	scols_table_set_termwidth(table, 200);
	scols_table_set_termforce(table, SCOLS_TERMFORCE_ALWAYS);
}

/* Three digits are more than can be trusted */
static void set_number(struct libscols_line *line, size_t column, double value)
{
	char text[32];

	if (!value)
		return;
	snprintf(text, sizeof(text), "%.*f",
		 value < 1   ? 3 :
		 value < 10  ? 2 :
		 value < 100 ? 1 :
			       0,
		 value);
	if (scols_line_set_data(line, column, text))
		abort();
}

void bench_row(struct bench_row row)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	char n[16];

	if (!line || scols_line_set_data(line, COL_WHAT, row.what))
		abort();
	snprintf(n, sizeof(n), "%u", row.n);
	if (row.n && scols_line_set_data(line, COL_N, n))
		abort();
	set_number(line, COL_US, row.us);
	set_number(line, COL_CALLS, row.calls);
	if (row.calls)
		set_number(line, COL_PER_CALL, row.us / row.calls);
	set_number(line, COL_FULL, row.full);
	if (row.full)
		set_number(line, COL_RATIO, row.full / row.us);
	if (row.full_low && row.us_low) {
		set_number(line, COL_RATIO_LOW, row.full_low / row.us_high);
		set_number(line, COL_RATIO_HIGH, row.full_high / row.us_low);
	}
	set_number(line, COL_QEMU, row.qemu);
	set_number(line, COL_BYTES, row.bytes);
}

int main(int argc, char **argv)
{
	bool json = argc == 2 && !strcmp(argv[1], "--json");

	if (argc > 1 && !json) {
		fprintf(stderr, "usage: %s [--json]\n", argv[0]);
		return 3;
	}
	make_table(json);
	bench_changes();
	bench_spaces();
	bench_bulk();
	bench_lookups();
	bench_blocks();
	bench_replay();
	bench_heap();
	if (!json)
		fputs(about, stdout);
	scols_print_table(table);
	scols_unref_table(table);
	return 0;
}
