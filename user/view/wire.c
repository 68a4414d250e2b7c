// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "view/wire.h"

static uint64_t load(const void *from, uint8_t size)
{
	switch (size) {
	case 1:
		return *(const uint8_t *)from;
	case 2:
		return *(const uint16_t *)from;
	case 4:
		return *(const uint32_t *)from;
	default:
		return *(const uint64_t *)from;
	}
}

static void store(void *to, uint8_t size, uint64_t value)
{
	switch (size) {
	case 1:
		*(uint8_t *)to = value;
		break;
	case 2:
		*(uint16_t *)to = value;
		break;
	case 4:
		*(uint32_t *)to = value;
		break;
	default:
		*(uint64_t *)to = value;
	}
}

size_t wire_put(uint8_t *at, const struct wire_field *fields, size_t nr,
		const void *from)
{
	const uint8_t *begin = at;

	for (const struct wire_field *f = fields; f < fields + nr; f++) {
		const char *member = (const char *)from + f->offset;
		uint64_t value;

		if (f->text) {
			memcpy(at, member, f->width);
			at += f->width;
			continue;
		}
		value = load(member, f->size);
		for (uint8_t i = 0; i < f->width; i++, value >>= 8)
			*at++ = value;
	}
	return at - begin;
}

int wire_get(const uint8_t *at, size_t len, const struct wire_field *fields,
	     size_t nr, void *to)
{
	const uint8_t *begin = at, *end = at + len;

	for (const struct wire_field *f = fields; f < fields + nr; f++) {
		char *member = (char *)to + f->offset;
		uint64_t value = 0;

		if (at == end && f->later)
			break;
		if (end - at < f->width)
			return -EINVAL;
		if (f->text) {
			memcpy(member, at, f->width);
			at += f->width;
			continue;
		}
		for (uint8_t i = 0; i < f->width; i++)
			value |= (uint64_t)*at++ << 8 * i;
		if (f->max && value > f->max)
			return -EINVAL;
		store(member, f->size, value);
	}
	return at - begin;
}
