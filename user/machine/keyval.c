// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "machine/keyval.h"

static int too_long(const struct keyval *kv, struct slotscope_error *err)
{
	error_set(err, EINVAL, "read the options of %s", kv->what);
	return error_why(err, "there are more than %d of them, or %d bytes",
			 KEYVAL_MAX, KEYVAL_TEXT);
}

/* A copy of @len bytes at @text, two commas made one; NULL if there is no room */
static const char *store(struct keyval *kv, const char *text, size_t len)
{
	char *copy = kv->text + kv->len, *to = copy;
	size_t i;

	if (len >= KEYVAL_TEXT - kv->len)
		return NULL;
	for (i = 0; i < len; i++) {
		*to++ = text[i];
		if (text[i] == ',')
			i++;
	}
	*to++ = '\0';
	kv->len = to - kv->text;
	return copy;
}

static int add(struct keyval *kv, const char *key, size_t key_len,
	       const char *value, size_t value_len, struct slotscope_error *err)
{
	if (kv->nr == KEYVAL_MAX)
		return too_long(kv, err);
	key = store(kv, key, key_len);
	value = key ? store(kv, value, value_len) : NULL;
	if (!value)
		return too_long(kv, err);
	kv->pairs[kv->nr].key = key;
	kv->pairs[kv->nr].value = value;
	kv->pairs[kv->nr++].taken = false;
	return 0;
}

/* Up to the comma that ends a pair */
static size_t pair_len(const char *text)
{
	size_t len = 0;

	while (text[len] && (text[len] != ',' || text[len + 1] == ','))
		len += text[len] == ',' ? 2 : 1;
	return len;
}

int keyval_parse(struct keyval *kv, const char *what, const char *text,
		 const char *implied, struct slotscope_error *err)
{
	const char *equals;
	size_t len;
	int ret;

	*kv = (struct keyval){ .what = what };
	for (; *text; text += len + (text[len] == ','), implied = NULL) {
		len = pair_len(text);
		equals = memchr(text, '=', len);
		if (equals && equals != text) {
			ret = add(kv, text, equals - text, equals + 1,
				  text + len - (equals + 1), err);
		} else if (implied) {
			ret = add(kv, implied, strlen(implied), text, len, err);
		} else {
			error_set(err, EINVAL, "read \"%.*s\" of %s",
				  (int)(len < 60 ? len : 60), text, what);
			ret = error_why(err, "it is not name=value");
		}
		if (ret)
			return ret;
	}
	return 0;
}

int keyval_add(struct keyval *kv, const char *key, const char *value,
	       struct slotscope_error *err)
{
	const char *copy;
	size_t len = strlen(value);

	/* As it is: commas have no meaning here */
	if (kv->nr == KEYVAL_MAX)
		return too_long(kv, err);
	key = store(kv, key, strlen(key));
	if (!key || len >= KEYVAL_TEXT - kv->len)
		return too_long(kv, err);
	copy = memcpy(kv->text + kv->len, value, len + 1);
	kv->len += len + 1;
	kv->pairs[kv->nr].key = key;
	kv->pairs[kv->nr].value = copy;
	kv->pairs[kv->nr++].taken = false;
	return 0;
}

const char *keyval_take(struct keyval *kv, const char *key)
{
	const char *value = NULL;
	size_t i;

	for (i = 0; i < kv->nr; i++) {
		if (strcmp(kv->pairs[i].key, key))
			continue;
		kv->pairs[i].taken = true;
		value = kv->pairs[i].value;
	}
	return value;
}

int keyval_bad(const struct keyval *kv, const char *key, const char *value,
	       struct slotscope_error *err)
{
	return error_set(err, EINVAL, "use %s=%.80s of %s", key, value,
			 kv->what);
}

int keyval_missing(const struct keyval *kv, const char *key,
		   struct slotscope_error *err)
{
	error_set(err, EINVAL, "read the options of %s", kv->what);
	return error_why(err, "%s= is missing", key);
}

int keyval_take_size(struct keyval *kv, const char *key, uint64_t *out,
		     struct slotscope_error *err)
{
	const char *text = keyval_take(kv, key), *why;

	why = text ? parse_size(text, 0, out) : NULL;
	if (!why)
		return 0;
	keyval_bad(kv, key, text, err);
	return error_why(err, "%s", why);
}

int keyval_take_number(struct keyval *kv, const char *key, uint64_t *out,
		       struct slotscope_error *err)
{
	const char *text = keyval_take(kv, key);
	char *end;

	if (!text)
		return 0;
	errno = 0;
	*out = isdigit((unsigned char)text[0]) ? strtoull(text, &end, 0) : 0;
	if (!errno && isdigit((unsigned char)text[0]) && !*end)
		return 0;
	keyval_bad(kv, key, text, err);
	return error_why(err, "it is no number below 2^64");
}

int keyval_take_bool(struct keyval *kv, const char *key, bool *out,
		     struct slotscope_error *err)
{
	static const char *const yes[] = { "on", "yes", "true", "y" };
	static const char *const no[] = { "off", "no", "false", "n" };
	const char *text = keyval_take(kv, key);
	size_t i;

	if (!text)
		return 0;
	for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (strcmp(text, yes[i]) && strcmp(text, no[i]))
			continue;
		*out = !strcmp(text, yes[i]);
		return 0;
	}
	keyval_bad(kv, key, text, err);
	return error_why(err, "it is neither on nor off");
}

int keyval_take_id(struct keyval *kv, const char *key, char *out, size_t size,
		   struct slotscope_error *err)
{
	const char *text = keyval_take(kv, key);
	size_t i, len;

	if (!text)
		return 0;
	len = strlen(text);
	for (i = 0; i < len && (isalnum((unsigned char)text[i]) ||
				strchr("-._", text[i]));)
		i++;
	if (len && len < size && i == len && isalpha((unsigned char)text[0])) {
		memcpy(out, text, len + 1);
		return 0;
	}
	keyval_bad(kv, key, text, err);
	return error_why(err,
			 "a name has up to %zu letters, digits, '-', '.' and "
			 "'_', and begins with a letter",
			 size - 1);
}

int keyval_done(const struct keyval *kv, struct slotscope_error *err)
{
	size_t i;

	for (i = 0; i < kv->nr && kv->pairs[i].taken;)
		i++;
	if (i == kv->nr)
		return 0;
	keyval_bad(kv, kv->pairs[i].key, kv->pairs[i].value, err);
	return error_why(err, "%s knows no %.40s=", kv->what, kv->pairs[i].key);
}
