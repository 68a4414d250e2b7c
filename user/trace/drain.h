/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Emptying the kernel's rings. A thread takes what comes out of them into memory, and does
 * nothing else: that whoever reads it prints, writes, unwinds, or waits for a terminal
 * that nobody looks at, loses nothing as long as there is room here. Without room records
 * stay in the ring, and when that is full, too, the BPF programs count what is lost, as
 * they ever do.
 *
 * Whoever reads takes from the ring, too: what was there before is read, whether the
 * thread has run or not.
 */
#ifndef TRACE_DRAIN_H
#define TRACE_DRAIN_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/libbpf.h>

#include <slotscope/error.h>

#include "trace/record_queue.h"

/**
 * struct drained - a ring, and what was taken from it and is to be read
 * @ring:   NULL if nobody asked for it; of @ring_bytes
 * @lock:   held by whoever takes from the ring, and guards what follows
 * @left:   some is left in the ring for want of room
 * @failed: what a record that was none made of it: nothing more is taken
 *
 * All zero is closed. Private but for @ring.
 */
struct drained {
	struct ring_buffer *ring;
	size_t ring_bytes;
	int map_fd;
	struct record_queue queue;
	void *memory;
	size_t bytes;
	size_t largest;
	pthread_mutex_t lock;
	bool left;
	int failed;
};

/**
 * drained_open() - a ring from which nothing is taken yet
 * @map:     the BPF map
 * @bytes:   that may wait to be read, raised to one of the largest; they become memory
 *	     as far as they are needed
 * @largest: no record is larger
 *
 * Return: 0, or a negative errno with @err filled.
 */
int drained_open(struct drained *d, const struct bpf_map *map, size_t bytes,
		 size_t largest, struct slotscope_error *err);
void drained_close(struct drained *d);

/**
 * struct drained_pass - reading what there is, once; all zero but @to_end begins it
 * @to_end: read on as long as there is something. Else only what was there when it
 *	    began, and not much more: should a VMM be faster than we are, it ends
 * @left:   once it has ended: 1 if some may be left of what was there, else 0; -EPROTO
 *	    after a record that is none
 *
 * The rest is private.
 */
struct drained_pass {
	bool to_end;
	int left;
	bool begun;
	uint64_t until, taken;
};

/**
 * drained_next() - the next record
 *
 * Return: the record, aligned to 8, until drained_drop(), which has to come before the
 * next; NULL: the pass has ended.
 */
const void *drained_next(struct drained *d, struct drained_pass *pass,
			 size_t *size);

/** drained_drop() - done with it: there is room for another */
void drained_drop(struct drained *d);

#define DRAINER_RINGS 2

/** struct drainer - the thread. All zero: there is none. Private */
struct drainer {
	pthread_t thread;
	bool runs;
	int epoll_fd;
	int stop_fd;
	int told_fd;
	struct drained *rings[DRAINER_RINGS];
	void (*begin)(void);
};

/**
 * drainer_start() - from now on these rings are emptied whenever they fill up
 * @rings: those that are not open are left alone
 * @begin: called first in the thread, which handles no signal; NULL: nothing
 *
 * Return: 0, or a negative errno with @err filled.
 */
int drainer_start(struct drainer *drainer,
		  struct drained *const rings[DRAINER_RINGS],
		  void (*begin)(void), struct slotscope_error *err);
void drainer_stop(struct drainer *drainer);

/**
 * drainer_wait() - until the thread has taken something, but no longer than so
 *
 * Return: 0 or a negative errno: -EINTR after a signal.
 */
int drainer_wait(struct drainer *drainer, int timeout_ms);

#endif
