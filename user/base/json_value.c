// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_value.h"
#include "base/nearest.h"
#include "base/utf8.h"

/* "slots[3]." for the error; the top has no path */
static size_t path(const struct json_in *in, char *buf, size_t size)
{
	size_t len;
	int n;

	if (!in->parent) {
		buf[0] = '\0';
		return 0;
	}
	len = path(in->parent, buf, size);
	if (in->index >= 0) {
		/* the array's own path ends in a dot that is one too many */
		len -= len ? 1 : 0;
		n = snprintf(buf + len, size - len, "[%d].", in->index);
	} else {
		n = snprintf(buf + len, size - len, "%s.", in->member);
	}
	if (n < 0 || (size_t)n >= size - len)
		return strlen(buf);
	return len + n;
}

void json_in_fail(const struct json_in *in, const char *member, const char *fmt,
		  ...)
{
	const struct json_in *top = in;
	char where[128];
	char what[160];
	va_list ap;
	size_t len;

	if (*in->ret)
		return;
	while (top->parent)
		top = top->parent;
	*in->ret = error_set(in->err, EINVAL, "read %s from JSON", top->member);
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	len = path(in, where, sizeof(where));
	if (!member && len)
		where[len - 1] = '\0';
	if (!member && !len)
		error_why(in->err, "it %s", what);
	else
		error_why(in->err, "\"%s%s\" %s", where, member ? member : "",
			  what);
}

void json_in_nomem(const struct json_in *in)
{
	if (!*in->ret)
		*in->ret = error_set(in->err, ENOMEM, "keep what JSON says");
}

struct json_in json_in_top(struct json_object *obj, const char *what, int *ret,
			   struct slotscope_error *err)
{
	struct json_in in = {
		.obj = obj, .member = what, .index = -1, .ret = ret, .err = err
	};

	*ret = 0;
	if (!json_object_is_type(obj, json_type_object))
		json_in_fail(&in, NULL, "is no object");
	return in;
}

void json_in_only(const struct json_in *in, const char *const *names)
{
	struct json_object_iterator at, end;
	const char *name, *near;
	size_t i;

	if (*in->ret || !json_object_is_type(in->obj, json_type_object))
		return;
	at = json_object_iter_begin(in->obj);
	end = json_object_iter_end(in->obj);
	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		name = json_object_iter_peek_name(&at);
		for (i = 0; names[i] && strcmp(names[i], name); i++)
			;
		if (names[i])
			continue;
		near = nearest(name, names);
		json_in_fail(in, name, "is not known%s%s%s",
			     near ? ": did you mean \"" : "", near ? near : "",
			     near ? "\"?" : "");
		return;
	}
}

bool json_in_has(const struct json_in *in, const char *member)
{
	struct json_object *value;

	return !*in->ret &&
	       json_object_object_get_ex(in->obj, member, &value) && value;
}

/* The member, or NULL with the error set if it is not there and must be */
static struct json_object *get(const struct json_in *in, const char *member,
			       bool must)
{
	struct json_object *value = NULL;

	if (*in->ret)
		return NULL;
	json_object_object_get_ex(in->obj, member, &value);
	if (!value && must)
		json_in_fail(in, member, "is missing");
	return value;
}

static struct json_in get_part(const struct json_in *in, const char *member,
			       json_type type, const char *type_name)
{
	struct json_in part = { .parent = in,
				.member = member,
				.index = -1,
				.ret = in->ret,
				.err = in->err };

	part.obj = get(in, member, true);
	if (part.obj && !json_object_is_type(part.obj, type)) {
		json_in_fail(in, member, "is no %s", type_name);
		part.obj = NULL;
	}
	return part;
}

struct json_in json_in_object(const struct json_in *in, const char *member)
{
	return get_part(in, member, json_type_object, "object");
}

struct json_in json_in_array(const struct json_in *in, const char *member)
{
	return get_part(in, member, json_type_array, "array");
}

size_t json_in_nr(const struct json_in *array)
{
	return *array->ret ? 0 : json_object_array_length(array->obj);
}

struct json_in json_in_item(const struct json_in *array, size_t index)
{
	struct json_in item = { .parent = array,
				.member = array->member,
				.index = index,
				.ret = array->ret,
				.err = array->err };

	if (*array->ret)
		return item;
	item.obj = json_object_array_get_idx(array->obj, index);
	if (!json_object_is_type(item.obj, json_type_object))
		json_in_fail(&item, NULL, "is no object");
	return item;
}

static uint64_t to_u64(const struct json_in *in, const char *member,
		       struct json_object *value, uint64_t max)
{
	uint64_t number;

	if (!value)
		return 0;
	if (!json_object_is_type(value, json_type_int)) {
		json_in_fail(in, member, "is no whole number");
		return 0;
	}
	if (json_object_get_int64(value) < 0) {
		json_in_fail(in, member, "is negative");
		return 0;
	}
	number = json_object_get_uint64(value);
	/* json-c turns what is too large for it into UINT64_MAX */
	if (number > max || number == UINT64_MAX) {
		json_in_fail(in, member, "is too large (at most %" PRIu64 ")",
			     max == UINT64_MAX ? max - 1 : max);
		return 0;
	}
	return number;
}

uint64_t json_in_u64(const struct json_in *in, const char *member, uint64_t max)
{
	return to_u64(in, member, get(in, member, true), max);
}

uint64_t json_in_u64_or(const struct json_in *in, const char *member,
			uint64_t max, uint64_t absent)
{
	struct json_object *value = get(in, member, false);

	return value ? to_u64(in, member, value, max) : absent;
}

static int64_t to_s64(const struct json_in *in, const char *member,
		      struct json_object *value, int64_t min, int64_t max)
{
	int64_t number;

	if (!value)
		return 0;
	if (!json_object_is_type(value, json_type_int)) {
		json_in_fail(in, member, "is no whole number");
		return 0;
	}
	number = json_object_get_int64(value);
	if (number < min || number > max) {
		json_in_fail(in, member, "is not in %" PRId64 "..%" PRId64, min,
			     max);
		return 0;
	}
	return number;
}

int64_t json_in_s64(const struct json_in *in, const char *member, int64_t min,
		    int64_t max)
{
	return to_s64(in, member, get(in, member, true), min, max);
}

int64_t json_in_s64_or(const struct json_in *in, const char *member,
		       int64_t min, int64_t max, int64_t absent)
{
	struct json_object *value = get(in, member, false);

	return value ? to_s64(in, member, value, min, max) : absent;
}

static uint64_t to_hex(const struct json_in *in, const char *member,
		       struct json_object *value, uint64_t max)
{
	const char *str;
	uint64_t number;
	size_t digits;

	if (!value)
		return 0;
	str = json_object_is_type(value, json_type_string) ?
		      json_object_get_string(value) :
		      "";
	if (strncmp(str, "0x", 2)) {
		json_in_fail(in, member, "is no string of the form \"0x...\"");
		return 0;
	}
	digits = strspn(str + 2, "0123456789abcdefABCDEF");
	if (!digits || str[2 + digits] ||
	    (size_t)json_object_get_string_len(value) != 2 + digits) {
		json_in_fail(in, member, "is no string of the form \"0x...\"");
		return 0;
	}
	errno = 0;
	number = strtoull(str, NULL, 16);
	if (errno || number > max) {
		json_in_fail(in, member, "is too large (at most 0x%" PRIx64 ")",
			     max);
		return 0;
	}
	return number;
}

uint64_t json_in_hex(const struct json_in *in, const char *member, uint64_t max)
{
	return to_hex(in, member, get(in, member, true), max);
}

uint64_t json_in_hex_or(const struct json_in *in, const char *member,
			uint64_t max, uint64_t absent)
{
	struct json_object *value = get(in, member, false);

	return value ? to_hex(in, member, value, max) : absent;
}

void json_in_version(const struct json_in *in)
{
	uint64_t version = json_in_u64(in, "version", UINT64_MAX);

	if (version != SLOTSCOPE_JSON_VERSION)
		json_in_fail(in, "version",
			     "is %" PRIu64 "; this slotscope reads version %d",
			     version, SLOTSCOPE_JSON_VERSION);
}

static bool to_bool(const struct json_in *in, const char *member,
		    struct json_object *value)
{
	if (!value)
		return false;
	if (!json_object_is_type(value, json_type_boolean)) {
		json_in_fail(in, member, "is neither true nor false");
		return false;
	}
	return json_object_get_boolean(value);
}

bool json_in_bool(const struct json_in *in, const char *member)
{
	return to_bool(in, member, get(in, member, true));
}

bool json_in_bool_or(const struct json_in *in, const char *member, bool absent)
{
	struct json_object *value = get(in, member, false);

	return value ? to_bool(in, member, value) : absent;
}

static const char *to_str(const struct json_in *in, const char *member,
			  struct json_object *value)
{
	const char *str;

	if (!value)
		return "";
	if (!json_object_is_type(value, json_type_string)) {
		json_in_fail(in, member, "is no string");
		return "";
	}
	str = json_object_get_string(value);
	if (strlen(str) != (size_t)json_object_get_string_len(value)) {
		json_in_fail(in, member, "holds a NUL character");
		return "";
	}
	return str;
}

const char *json_in_str(const struct json_in *in, const char *member)
{
	return to_str(in, member, get(in, member, true));
}

const char *json_in_str_or(const struct json_in *in, const char *member,
			   const char *absent)
{
	struct json_object *value = get(in, member, false);

	return value ? to_str(in, member, value) : absent;
}

static size_t find_name(const char *str, const char *const *names, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		if (names[i] && !strcmp(str, names[i]))
			break;
	}
	return i;
}

size_t json_in_name(const struct json_in *in, const char *member,
		    const char *const *names, size_t nr)
{
	const char *str = json_in_str(in, member);
	size_t i = find_name(str, names, nr);

	if (i == nr) {
		json_in_fail(in, member, "is \"%.40s\", which is not known",
			     str);
		return 0;
	}
	return i;
}

uint32_t json_in_bits(const struct json_in *in, const char *member,
		      const char *const *names, size_t nr)
{
	struct json_in array;
	struct json_object *item;
	uint32_t bits = 0;
	const char *str;
	size_t bit;

	array = json_in_array(in, member);
	for (size_t i = 0; i < json_in_nr(&array); i++) {
		item = json_object_array_get_idx(array.obj, i);
		if (!json_object_is_type(item, json_type_string)) {
			json_in_fail(in, member, "holds what is no string");
			return 0;
		}
		str = json_object_get_string(item);
		bit = find_name(str, names, nr);
		if (bit == nr) {
			json_in_fail(in, member,
				     "holds \"%.40s\", which is not known",
				     str);
			return 0;
		}
		bits |= 1U << bit;
	}
	return bits;
}

int json_put(struct json_object *obj, const char *member,
	     struct json_object *value)
{
	if (value && !json_object_object_add(obj, member, value))
		return 0;
	json_object_put(value);
	return -1;
}

int json_add(struct json_object *array, struct json_object *value)
{
	if (value && !json_object_array_add(array, value))
		return 0;
	json_object_put(value);
	return -1;
}

int json_put_u64(struct json_object *obj, const char *member, uint64_t value)
{
	return json_put(obj, member, json_object_new_uint64(value));
}

int json_put_s64(struct json_object *obj, const char *member, int64_t value)
{
	return json_put(obj, member, json_object_new_int64(value));
}

int json_put_hex(struct json_object *obj, const char *member, uint64_t value)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "0x%" PRIx64, value);
	return json_put(obj, member, json_object_new_string(buf));
}

int json_put_bool(struct json_object *obj, const char *member, bool value)
{
	return json_put(obj, member, json_object_new_boolean(value));
}

int json_put_null(struct json_object *obj, const char *member)
{
	return json_object_object_add(obj, member, NULL);
}

int json_put_str(struct json_object *obj, const char *member, const char *str)
{
	size_t size;
	char *clean;
	int ret;

	if (!str)
		return json_put_null(obj, member);
	/* a bad byte becomes three good ones */
	size = strlen(str) * 3 + 1;
	clean = malloc(size);
	if (!clean)
		return -1;
	utf8_copy(clean, size, str);
	ret = json_put(obj, member, json_object_new_string(clean));
	free(clean);
	return ret;
}

int json_put_bits(struct json_object *obj, const char *member,
		  const char *const *names, size_t nr, uint32_t bits)
{
	struct json_object *array = json_object_new_array();
	int ret = 0;

	if (!array)
		return -1;
	for (size_t i = 0; i < nr; i++) {
		if (names[i] && bits & 1U << i)
			ret |= json_add(array,
					json_object_new_string(names[i]));
	}
	return ret | json_put(obj, member, array);
}

static size_t line_of(const char *text, size_t at)
{
	size_t nr = 1;

	for (size_t i = 0; i < at; i++)
		nr += text[i] == '\n';
	return nr;
}

int json_from_text(const char *text, size_t len, struct json_object **out,
		   struct slotscope_error *err)
{
	struct json_tokener *tokener = json_tokener_new();
	enum json_tokener_error code;
	size_t at;
	int ret = 0;

	*out = NULL;
	if (!tokener)
		return error_set(err, ENOMEM, "read JSON");
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	if (len <= INT_MAX)
		*out = json_tokener_parse_ex(tokener, text, len);
	code = json_tokener_get_error(tokener);
	at = json_tokener_get_parse_end(tokener);
	while (*out && at < len && strchr(" \t\r\n", text[at]))
		at++;
	if (*out && at == len && code == json_tokener_success)
		goto out;
	ret = error_set(err, EINVAL, "read line %zu", line_of(text, at));
	if (len > INT_MAX)
		error_why(err, "the text is too long");
	else if (*out)
		error_why(err, "there is more behind the JSON");
	else if (code == json_tokener_continue)
		error_why(err, "the JSON ends within it: a part is missing");
	else
		error_why(err, "it is no JSON: %s",
			  json_tokener_error_desc(code));
	json_object_put(*out);
	*out = NULL;
out:
	json_tokener_free(tokener);
	return ret;
}
