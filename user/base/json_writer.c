// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/json_writer.h"
#include "base/utf8.h"

#define NUMBER_MAX \
	20 /* digits of UINT64_MAX; 0x, 16 digits and a quote are less */

static const char hex_digits[] = "0123456789abcdef";

void json_writer_init(struct json_writer *w,
		      void (*put)(void *opaque, const char *text, size_t len),
		      void *opaque)
{
	w->put = put;
	w->opaque = opaque;
	w->more = false;
	w->len = 0;
}

void json_writer_flush(struct json_writer *w)
{
	if (w->len)
		w->put(w->opaque, w->buf, w->len);
	w->len = 0;
}

static void add(struct json_writer *w, const char *text, size_t len)
{
	if (len > sizeof(w->buf) - w->len) {
		json_writer_flush(w);
		if (len > sizeof(w->buf)) {
			w->put(w->opaque, text, len);
			return;
		}
	}
	memcpy(w->buf + w->len, text, len);
	w->len += len;
}

/* @nr bytes to be written to: no more than a number or a bracket needs */
static inline char *room(struct json_writer *w, size_t nr)
{
	if (nr > sizeof(w->buf) - w->len)
		json_writer_flush(w);
	return w->buf + w->len;
}

static inline void add_char(struct json_writer *w, char c)
{
	*room(w, 1) = c;
	w->len++;
}

/* What JSON cannot hold as it is; or 0 */
static char escape_of(unsigned char c)
{
	switch (c) {
	case '"':
	case '\\':
		return c;
	case '\b':
		return 'b';
	case '\f':
		return 'f';
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	default:
		return c < ' ' ? 'u' : 0;
	}
}

static void add_escape(struct json_writer *w, unsigned char c, char escape)
{
	add_char(w, '\\');
	add_char(w, escape);
	if (escape != 'u')
		return;
	add(w, "00", 2);
	add_char(w, hex_digits[c >> 4]);
	add_char(w, hex_digits[c & 15]);
}

/* A byte that is not UTF-8 becomes U+FFFD: a document is valid whatever it tells */
static void add_string(struct json_writer *w, const char *str)
{
	const char *from = str, *at = str;
	size_t left = strlen(str), n;
	char escape;

	add_char(w, '"');
	for (; left; at += n, left -= n) {
		n = (unsigned char)*at < 0x80 ? 1 : utf8_len(at, left);
		escape = n == 1 ? escape_of(*at) : 0;
		if (n && !escape)
			continue;
		add(w, from, at - from);
		if (n)
			add_escape(w, *at, escape);
		else
			add(w, "\xef\xbf\xbd", 3);
		n = 1;
		from = at + 1;
	}
	add(w, from, at - from);
	add_char(w, '"');
}

/* All that stands before a value */
static void begin(struct json_writer *w, const char *member)
{
	if (w->more)
		add_char(w, ',');
	w->more = true;
	if (!member)
		return;
	add_char(w, '"');
	add(w, member, strlen(member));
	add(w, "\":", 2);
}

void json_begin_object(struct json_writer *w, const char *member)
{
	begin(w, member);
	add_char(w, '{');
	w->more = false;
}

void json_end_object(struct json_writer *w)
{
	add_char(w, '}');
	w->more = true;
}

void json_begin_array(struct json_writer *w, const char *member)
{
	begin(w, member);
	add_char(w, '[');
	w->more = false;
}

void json_end_array(struct json_writer *w)
{
	add_char(w, ']');
	w->more = true;
}

static void add_u64(struct json_writer *w, uint64_t value)
{
	char digits[NUMBER_MAX], *at = digits + sizeof(digits);

	do {
		*--at = '0' + value % 10;
		value /= 10;
	} while (value);
	add(w, at, digits + sizeof(digits) - at);
}

void json_write_u64(struct json_writer *w, const char *member, uint64_t value)
{
	begin(w, member);
	add_u64(w, value);
}

void json_write_thousandths(struct json_writer *w, const char *member,
			    uint64_t value)
{
	begin(w, member);
	add_u64(w, value / 1000);
	add_char(w, '.');
	add_char(w, '0' + value / 100 % 10);
	add_char(w, '0' + value / 10 % 10);
	add_char(w, '0' + value % 10);
}

void json_write_s64(struct json_writer *w, const char *member, int64_t value)
{
	begin(w, member);
	if (value < 0)
		add_char(w, '-');
	add_u64(w, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void json_write_hex(struct json_writer *w, const char *member, uint64_t value)
{
	int shift = (63 - __builtin_clzll(value | 1)) & ~3;
	char *at;

	begin(w, member);
	at = room(w, NUMBER_MAX);
	*at++ = '"';
	*at++ = '0';
	*at++ = 'x';
	for (; shift >= 0; shift -= 4)
		*at++ = hex_digits[value >> shift & 15];
	*at++ = '"';
	w->len = at - w->buf;
}

void json_write_wide(struct json_writer *w, const char *member,
		     memory_size_t size)
{
	if (size > UINT64_MAX)
		json_write_str(w, member, "0x10000000000000000");
	else
		json_write_hex(w, member, size);
}

void json_write_bool(struct json_writer *w, const char *member, bool value)
{
	begin(w, member);
	if (value)
		add(w, "true", 4);
	else
		add(w, "false", 5);
}

void json_write_null(struct json_writer *w, const char *member)
{
	begin(w, member);
	add(w, "null", 4);
}

void json_write_str(struct json_writer *w, const char *member, const char *str)
{
	if (!str) {
		json_write_null(w, member);
		return;
	}
	begin(w, member);
	add_string(w, str);
}

void json_write_bits(struct json_writer *w, const char *member,
		     const char *const *names, size_t nr, uint32_t bits)
{
	json_begin_array(w, member);
	for (size_t i = 0; i < nr; i++) {
		if (names[i] && bits & 1U << i)
			json_write_str(w, NULL, names[i]);
	}
	json_end_array(w);
}

void json_text_put(void *opaque, const char *text, size_t len)
{
	struct json_text *to = opaque;
	size_t cap = to->cap ? to->cap : 256;
	char *bigger;

	if (to->nomem)
		return;
	while (cap - to->len <= len)
		cap *= 2;
	if (cap != to->cap) {
		bigger = realloc(to->text, cap);
		if (!bigger) {
			to->nomem = true;
			return;
		}
		to->text = bigger;
		to->cap = cap;
	}
	memcpy(to->text + to->len, text, len);
	to->len += len;
	to->text[to->len] = '\0';
}

struct json_object *json_text_tree(struct json_text *text)
{
	struct json_object *tree = NULL;

	if (!text->nomem && text->text)
		tree = json_tokener_parse(text->text);
	free(text->text);
	*text = (struct json_text){ 0 };
	return tree;
}
