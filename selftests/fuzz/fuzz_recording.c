// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer: any bytes as a recording. The first byte says whether they are given as
 * they are, or with magics, lengths and CRCs put right, without which little would be
 * read. What is told has to be a log, and one that can be put to use.
 */
#include <stdlib.h>
#include <string.h>

#include "trace/recording.h"
#include "trace/recording_parts.h"
#include "view/json.h"

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* Records up to @end that fit, of whatever kind and payload is there */
static size_t right_records(uint8_t *bytes, size_t at, size_t end, bool first)
{
	while (end - at >= RECORDING_RECORD_BYTES) {
		struct recording_record record;
		size_t room = end - at - RECORDING_RECORD_BYTES;

		recording_record_get(bytes + at, &record);
		if (record.length > room || record.length > 4096)
			record.length = room ? record.length % room : 0;
		if (first && room >= 32) {
			static const uint8_t version[] = { RECORDING_VERSION };

			record.kind = RECORDING_HEAD;
			if (record.length < 24)
				record.length = 32;
			memset(bytes + at + RECORDING_RECORD_BYTES, 0, 8);
			memcpy(bytes + at + RECORDING_RECORD_BYTES, version, 1);
		}
		first = false;
		recording_record_put(bytes + at, record.kind, record.length);
		at += RECORDING_RECORD_BYTES + record.length;
	}
	return at;
}

static void put_right(uint8_t *bytes, size_t size)
{
	size_t at = 0;

	while (size - at >= RECORDING_BLOCK_BYTES) {
		const size_t begin = at + RECORDING_BLOCK_BYTES;
		struct recording_block block = {};
		size_t room = size - begin, length;

		/* What a header says is what is there, but for its length */
		memcpy(&block.flags, bytes + at + 12, 1);
		memcpy(&block.number, bytes + at + 16, 2);
		memcpy(&block.first_seq, bytes + at + 24, 2);
		memcpy(&block.next_seq, bytes + at + 32, 2);
		memcpy(&block.first_ns, bytes + at + 40, 8);
		memcpy(&block.last_ns, bytes + at + 48, 8);
		length = bytes[at + 8] | bytes[at + 9] << 8;
		if (length > room)
			length = room;
		if (!at) {
			block.number = 0;
			block.first_seq = 1;
			block.next_seq = 1;
		}
		length = right_records(bytes, begin, begin + length, !at) -
			 begin;
		block.length = length;
		recording_block_put(bytes + at, &block);
		at = begin + length;
	}
}

static void use(const struct slot_log *log)
{
	for (uint64_t serial = 0; serial < 3; serial++) {
		const struct vm_id vm = { .serial = serial };
		struct slot_state state;

		must(!fold(log, &vm, &state));
		slot_state_deinit(&state);
	}
}

static void count_text(void *len, const char *text, size_t more)
{
	(void)text;
	*(size_t *)len += more;
}

static void read_all(struct recording_reader *reader)
{
	struct slotscope_error err = {};
	struct slot_event event;
	struct slot_log log;
	size_t len = 0;
	int ret;

	slot_log_init(&log);
	while ((ret = recording_read(reader, &event, &err)) > 0) {
		struct json_writer w;

		if (log.nr == 4096)
			break;
		must(!slot_log_add(&log, &event));
		json_writer_init(&w, count_text, &len);
		slot_event_write_json(&w, NULL, &event);
		json_writer_flush(&w);
	}
	must(ret >= 0 || (err.code && err.why[0]));
	if (!ret)
		must(recording_state(reader) != RECORDING_GROWING);
	use(&log);
	if (log.nr)
		slot_log_until(&log, log.events[log.nr / 2].time_ns);
	use(&log);
	slot_log_deinit(&log);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct recording_reader *reader;
	struct slotscope_error err = {};
	uint8_t *bytes;

	if (!size)
		return 0;
	bytes = malloc(size);
	must(bytes);
	memcpy(bytes, data + 1, size - 1);
	if (data[0] % 8)
		put_right(bytes, size - 1);
	if (recording_open_bytes("f", bytes, size - 1, &reader, &err)) {
		must(err.code && err.tried[0]);
		free(bytes);
		return 0;
	}
	free(bytes);
	read_all(reader);
	must(recording_seek(reader, data[0] * 1000ULL, &err) != 0);
	read_all(reader);
	recording_close(reader);
	return 0;
}
