/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a writer's blocks go: one behind the other, or round and round a ring */
#ifndef TRACE_RECORDING_SINK_H
#define TRACE_RECORDING_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <slotscope/error.h>

/**
 * struct recording_sink - private, but for
 * @path:     as the user named it
 * @created:  we have made it, and it was not begun
 * @segments: of a ring; 0: it is none
 */
struct recording_sink {
	int fd;
	char *path;
	bool created;
	uint64_t ring;
	uint32_t segment_bytes;
	uint32_t segments;
	uint32_t segment;
	uint32_t used;
};

/**
 * sink_open() - make a file, or open one, with what it has
 * @path: or RECORDING_STDIO
 *
 * sink_close() it, also after an error.
 * Return: 0, or a negative errno: -EBUSY if someone is writing a recording there.
 */
int sink_open(struct recording_sink *sink, const char *path,
	      struct slotscope_error *err);

/** sink_begin() - drop what the file had; 0 or a negative errno */
int sink_begin(struct recording_sink *sink, struct slotscope_error *err);

/** sink_close() - one that was made and never begun is taken away */
void sink_close(struct recording_sink *sink);

/** sink_can_ring() - can a recording of bounded size be there? */
int sink_can_ring(const struct recording_sink *sink,
		  struct slotscope_error *err);

/**
 * sink_begin_ring() - go round from now on
 * @size: of block 0, which was put
 *
 * All the room is taken now: no disk that fills up ends the recording later.
 */
int sink_begin_ring(struct recording_sink *sink, size_t size,
		    uint32_t segment_bytes, uint32_t segments,
		    struct slotscope_error *err);

/** sink_room() - bytes that a block may have here, with its header */
uint64_t sink_room(const struct recording_sink *sink);

/** sink_next_segment() - drop what is in the oldest segment, and go on there */
int sink_next_segment(struct recording_sink *sink, struct slotscope_error *err);

/**
 * sink_put() - write a block; there is room
 * @done: bytes of it that need not come again
 */
int sink_put(struct recording_sink *sink, const uint8_t *bytes, size_t len,
	     size_t *done, struct slotscope_error *err);

#endif
