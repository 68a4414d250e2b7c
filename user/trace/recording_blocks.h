/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The blocks of a recording, in their order, wherever they stand */
#ifndef TRACE_RECORDING_BLOCKS_H
#define TRACE_RECORDING_BLOCKS_H

#include "trace/recording_format.h"
#include "trace/recording_source.h"

/* What became of the next bytes; or a negative errno */
enum step {
	STEP_SHORT, /* they are not there, or not whole (yet) */
	STEP_EVENT, /* an event is to be handed over */
	STEP_ON,    /* there was none in them */
};

/**
 * struct recording_blocks - which block a reader is in
 * @block:   its header
 * @left:    bytes of it that are to come
 * @damaged: places at which something else stands than was written
 * @passed:  there was one since the reader last put this to false
 * @first:   which @number the first one has that can be read
 *
 * The rest is private:
 * @number:  that the next block is to have
 * @begin:   where the first one stands, in
 * @begin_segment: which
 * @ring:    where the segments begin; 0: the recording is none
 */
struct recording_blocks {
	struct recording_source source;
	struct recording_block block;
	uint64_t left;
	uint64_t damaged;
	bool passed;
	uint64_t first;

	uint64_t number;
	uint64_t begin;
	uint32_t begin_segment;
	uint64_t ring;
	uint32_t segment_bytes;
	uint32_t segments;
	uint32_t segment;
};

/**
 * blocks_begin() - say where the blocks behind block 0 are
 * @size:     of block 0, which was read
 * @segments: of a ring; 0: they stand one behind the other
 *
 * A ring is read from its oldest state on; without one from its oldest block.
 *
 * Return: 0 or a negative errno.
 */
int blocks_begin(struct recording_blocks *blocks, size_t size,
		 uint32_t segment_bytes, uint32_t segments,
		 struct slotscope_error *err);

/** blocks_next() - go behind the next header: STEP_ON, STEP_SHORT, or an error */
int blocks_next(struct recording_blocks *blocks, struct slotscope_error *err);

/** blocks_skip() - pass over what is left of the block: the same */
int blocks_skip(struct recording_blocks *blocks, struct slotscope_error *err);

/** blocks_note_damage() - something is not as it was written */
void blocks_note_damage(struct recording_blocks *blocks);

/** blocks_are_short() - a ring of which the file has not all: it was cut */
bool blocks_are_short(const struct recording_blocks *blocks);

/**
 * blocks_seek() - go where a state begins that is of a moment, or the latest before
 *
 * To the first block if there is none. Not of a pipe.
 *
 * Return: 1, 0 if there is none, or a negative errno.
 */
int blocks_seek(struct recording_blocks *blocks, uint64_t ns,
		struct slotscope_error *err);

#endif
