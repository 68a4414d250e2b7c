/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a recording is laid out. This comment is the specification; the reasons are
 * in Documentation/recording.md.
 *
 * All numbers are little endian, nothing is aligned. A recording is a sequence of
 * blocks, each a header and the records that it says follow:
 *
 *	block:	 0  8  magic: 89 53 4c 4f 54 52 45 43 ("\x89SLOTREC")
 *		 8  4  length: bytes of records behind this header
 *		12  4  flags: RECORDING_BLOCK_*
 *		16  8  number: 0, 1, 2, ... in the order in which they were written
 *		24  8  first_seq: number of the first event in it
 *		32  8  next_seq: number of the first event behind it
 *		40  8  first_ns: CLOCK_MONOTONIC of the earliest end of an event in it,
 *		48  8  last_ns: of the latest; without events both are when it was begun
 *		56  4  0
 *		60  4  CRC32C of the 60 bytes before
 *
 *	record:	 0  4  length: bytes of the payload behind this header
 *		 4  2  kind: enum recording_kind
 *		 6  2  0
 *		 8  4  CRC32C of the 8 bytes before, and the payload
 *		12     payload
 *
 * Block 0 holds one HEAD and then INFO records. The last block of a recording that
 * was ended holds an END, and nothing follows it.
 *
 * At times blocks tell how things stand: a state. They hold STATE records alone, and the
 * first and the last are marked. Whoever begins to read there takes these for events,
 * which all bear the number of the last event before; whoever comes from before passes
 * over them. The times of their headers are of the latest event before.
 *
 * A recording of bounded size is a ring: behind block 0, from the next multiple of
 * RECORDING_RING_ALIGN on, there are so many segments of so many bytes as the HEAD says.
 * Each has blocks one after the other, up to where one does not have the number that is
 * to come. The next stands at the beginning of another segment: in the end of the one
 * that was the oldest. A segment that is not in use begins with zeroes. What is in front
 * of the oldest state that begins a segment was dropped.
 *
 * A payload is a row of members (view/wire.h). A member may be added at its end: a
 * reader passes over what it does not know, and has a default for what is not there.
 * The payload of every kind from RECORDING_EVENTS on begins as that of an event: with
 * seq, time_ns, duration_ns, serial, tgid, tid, comm and call. A reader that does not
 * know the kind knows so much, hands it on as SLOT_EVENT_UNKNOWN and counts it. Of
 * other kinds it counts what it does not know. A change that such readers must not
 * pass over raises RECORDING_VERSION.
 *
 * No CRC covers what is between the blocks of a ring: it means nothing, and is not
 * read. The file has the size of all segments from the beginning on: a shorter one
 * was cut.
 *
 * Where a CRC does not fit, the rest of that block is damaged: the next header that
 * is whole tells, by its first_seq, how many events were in it. Where a header is
 * damaged the next one is looked for by its magic.
 */
#ifndef TRACE_RECORDING_FORMAT_H
#define TRACE_RECORDING_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#define RECORDING_VERSION 2 /* 1 was JSON Lines */

#define RECORDING_MAGIC	      "\x89SLOTREC"
#define RECORDING_MAGIC_BYTES 8

/* A block's header, and a record's */
#define RECORDING_BLOCK_BYTES  64
#define RECORDING_RECORD_BYTES 12

/* What a reader takes, far above what a writer makes */
#define RECORDING_MAX_BLOCK  (64U << 20)
#define RECORDING_MAX_RECORD (16U << 20)
#define RECORDING_MAX_RING   (16UL << 30)

/* A ring's segments begin at a multiple of this */
#define RECORDING_RING_ALIGN   4096
#define RECORDING_MAX_SEGMENTS 4096

enum recording_block_flags {
	RECORDING_BLOCK_STATE = 1, /* it is of a state, */
	RECORDING_BLOCK_BEGIN = 2, /* which begins here, */
	RECORDING_BLOCK_WHOLE = 4, /* and ends here */
};

enum recording_kind {
	/* version 4, tgid 4, time_ns 8, real_ns 8; of a ring segment_bytes 4, segments 4 */
	RECORDING_HEAD = 1,
	RECORDING_INFO =
		2, /* "NAME=VALUE", no NUL; a name may come several times */
	RECORDING_END = 3, /* time_ns 8, events 8, lost 8, last_seq 8 */
	/* id 8, then the stack as JSON has it, no NUL; before events that name it */
	RECORDING_STACK = 4,
	RECORDING_STATE = 5, /* kind 2, then what is an event's by that kind */

	/* Events; members and their widths: view/wire_event.c */
	RECORDING_EVENTS = 0x100,
};

/**
 * struct recording_block - a block's header
 * @length:    bytes of records
 * @flags:     RECORDING_BLOCK_*
 * @number:    of the block
 * @first_seq: number of its first event, and
 * @next_seq:  of the first behind it
 * @first_ns:  CLOCK_MONOTONIC of the earliest end of an event in it, and
 * @last_ns:   of the latest
 * @zero:      for what is to come
 */
struct recording_block {
	uint32_t length;
	uint32_t flags;
	uint64_t number;
	uint64_t first_seq;
	uint64_t next_seq;
	uint64_t first_ns;
	uint64_t last_ns;
	uint32_t zero;
};

/**
 * struct recording_record - a record's header
 * @length: bytes of its payload
 * @kind:   enum recording_kind, or one that is not there
 * @zero:   for what is to come
 * @crc:    as it stands there
 */
struct recording_record {
	uint32_t length;
	uint16_t kind;
	uint16_t zero;
	uint32_t crc;
};

/** recording_block_put() - write a block's header, RECORDING_BLOCK_BYTES of it */
void recording_block_put(uint8_t *at, const struct recording_block *block);

/** recording_block_get() - read one; false if there is no whole one */
bool recording_block_get(const uint8_t *at, struct recording_block *block);

/** recording_record_put() - the header of a payload that stands behind @at already */
void recording_record_put(uint8_t *at, uint16_t kind, uint32_t length);

/** recording_record_get() - read a record's header; its CRC is not looked at */
void recording_record_get(const uint8_t *at, struct recording_record *record);

/** recording_record_whole() - is what stands at @at what was written there? */
bool recording_record_whole(const uint8_t *at,
			    const struct recording_record *record);

#endif
