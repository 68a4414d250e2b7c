/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON as text, written as it comes: what is long needs no tree in memory. Each value
 * names its member, or has NULL for one in an array. Nothing here fails: where the
 * text goes may.
 *
 * The text is compact, as json-c's JSON_C_TO_STRING_PLAIN is, byte for byte.
 */
#ifndef SLOTSCOPE_BASE_JSON_WRITER_H
#define SLOTSCOPE_BASE_JSON_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <slotscope/memory.h>

struct json_object;

#define JSON_WRITER_BUF 8192

/**
 * struct json_writer - where JSON goes
 * @put:  takes the next piece of text
 * @more: a value stands before the next one, in its object or array
 * @len:  how much of @buf waits for @put
 */
struct json_writer {
	void (*put)(void *opaque, const char *text, size_t len);
	void *opaque;
	bool more;
	size_t len;
	char buf[JSON_WRITER_BUF];
};

void json_writer_init(struct json_writer *w,
		      void (*put)(void *opaque, const char *text, size_t len),
		      void *opaque);

/** json_writer_flush() - hand over what waits */
void json_writer_flush(struct json_writer *w);

void json_begin_object(struct json_writer *w, const char *member);
void json_end_object(struct json_writer *w);
void json_begin_array(struct json_writer *w, const char *member);
void json_end_array(struct json_writer *w);

void json_write_u64(struct json_writer *w, const char *member, uint64_t value);
void json_write_s64(struct json_writer *w, const char *member, int64_t value);
/** json_write_thousandths() - @value / 1000 as a number, exactly: three decimals */
void json_write_thousandths(struct json_writer *w, const char *member,
			    uint64_t value);
/** json_write_hex() - a string "0x..." */
void json_write_hex(struct json_writer *w, const char *member, uint64_t value);
/** json_write_wide() - the same of a size, which may be 2^64 */
void json_write_wide(struct json_writer *w, const char *member,
		     memory_size_t size);
void json_write_bool(struct json_writer *w, const char *member, bool value);
void json_write_null(struct json_writer *w, const char *member);
/** json_write_str() - a string for people, as json_put_str(); NULL gives null */
void json_write_str(struct json_writer *w, const char *member, const char *str);
/** json_write_bits() - the names of the bits that are set, as an array */
void json_write_bits(struct json_writer *w, const char *member,
		     const char *const *names, size_t nr, uint32_t bits);

/**
 * struct json_text - text in memory, for a writer's @opaque
 * @text:  ends in NUL; NULL while there is none. The caller frees it
 * @nomem: memory ran out: @text is not whole
 */
struct json_text {
	char *text;
	size_t len;
	size_t cap;
	bool nomem;
};

/** json_text_put() - a writer's @put into a struct json_text */
void json_text_put(void *opaque, const char *text, size_t len);

/**
 * json_text_tree() - the same as an object of json-c, for a document made of such
 * @text: freed
 *
 * Return: NULL if memory ran out.
 */
struct json_object *json_text_tree(struct json_text *text);

#endif
