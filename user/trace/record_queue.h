/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records on their way from whoever takes them out of a ring to whoever reads them: in
 * order, each once, and never more of them than there is memory for. Pure: the memory is
 * the caller's.
 *
 * One thread at a time puts, one reads; the two need not wait for each other.
 */
#ifndef TRACE_RECORD_QUEUE_H
#define TRACE_RECORD_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** struct record_queue - private */
struct record_queue {
	pthread_mutex_t lock;
	uint8_t *memory;
	size_t size;
	size_t begin, end, wrap;
	uint64_t put, dropped;
};

/**
 * record_queue_init() - an empty queue
 * @memory: aligned to 8; stays the caller's until record_queue_deinit(). Of it is used
 *	    what the queue needed at its longest, from the beginning on
 * @size:   a multiple of 8
 */
void record_queue_init(struct record_queue *queue, void *memory, size_t size);
void record_queue_deinit(struct record_queue *queue);

/** record_queue_room() - is there room for a record of @size bytes? It stays until one is put */
bool record_queue_room(struct record_queue *queue, size_t size);

/** record_queue_put() - copy a record to the end; false, and nothing done, without room */
bool record_queue_put(struct record_queue *queue, const void *data,
		      size_t size);

/**
 * record_queue_first() - the oldest record
 *
 * Return: the record, which stays there until record_queue_drop(), aligned to 8; NULL if
 * there is none.
 */
const void *record_queue_first(struct record_queue *queue, size_t *size);

/** record_queue_drop() - done with the oldest, which there is */
void record_queue_drop(struct record_queue *queue);

/** record_queue_put_so_far() - how many were put in all; and dropped in all */
uint64_t record_queue_put_so_far(struct record_queue *queue);
uint64_t record_queue_dropped_so_far(struct record_queue *queue);

#endif
