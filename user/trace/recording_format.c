// SPDX-License-Identifier: GPL-2.0-or-later
#include <limits.h>
#include <string.h>

#include "base/crc32c.h"
#include "trace/recording_parts.h"

#define CRC_BYTES 4

static const struct wire_field block_fields[] = {
	WIRE(struct recording_block, length, 4),
	WIRE(struct recording_block, flags, 4),
	WIRE(struct recording_block, number, 8),
	WIRE(struct recording_block, first_seq, 8),
	WIRE(struct recording_block, next_seq, 8),
	WIRE(struct recording_block, first_ns, 8),
	WIRE(struct recording_block, last_ns, 8),
	WIRE(struct recording_block, zero, 4),
};

static const struct wire_field record_fields[] = {
	WIRE(struct recording_record, length, 4),
	WIRE(struct recording_record, kind, 2),
	WIRE(struct recording_record, zero, 2),
	WIRE(struct recording_record, crc, 4),
};

const struct wire_field recording_head_fields[RECORDING_HEAD_FIELDS] = {
	WIRE(struct recording_head, version, 4),
	WIRE(struct recording_head, tgid, 4, .max = INT_MAX),
	WIRE(struct recording_head, time_ns, 8),
	WIRE(struct recording_head, real_ns, 8),
	WIRE(struct recording_head, segment_bytes, 4, .later = true),
	WIRE(struct recording_head, segments, 4, .later = true),
};

const struct wire_field recording_end_fields[RECORDING_END_FIELDS] = {
	WIRE(struct recording_end, time_ns, 8),
	WIRE(struct recording_end, events, 8),
	WIRE(struct recording_end, lost, 8),
	WIRE(struct recording_end, last_seq, 8, .max = UINT64_MAX - 1),
};

const struct wire_field recording_stack_fields[RECORDING_STACK_FIELDS] = {
	WIRE(struct recording_stack, id, 8),
};

const struct wire_field recording_told_fields[RECORDING_TOLD_FIELDS] = {
	WIRE(struct recording_told, kind, 2),
};

#define NR(fields) (sizeof(fields) / sizeof((fields)[0]))

static void put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < CRC_BYTES; i++, value >>= 8)
		at[i] = value;
}

static uint32_t get32(const uint8_t *at)
{
	uint32_t value = 0;

	for (int i = CRC_BYTES; i-- > 0;)
		value = value << 8 | at[i];
	return value;
}

void recording_block_put(uint8_t *at, const struct recording_block *block)
{
	const size_t crc_at = RECORDING_BLOCK_BYTES - CRC_BYTES;

	memcpy(at, RECORDING_MAGIC, RECORDING_MAGIC_BYTES);
	wire_put(at + RECORDING_MAGIC_BYTES, block_fields, NR(block_fields),
		 block);
	put32(at + crc_at, crc32c(0, at, crc_at));
}

bool recording_block_get(const uint8_t *at, struct recording_block *block)
{
	const size_t crc_at = RECORDING_BLOCK_BYTES - CRC_BYTES;

	if (memcmp(at, RECORDING_MAGIC, RECORDING_MAGIC_BYTES) ||
	    get32(at + crc_at) != crc32c(0, at, crc_at))
		return false;
	wire_get(at + RECORDING_MAGIC_BYTES, crc_at - RECORDING_MAGIC_BYTES,
		 block_fields, NR(block_fields), block);
	return block->length <= RECORDING_MAX_BLOCK && block->first_seq &&
	       block->next_seq >= block->first_seq;
}

static uint32_t record_crc(const uint8_t *at, uint32_t length)
{
	uint32_t crc = crc32c(0, at, RECORDING_RECORD_BYTES - CRC_BYTES);

	return crc32c(crc, at + RECORDING_RECORD_BYTES, length);
}

void recording_record_put(uint8_t *at, uint16_t kind, uint32_t length)
{
	const struct recording_record record = { .length = length,
						 .kind = kind };

	wire_put(at, record_fields, NR(record_fields), &record);
	put32(at + RECORDING_RECORD_BYTES - CRC_BYTES, record_crc(at, length));
}

void recording_record_get(const uint8_t *at, struct recording_record *record)
{
	wire_get(at, RECORDING_RECORD_BYTES, record_fields, NR(record_fields),
		 record);
}

bool recording_record_whole(const uint8_t *at,
			    const struct recording_record *record)
{
	return record->crc == record_crc(at, record->length);
}
