// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "trace/record_queue.h"

/* Before each record: its length, then the record, each aligned to 8 */
#define HEAD 8UL

static size_t needs(size_t size)
{
	return HEAD + ((size + 7) & ~7UL);
}

void record_queue_init(struct record_queue *q, void *memory, size_t size)
{
	*q = (struct record_queue){ .memory = memory,
				    .size = size,
				    .wrap = size };
	pthread_mutex_init(&q->lock, NULL);
}

void record_queue_deinit(struct record_queue *q)
{
	pthread_mutex_destroy(&q->lock);
	*q = (struct record_queue){ 0 };
}

/*
 * Where a record would go: none is in two pieces. What waits lies from begin to end; or
 * from begin to wrap, and from 0 to end. Of an empty queue all begins at 0 again: memory
 * that is never needed is never touched.
 */
static bool place(struct record_queue *q, size_t need, size_t *at)
{
	bool empty = q->put == q->dropped;
	bool around = !empty && q->end <= q->begin;

	if (empty) {
		q->begin = 0;
		q->end = 0;
		q->wrap = q->size;
	}
	*at = q->end;
	if (need <= (around ? q->begin : q->size) - q->end)
		return true;
	*at = 0;
	return !around && need <= q->begin;
}

bool record_queue_room(struct record_queue *q, size_t size)
{
	bool room;
	size_t at;

	pthread_mutex_lock(&q->lock);
	room = place(q, needs(size), &at);
	pthread_mutex_unlock(&q->lock);
	return room;
}

bool record_queue_put(struct record_queue *q, const void *data, size_t size)
{
	size_t need = needs(size), at;
	uint64_t length = size;
	bool room;

	pthread_mutex_lock(&q->lock);
	room = place(q, need, &at);
	if (room) {
		memcpy(q->memory + at, &length, sizeof(length));
		memcpy(q->memory + at + HEAD, data, size);
		if (at != q->end)
			q->wrap = q->end;
		q->end = at + need;
		q->put++;
	}
	pthread_mutex_unlock(&q->lock);
	return room;
}

const void *record_queue_first(struct record_queue *q, size_t *size)
{
	const uint8_t *first = NULL;
	uint64_t length;

	pthread_mutex_lock(&q->lock);
	if (q->put != q->dropped)
		first = q->memory + q->begin;
	pthread_mutex_unlock(&q->lock);
	if (!first)
		return NULL;
	memcpy(&length, first, sizeof(length));
	*size = length;
	return first + HEAD;
}

void record_queue_drop(struct record_queue *q)
{
	uint64_t length;

	pthread_mutex_lock(&q->lock);
	memcpy(&length, q->memory + q->begin, sizeof(length));
	q->begin += needs(length);
	if (q->begin == q->wrap) {
		q->begin = 0;
		q->wrap = q->size;
	}
	q->dropped++;
	pthread_mutex_unlock(&q->lock);
}

uint64_t record_queue_put_so_far(struct record_queue *q)
{
	uint64_t put;

	pthread_mutex_lock(&q->lock);
	put = q->put;
	pthread_mutex_unlock(&q->lock);
	return put;
}

uint64_t record_queue_dropped_so_far(struct record_queue *q)
{
	uint64_t dropped;

	pthread_mutex_lock(&q->lock);
	dropped = q->dropped;
	pthread_mutex_unlock(&q->lock);
	return dropped;
}
