/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the records that the BPF programs leave in the ring to events with
 * numbers: converts units, puts a LOST event where something is missing, and
 * queues. A change that nobody told is missing, too. Pure.
 *
 * In place of the number of a request's stack its event has an enum record_stack.
 */
#ifndef TRACE_STREAM_H
#define TRACE_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include <slotscope/view.h>

#include "../../bpf/events.h"
#include "trace/generations.h"

/* Set by KVM while it is at the slots (struct kvm_memslots.generation) */
#define GENERATION_UPDATING (1ULL << 63)

/**
 * struct stream - events on their way to the caller
 * @page_size:	 of the kernel
 * @ns_per_tick: what a clock tick of /proc/PID/stat is, in ns
 * @nr_slots:	 slot numbers that users may have; KVM's own come after
 * @boot_id:	 for struct vm_id
 * @requests:	 requests are told, too
 * @lost:	 all that was lost so far
 *
 * All zero but for these is an empty stream.
 */
struct stream {
	uint64_t page_size;
	uint64_t ns_per_tick;
	uint32_t nr_slots;
	char boot_id[37];
	bool requests;
	struct slot_lost lost;

	/* private */
	uint64_t last_seq;
	uint64_t losses;
	uint64_t early;
	struct {
		uint64_t early, spare;
	} unasked;
	struct generations generations;
	uint32_t seen[LOSSES];
	struct slot_event *queue;
	size_t head, tail, cap;
};

void stream_deinit(struct stream *stream);

/**
 * stream_record() - take a record of the ring, losses told in it included
 *
 * Return: 0, -ENOMEM, or -EPROTO for a record that is none.
 */
int stream_record(struct stream *stream, const void *data, size_t size);

/** stream_event() - put an event of our own making; its seq is set here */
int stream_event(struct stream *stream, const struct slot_event *event);

/** stream_lose() - tell that @count events are missing here; nothing for 0 */
int stream_lose(struct stream *stream, enum slot_lost_reason reason,
		uint64_t count, uint64_t time_ns);

/**
 * stream_missed() - tell of calls that the kernel did not show to a program
 *
 * Less those of which a jump of the generation has told already.
 */
int stream_missed(struct stream *stream, uint64_t count, uint64_t time_ns);

/**
 * stream_skipped() - tell of requests that the kernel did not show, and counted
 *
 * Less those of which their changes have told already.
 */
int stream_skipped(struct stream *stream, uint64_t count, uint64_t time_ns);

/**
 * stream_totals() - take the running totals of enum record_loss
 *
 * To be called with totals read before the ring was emptied, once it is.
 */
int stream_totals(struct stream *stream, const volatile uint32_t totals[LOSSES],
		  uint64_t time_ns);

/** stream_restart() - forget all events and losses; what @totals say is past */
void stream_restart(struct stream *stream,
		    const volatile uint32_t totals[LOSSES]);

/** stream_next() - take the oldest event out; NULL if there is none */
const struct slot_event *stream_next(struct stream *stream);

/** slot_from_record() - a slot in our units; id -1 if there is none */
struct slot slot_from_record(const struct stream *stream,
			     const struct slot_record *rec);

#endif
