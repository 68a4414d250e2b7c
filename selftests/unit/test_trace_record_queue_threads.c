// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Records in a queue: held against an array of what was put, and with one thread that
 * puts while another one reads. Build with SAN=thread to have the accesses watched.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "trace/record_queue.h"

#define STEPS	20011
#define RECORDS 30011
#define LARGEST 97

/* A record says which it is, how many were refused before it, and how long it is */
struct record {
	uint64_t nr;
	uint64_t refused;
	uint64_t size;
	uint8_t rest[LARGEST];
};

#define SMALLEST offsetof(struct record, rest)

static uint32_t random_next(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static void record_make(struct record *rec, uint64_t nr, uint64_t refused,
			uint32_t *state)
{
	rec->nr = nr;
	rec->refused = refused;
	rec->size = SMALLEST + random_next(state) % (LARGEST + 1);
	memset(rec->rest, (int)(nr % 251), sizeof(rec->rest));
}

/* Whether all of it is as it was made */
static bool record_is(const struct record *rec, size_t size)
{
	if ((uintptr_t)rec % 8 || size < SMALLEST || rec->size != size)
		return false;
	for (size_t i = 0; i < size - SMALLEST; i++)
		if (rec->rest[i] != rec->nr % 251)
			return false;
	return true;
}

/* The fewest bytes that hold a record where each is aligned */
static size_t rounded(size_t size)
{
	return (size + 7) / 8 * 8;
}

static void against_an_array(size_t bytes)
{
	static struct record made[STEPS];
	void *memory = malloc(bytes);
	size_t first = 0, last = 0, held = 0, size, refused = 0, most = 0;
	struct record_queue q;
	uint32_t state = bytes;

	assert_non_null(memory);
	record_queue_init(&q, memory, bytes);
	for (int i = 0; i < STEPS; i++) {
		const struct record *got;

		/* By turns longer and shorter */
		if (random_next(&state) % 100 < (i / 300 % 2 ? 70U : 30U)) {
			struct record *rec = &made[last];
			bool room;

			record_make(rec, last, 0, &state);
			room = record_queue_room(&q, rec->size);
			assert_int_equal(record_queue_put(&q, rec, rec->size),
					 room);
			/* Never more than there is memory; always into an empty one */
			if (room)
				held += rounded(rec->size);
			else
				refused++;
			assert_true(held <= bytes);
			assert_true(room || first != last);
			last += room;
			most = held > most ? held : most;
			continue;
		}
		got = record_queue_first(&q, &size);
		assert_int_equal(got != NULL, first != last);
		if (!got)
			continue;
		assert_int_equal(got->nr, first);
		assert_true(record_is(got, size));
		assert_int_equal(size, made[first].size);
		held -= rounded(size);
		first++;
		record_queue_drop(&q);
		assert_int_equal(record_queue_dropped_so_far(&q), first);
		assert_int_equal(record_queue_put_so_far(&q), last);
	}
	assert_true(refused > 100);
	/* Of the memory most can be used: what is not is less than a record or two */
	assert_true(most + 3 * sizeof(struct record) >= bytes * 3 / 4);
	record_queue_deinit(&q);
	free(memory);
}

static void in_order_and_bounded(void **unused)
{
	(void)unused;
	against_an_array(sizeof(struct record) + 16);
	against_an_array(512);
	against_an_array(1000);
	against_an_array(4096);
}

/* An empty one begins anew: what waits shortly takes little memory, however much goes by */
static void memory_that_is_not_needed(void **unused)
{
	uint8_t *memory = calloc(1, 1 << 16);
	struct record_queue q;
	struct record rec;
	uint32_t state = 1;
	size_t size;

	(void)unused;
	assert_non_null(memory);
	record_queue_init(&q, memory, 1 << 16);
	for (int i = 0; i < 5003; i++) {
		record_make(&rec, i + 1, 0, &state);
		assert_true(record_queue_put(&q, &rec, rec.size));
		assert_non_null(record_queue_first(&q, &size));
		record_queue_drop(&q);
	}
	assert_null(record_queue_first(&q, &size));
	for (size_t i = 2 * sizeof(rec); i < 1 << 16; i++)
		assert_int_equal(memory[i], 0);
	record_queue_deinit(&q);
	free(memory);
}

static void *put_all(void *arg)
{
	struct record_queue *q = arg;
	struct record rec;
	uint64_t refused = 0;
	uint32_t state = 7;
	bool room, put;

	for (int i = 0; i < RECORDS; i++) {
		record_make(&rec, i, refused, &state);
		/* Who has made sure of room can count on it */
		room = i % 3 ? record_queue_room(q, sizeof(rec)) : true;
		put = room && record_queue_put(q, &rec, rec.size);
		if (i % 3 && room && !put)
			return "no room where there was some";
		refused += !put;
		if (i % 1009 == 0)
			sched_yield();
	}
	record_make(&rec, RECORDS, refused, &state);
	while (!record_queue_put(q, &rec, rec.size))
		sched_yield();
	return NULL;
}

/* Each is read once, in order, whole; or was refused, and is counted */
static void one_puts_one_reads(void **unused)
{
	void *memory = malloc(2048), *wrong;
	struct record_queue q;
	pthread_t thread;
	uint64_t next = 0, read = 0, refused = 0;
	bool right = true;

	(void)unused;
	assert_non_null(memory);
	record_queue_init(&q, memory, 2048);
	assert_int_equal(pthread_create(&thread, NULL, put_all, &q), 0);
	while (next <= RECORDS) {
		const struct record *rec;
		size_t size;

		rec = record_queue_first(&q, &size);
		if (!rec) {
			sched_yield();
			continue;
		}
		right &= record_is(rec, size) && rec->nr >= next &&
			 rec->nr - rec->refused == read;
		next = rec->nr + 1;
		refused = rec->refused;
		read++;
		record_queue_drop(&q);
	}
	pthread_join(thread, &wrong);
	assert_null(wrong);
	assert_true(right);
	assert_int_equal(read + refused, RECORDS + 1);
	assert_int_equal(record_queue_put_so_far(&q), read);
	assert_int_equal(record_queue_dropped_so_far(&q), read);
	record_queue_deinit(&q);
	free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order_and_bounded),
		cmocka_unit_test(memory_that_is_not_needed),
		cmocka_unit_test(one_puts_one_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
