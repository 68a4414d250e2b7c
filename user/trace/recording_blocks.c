// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "trace/recording_blocks.h"

#define SKIP_BYTES 4096

void blocks_note_damage(struct recording_blocks *b)
{
	b->damaged += !b->passed;
	b->passed = true;
}

static uint64_t segment_at(const struct recording_blocks *b, uint32_t segment)
{
	return b->ring + (uint64_t)segment * b->segment_bytes;
}

/* The header that stands at a place of a ring, as it is now; 1 if there is one */
static int look(struct recording_blocks *b, uint64_t at,
		struct recording_block *block, struct slotscope_error *err)
{
	const uint64_t behind = (at - b->ring) % b->segment_bytes;
	int ret = source_seek(&b->source, at, err);
	ssize_t got = ret;

	if (!ret)
		got = source_need(&b->source, RECORDING_BLOCK_BYTES, err);
	if (got < RECORDING_BLOCK_BYTES)
		return got < 0 ? got : 0;
	return recording_block_get(source_bytes(&b->source), block) &&
	       block->number &&
	       behind + RECORDING_BLOCK_BYTES + block->length <=
		       b->segment_bytes;
}

/* A segment that is not in use begins with zeroes */
static bool is_damaged(const struct recording_blocks *b)
{
	static const uint8_t zeroes[RECORDING_BLOCK_BYTES];

	return memcmp(source_bytes(&b->source), zeroes, sizeof(zeroes));
}

/**
 * struct segment_found - the segment that a ring goes on in
 * @number: of its first block; UINT64_MAX: there is none
 */
struct segment_found {
	uint32_t segment;
	uint64_t number;
};

/*
 * Of the segments whose first block has @from or a later number, the first. With
 * @states only of those at which a state begins.
 */
static int find_segment(struct recording_blocks *b, uint64_t from, bool states,
			struct segment_found *found,
			struct slotscope_error *err)
{
	struct recording_block block;
	int ret;

	*found = (struct segment_found){ .number = UINT64_MAX };
	for (uint32_t i = 0; i < b->segments; i++) {
		ret = look(b, segment_at(b, i), &block, err);
		if (ret < 0)
			return ret;
		if (ret && block.number >= from &&
		    block.number < found->number &&
		    (!states || block.flags & RECORDING_BLOCK_BEGIN))
			*found = (struct segment_found){ i, block.number };
	}
	return 0;
}

static int count_damaged(struct recording_blocks *b,
			 struct slotscope_error *err)
{
	struct recording_block block;
	int ret;

	for (uint32_t i = 0; i < b->segments; i++) {
		ret = look(b, segment_at(b, i), &block, err);
		if (ret < 0)
			return ret;
		b->damaged += !ret &&
			      b->source.len - b->source.pos >=
				      RECORDING_BLOCK_BYTES &&
			      is_damaged(b);
	}
	return 0;
}

static int begin_ring(struct recording_blocks *b, struct slotscope_error *err)
{
	struct segment_found first, state;
	int ret = source_hold(&b->source, err);

	if (!ret)
		ret = count_damaged(b, err);
	if (!ret)
		ret = find_segment(b, 1, false, &first, err);
	if (!ret)
		ret = find_segment(b, 1, true, &state, err);
	if (ret)
		return ret;
	/* From its very beginning nothing is missing */
	if (first.number != 1 && state.number != UINT64_MAX)
		first = state;
	b->segment = first.segment;
	b->first = first.number == UINT64_MAX ? 1 : first.number;
	b->number = b->first;
	b->begin_segment = b->segment;
	b->begin = segment_at(b, b->segment);
	return source_seek(&b->source, b->begin, err);
}

int blocks_begin(struct recording_blocks *b, size_t size,
		 uint32_t segment_bytes, uint32_t segments,
		 struct slotscope_error *err)
{
	source_take(&b->source, size);
	b->number = 1;
	b->first = 1;
	b->begin = b->source.at;
	if (!segments)
		return 0;
	b->ring = (size + RECORDING_RING_ALIGN - 1) / RECORDING_RING_ALIGN *
		  RECORDING_RING_ALIGN;
	b->segment_bytes = segment_bytes;
	b->segments = segments;
	return begin_ring(b, err);
}

bool blocks_are_short(const struct recording_blocks *b)
{
	return b->ring && source_size(&b->source) < segment_at(b, b->segments);
}

/* Go on to what may be the next header, behind one that is none */
static void find_header(struct recording_blocks *b, size_t nr)
{
	const uint8_t *bytes = source_bytes(&b->source);
	const uint8_t *next =
		memchr(bytes + 1, RECORDING_MAGIC[0] & 0xff, nr - 1);

	source_take(&b->source, next ? (size_t)(next - bytes) : nr);
	blocks_note_damage(b);
}

static int next_in_line(struct recording_blocks *b, struct slotscope_error *err)
{
	ssize_t got;

	for (;;) {
		got = source_need(&b->source, RECORDING_BLOCK_BYTES, err);
		if (got < 0)
			return got;
		if (got < RECORDING_BLOCK_BYTES)
			return STEP_SHORT;
		if (recording_block_get(source_bytes(&b->source), &b->block))
			return STEP_ON;
		find_header(b, got);
	}
}

/* Is the next block where we are? What was read ahead may have changed since */
static int next_here(struct recording_blocks *b, uint64_t at,
		     struct slotscope_error *err)
{
	struct recording_block block;
	int ret;

	if (at + RECORDING_BLOCK_BYTES > segment_at(b, b->segment + 1))
		return STEP_SHORT;
	ret = look(b, at, &block, err);
	if (ret <= 0 || block.number != b->number)
		return ret < 0 ? ret : STEP_SHORT;
	b->block = block;
	return STEP_ON;
}

/* The segment that the ring goes on in; STEP_ON if we are before its first block */
static int next_segment(struct recording_blocks *b, uint64_t at,
			struct slotscope_error *err)
{
	struct segment_found found;
	int ret = find_segment(b, b->number, false, &found, err);

	/* Between our looking here and there it may have been written */
	if (!ret && found.number != b->number)
		ret = next_here(b, at, err);
	if (ret)
		return ret;
	if (found.number == UINT64_MAX)
		return source_seek(&b->source, at, err) ?: STEP_SHORT;
	if (found.number != b->number && !source_growing(&b->source))
		blocks_note_damage(b); /* else the writer has been round */
	b->number = found.number;
	b->segment = found.segment;
	return next_here(b, segment_at(b, b->segment), err);
}

static int next_in_ring(struct recording_blocks *b, struct slotscope_error *err)
{
	const uint64_t at = b->source.at;
	int ret = next_here(b, at, err);

	/* Once more for each time that a writer may come round meanwhile */
	for (uint32_t i = 0; i < b->segments && ret == STEP_SHORT; i++) {
		ret = next_segment(b, at, err);
		if (ret == STEP_SHORT && b->source.at == at)
			break;
	}
	return ret;
}

int blocks_next(struct recording_blocks *b, struct slotscope_error *err)
{
	int ret = b->ring ? next_in_ring(b, err) : next_in_line(b, err);

	if (ret != STEP_ON)
		return ret;
	if (b->block.number < b->number) {
		error_set(err, EINVAL, "read recording %s, byte %llu",
			  b->source.path, (unsigned long long)b->source.at);
		return error_why(err, "block %llu cannot follow here",
				 (unsigned long long)b->block.number);
	}
	source_take(&b->source, RECORDING_BLOCK_BYTES);
	b->number = b->block.number + 1;
	b->left = b->block.length;
	return STEP_ON;
}

int blocks_skip(struct recording_blocks *b, struct slotscope_error *err)
{
	while (b->left) {
		size_t size = b->left < SKIP_BYTES ? b->left : SKIP_BYTES;
		ssize_t got = source_need(&b->source, size, err);

		if (got <= 0)
			return got < 0 ? got : STEP_SHORT;
		source_take(&b->source, got);
		b->left -= got;
	}
	return STEP_ON;
}

int blocks_seek(struct recording_blocks *b, uint64_t ns,
		struct slotscope_error *err)
{
	const uint64_t damaged = b->damaged;
	uint64_t at = b->begin, number = b->first;
	uint32_t segment = b->begin_segment;
	int ret = source_seek(&b->source, at, err), found = 0;

	b->number = number;
	b->segment = segment;
	b->left = 0;
	while (!ret && (ret = blocks_next(b, err)) == STEP_ON) {
		if (b->block.flags & RECORDING_BLOCK_BEGIN &&
		    b->block.first_ns <= ns) {
			at = b->source.at - RECORDING_BLOCK_BYTES;
			number = b->block.number;
			segment = b->segment;
			found = 1;
		}
		ret = source_seek(&b->source, b->source.at + b->left, err);
		if (ret)
			break;
	}
	b->damaged = damaged;
	b->passed = false;
	b->left = 0;
	b->number = number;
	b->segment = segment;
	if (ret >= 0)
		ret = source_seek(&b->source, at, err);
	return ret ? ret : found;
}
