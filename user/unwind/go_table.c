// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "unwind/go_table.h"

/* The header's first word, by the release that made that form */
#define MAGIC_1_18 0xfffffff0U
#define MAGIC_1_20 0xfffffff1U

/* Its words, of 8 bytes each, after the first 8 bytes */
enum header { NR, NR_FILES, TEXT, NAMES, UNITS, FILES, STEPS, FUNCTIONS };

/* Of what it has of each function, by place */
#define FN_NAME	      4
#define FN_STEPS      16
#define FN_FLAGS_1_18 37
#define FN_FLAGS_1_20 41 /* a line number came before them */
#define FLAG_LAST     1
#define FLAG_MOVES    2

/* @len bytes at @at, as a number; false beyond the end */
static bool get(const struct go_table *t, uint64_t at, unsigned int len,
		uint64_t *out)
{
	if (at > t->size || t->size - at < len)
		return false;
	*out = 0;
	for (unsigned int i = 0; i < len; i++)
		*out |= (uint64_t)t->bytes[at + i] << 8 * i;
	return true;
}

static bool header(const struct go_table *t, enum header which, uint64_t *out)
{
	return get(t, 8 + 8 * which, 8, out);
}

bool go_table_read(struct go_table *t, const void *bytes, size_t size)
{
	uint64_t magic, quantum, word;

	*t = (struct go_table){ .bytes = bytes, .size = size };
	if (!get(t, 0, 4, &magic) || !get(t, 6, 1, &quantum) ||
	    !get(t, 7, 1, &word) || word != 8 ||
	    (magic != MAGIC_1_18 && magic != MAGIC_1_20))
		return false;
	t->quantum = quantum;
	t->flags_at = magic == MAGIC_1_18 ? FN_FLAGS_1_18 : FN_FLAGS_1_20;
	return header(t, NR, &t->nr) && header(t, TEXT, &t->text) &&
	       header(t, NAMES, &t->names) && header(t, STEPS, &t->steps) &&
	       header(t, FUNCTIONS, &t->functions) && t->nr <= size / 8 &&
	       t->names < size && t->steps < size && t->functions < size;
}

/* Where function @i begins, from the text's beginning on; of the last, where it ends */
static bool entry(const struct go_table *t, uint64_t i, uint64_t *start)
{
	return get(t, t->functions + 8 * i, 4, start);
}

/* Seven bits a byte, the lowest first */
static bool get_varint(const struct go_table *t, uint64_t *at, uint32_t *out)
{
	uint64_t byte;

	*out = 0;
	for (unsigned int shift = 0; shift < 32; shift += 7) {
		if (!get(t, (*at)++, 1, &byte))
			return false;
		*out |= (uint32_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

/*
 * What holds at @offset into a function: pairs of how much the value rises, and for how
 * much code it holds then. It is -1 before the first; a rise of 0 ends the list.
 */
static bool value_at(const struct go_table *t, uint64_t at, uint64_t offset,
		     int64_t *value)
{
	uint64_t end = 0;
	uint32_t rise, code;

	*value = -1;
	for (bool first = true;; first = false) {
		if (!get_varint(t, &at, &rise) || (!rise && !first) ||
		    !get_varint(t, &at, &code))
			return false;
		*value += rise & 1 ? -(int64_t)(rise >> 1) - 1 : rise >> 1;
		end += (uint64_t)code * t->quantum;
		if (offset < end)
			return true;
	}
}

bool go_table_find(const struct go_table *t, uint64_t addr,
		   struct go_function *out)
{
	uint64_t low = 0, high = t->nr, start, end, at, name, steps, flags;
	uint64_t offset = addr - t->text;
	int64_t frame;

	/* The last one that does not begin after it */
	while (high - low > 1) {
		uint64_t mid = low + (high - low) / 2;

		if (!entry(t, mid, &start))
			return false;
		if (start <= offset)
			low = mid;
		else
			high = mid;
	}
	if (!t->nr || addr < t->text || !entry(t, low, &start) ||
	    !entry(t, low + 1, &end) || offset < start || offset >= end ||
	    !get(t, t->functions + 8 * low + 4, 4, &at))
		return false;
	at += t->functions;
	if (!get(t, at + FN_NAME, 4, &name) ||
	    !get(t, at + FN_STEPS, 4, &steps) ||
	    !get(t, at + t->flags_at, 1, &flags))
		return false;
	name += t->names;
	if (name >= t->size || !memchr(t->bytes + name, '\0', t->size - name))
		return false;
	*out = (struct go_function){
		.name = (const char *)t->bytes + name,
		.start = t->text + start,
		.last = flags & FLAG_LAST,
		.moves = flags & FLAG_MOVES,
	};
	/* Without such a list it has no frame that is known */
	if (!steps || !value_at(t, t->steps + steps, offset - start, &frame) ||
	    frame < 0)
		out->moves = true;
	else
		out->frame = frame;
	return true;
}
