/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The binary form of what a recording holds: members one after the other, little
 * endian, without gaps. A table of members is both writer and reader of a struct.
 * Pure: bytes in memory.
 */
#ifndef VIEW_WIRE_H
#define VIEW_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <slotscope/view.h>

/**
 * struct wire_field - one member
 * @offset: of it in its struct
 * @size:   of it in its struct: 1, 2, 4 or 8 bytes; of text any number
 * @width:  bytes in the file, not more than @size
 * @text:   bytes up to a NUL; there is not always one
 * @later:  it was added to records that were without it: they have the default
 * @max:    the largest value that can be; 0: any. Of signed ones as unsigned
 */
struct wire_field {
	uint16_t offset;
	uint8_t size;
	uint8_t width;
	bool text;
	bool later;
	uint64_t max;
};

/** WIRE() - a member of a struct, of so many bytes in the file; more by name */
#define WIRE(type, member, bytes, ...)                                    \
	{                                                                 \
		.offset = offsetof(type, member),                         \
		.size = sizeof(((type *)NULL)->member), .width = (bytes), \
		##__VA_ARGS__                                             \
	}

/**
 * wire_put() - write a struct's members
 * @at: room for their widths
 *
 * Return: bytes written.
 */
size_t wire_put(uint8_t *at, const struct wire_field *fields, size_t nr,
		const void *from);

/**
 * wire_get() - read them
 * @to: has the defaults
 *
 * What follows the last member is passed over: a newer writer's.
 *
 * Return: bytes read, or -EINVAL: a member that is not whole, not there and not
 * @later, or too large.
 */
int wire_get(const uint8_t *at, size_t len, const struct wire_field *fields,
	     size_t nr, void *to);

/* Bytes that no event needs more than */
#define WIRE_EVENT_MAX 512

/**
 * wire_event_put() - write an event as a payload
 * @at:	  WIRE_EVENT_MAX bytes
 * @kind: which kind of record it is
 *
 * Return: bytes written.
 */
size_t wire_event_put(uint8_t *at, const struct slot_event *event,
		      uint16_t *kind);

/**
 * wire_event_get() - read one
 *
 * It trusts nothing. A kind that is not known becomes a SLOT_EVENT_UNKNOWN. Whether
 * its number can follow the one before is for the caller to tell.
 *
 * Return: 0, or -EINVAL with the reason in @why.
 */
int wire_event_get(const uint8_t *at, size_t len, uint16_t kind,
		   struct slot_event *event, const char **why);

#endif
