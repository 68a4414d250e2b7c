// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer: any bytes as records of the ring: a byte says how long the next one is.
 * Whatever it was that came, numbers go up.
 */
#include <stdlib.h>
#include <string.h>

#include "trace/stream.h"

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* Records are aligned, in the ring, and as long as they say */
static void put(struct stream *stream, const uint8_t *data, size_t size)
{
	void *record = aligned_alloc(8, (size + 8) & ~7UL);

	must(record);
	memcpy(record, data, size);
	stream_record(stream, record, size);
	free(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stream stream = { .page_size = 4096,
				 .ns_per_tick = 10000000,
				 .nr_slots = 32764,
				 .requests = true };
	const struct slot_event *event;
	const uint8_t *end = data + size;
	uint64_t seq = 0;
	size_t len;

	while (data < end) {
		len = *data++ * 4;
		if (len > (size_t)(end - data))
			len = end - data;
		put(&stream, data, len);
		data += len;
	}
	stream_missed(&stream, 3, 1);
	/* a loss takes as many numbers as events are missing */
	for (; (event = stream_next(&stream)); seq = event->seq)
		must(event->seq > seq);
	stream_deinit(&stream);
	return 0;
}
