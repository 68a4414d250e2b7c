/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The members of a recording's own records, for its writer and its reader */
#ifndef TRACE_RECORDING_PARTS_H
#define TRACE_RECORDING_PARTS_H

#include "trace/recording_format.h"
#include "view/wire.h"

/**
 * struct recording_head - RECORDING_HEAD
 * @version: RECORDING_VERSION
 * @tgid:    the process that was traced; 0: all
 * @time_ns: CLOCK_MONOTONIC at the beginning
 * @real_ns: CLOCK_REALTIME at the same moment
 * @segment_bytes: of a ring: of one, and
 * @segments: how many there are; 0: it is no ring
 */
struct recording_head {
	uint32_t version;
	uint32_t tgid;
	uint64_t time_ns;
	uint64_t real_ns;
	uint32_t segment_bytes;
	uint32_t segments;
};

/**
 * struct recording_end - RECORDING_END
 * @time_ns:  CLOCK_MONOTONIC
 * @events:   that were written
 * @lost:     events that they say are missing
 * @last_seq: number of the last event; of a LOST, of the last one that it counts
 */
struct recording_end {
	uint64_t time_ns;
	uint64_t events;
	uint64_t lost;
	uint64_t last_seq;
};

/** struct recording_stack - what a RECORDING_STACK begins with */
struct recording_stack {
	uint64_t id;
};

/** struct recording_told - what a RECORDING_STATE begins with */
struct recording_told {
	uint16_t kind;
};

#define RECORDING_HEAD_FIELDS  6
#define RECORDING_END_FIELDS   4
#define RECORDING_STACK_FIELDS 1
#define RECORDING_TOLD_FIELDS  1

extern const struct wire_field recording_head_fields[RECORDING_HEAD_FIELDS];
extern const struct wire_field recording_end_fields[RECORDING_END_FIELDS];
extern const struct wire_field recording_stack_fields[RECORDING_STACK_FIELDS];
extern const struct wire_field recording_told_fields[RECORDING_TOLD_FIELDS];

#endif
