/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Typed reading and writing of JSON members, shared by all our JSON forms.
 *
 * Reading: a struct json_in remembers the first error; after one, every getter
 * returns 0 and does nothing. So a reader gets all its members in a row and
 * looks at the error once. The error names the member by its path
 * ("slots[3].gpa"). Input may be hostile: nothing is trusted or guessed.
 *
 * Writing: every json_put_*() returns 0 or -1 (out of memory); a writer ORs
 * them together.
 */
#ifndef SLOTSCOPE_BASE_JSON_VALUE_H
#define SLOTSCOPE_BASE_JSON_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include <slotscope/error.h>

/* "version" of every document and recording */
#define SLOTSCOPE_JSON_VERSION 1

/**
 * struct json_in - an object or array being read
 * @obj:    it; borrowed. NULL in a reader of something optional and absent
 * @parent: what it is a part of; NULL at the top
 * @member: its name in @parent; at the top, what is read ("slot event")
 * @index:  its place in @parent if that is an array, else -1
 * @ret:    0, or the first error's negative errno; shared by all readers below
 *          one top
 * @err:    the error; only valid once *@ret is set
 */
struct json_in {
	struct json_object *obj;
	const struct json_in *parent;
	const char *member;
	int index;
	int *ret;
	struct slotscope_error *err;
};

/**
 * json_in_top() - start reading
 * @ret: set to 0, or to -EINVAL if @obj is no object
 */
struct json_in json_in_top(struct json_object *obj, const char *what, int *ret,
			   struct slotscope_error *err);

/** json_in_fail() - record an error about @member of @in, unless one is there */
void json_in_fail(const struct json_in *in, const char *member, const char *fmt,
		  ...) __attribute__((format(printf, 3, 4)));

/** json_in_nomem() - record that memory ran out, unless an error is there */
void json_in_nomem(const struct json_in *in);

/**
 * json_in_version() - read "version", and refuse what is newer than we are
 *
 * A newer version gives members another meaning: better not to guess.
 */
void json_in_version(const struct json_in *in);

/**
 * json_in_only() - refuse members that are none of @names
 * @names: NULL last
 *
 * For what people write: a mistyped one would be taken for one that is not there.
 */
void json_in_only(const struct json_in *in, const char *const *names);

/** json_in_has() - @member is there and not null */
bool json_in_has(const struct json_in *in, const char *member);

/*
 * Members. The plain ones must be there; the others have a default for a
 * member that is absent or null.
 */
struct json_in json_in_object(const struct json_in *in, const char *member);
struct json_in json_in_array(const struct json_in *in, const char *member);
size_t json_in_nr(const struct json_in *array);
struct json_in json_in_item(const struct json_in *array, size_t index);

uint64_t json_in_u64(const struct json_in *in, const char *member,
		     uint64_t max);
uint64_t json_in_u64_or(const struct json_in *in, const char *member,
			uint64_t max, uint64_t absent);
int64_t json_in_s64(const struct json_in *in, const char *member, int64_t min,
		    int64_t max);
int64_t json_in_s64_or(const struct json_in *in, const char *member,
		       int64_t min, int64_t max, int64_t absent);
/** json_in_hex() - a string "0x...", up to 64 bits */
uint64_t json_in_hex(const struct json_in *in, const char *member,
		     uint64_t max);
uint64_t json_in_hex_or(const struct json_in *in, const char *member,
			uint64_t max, uint64_t absent);
bool json_in_bool(const struct json_in *in, const char *member);
bool json_in_bool_or(const struct json_in *in, const char *member, bool absent);
/** json_in_str() - borrowed from the JSON; "" after an error */
const char *json_in_str(const struct json_in *in, const char *member);
const char *json_in_str_or(const struct json_in *in, const char *member,
			   const char *absent);
/**
 * json_in_name() - the place of a string in @names
 * @names: @nr of them; a NULL is nobody's name
 */
size_t json_in_name(const struct json_in *in, const char *member,
		    const char *const *names, size_t nr);
/** json_in_bits() - an array of @names as a mask, bit i for names[i] */
uint32_t json_in_bits(const struct json_in *in, const char *member,
		      const char *const *names, size_t nr);

/**
 * json_from_text() - one value, and nothing behind it
 * @text: need not end with NUL
 * @out:  json_object_put() it
 *
 * Return: 0, -ENOMEM, or -EINVAL (@err names the line).
 */
int json_from_text(const char *text, size_t len, struct json_object **out,
		   struct slotscope_error *err);

int json_put(struct json_object *obj, const char *member,
	     struct json_object *value);
int json_put_u64(struct json_object *obj, const char *member, uint64_t value);
int json_put_s64(struct json_object *obj, const char *member, int64_t value);
int json_put_hex(struct json_object *obj, const char *member, uint64_t value);
int json_put_bool(struct json_object *obj, const char *member, bool value);
int json_put_null(struct json_object *obj, const char *member);
/**
 * json_put_str() - a string for people; NULL gives null
 *
 * What is not UTF-8 becomes U+FFFD, so that the document stays valid JSON
 * whatever a VMM calls itself.
 */
int json_put_str(struct json_object *obj, const char *member, const char *str);
int json_put_bits(struct json_object *obj, const char *member,
		  const char *const *names, size_t nr, uint32_t bits);
int json_add(struct json_object *array, struct json_object *value);

#endif
