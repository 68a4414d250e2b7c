/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "key=value,key=value": how QEMU's options are written. Pure. */
#ifndef SLOTSCOPE_MACHINE_KEYVAL_H
#define SLOTSCOPE_MACHINE_KEYVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <slotscope/error.h>

#define KEYVAL_MAX  24	 /* pairs */
#define KEYVAL_TEXT 2048 /* bytes of all of them, ends included */

/**
 * struct keyval - pairs, and which were asked for
 * @what: whose they are, for errors: "-m", "object_add"
 */
struct keyval {
	const char *what;
	struct {
		const char *key;
		const char *value;
		bool taken;
	} pairs[KEYVAL_MAX];
	size_t nr;
	char text[KEYVAL_TEXT];
	size_t len;
};

/**
 * keyval_parse() - take an option apart
 * @what:    copied by reference; must outlive @kv
 * @text:    pairs; two commas are one that belongs to the value
 * @implied: the key of a first value that has none, such as -M's "type"; or NULL
 *
 * Return: 0 or -EINVAL.
 */
int keyval_parse(struct keyval *kv, const char *what, const char *text,
		 const char *implied, struct slotscope_error *err);

/** keyval_add() - one pair more; both are copied */
int keyval_add(struct keyval *kv, const char *key, const char *value,
	       struct slotscope_error *err);

/** keyval_take() - the value of @key, or NULL; of several the last */
const char *keyval_take(struct keyval *kv, const char *key);

/*
 * The same, read as a number: 0 if the key is not there (what @out points to is
 * then left alone) or read, or -EINVAL. A size without a suffix is in bytes.
 */
int keyval_take_size(struct keyval *kv, const char *key, uint64_t *out,
		     struct slotscope_error *err);
int keyval_take_number(struct keyval *kv, const char *key, uint64_t *out,
		       struct slotscope_error *err);
int keyval_take_bool(struct keyval *kv, const char *key, bool *out,
		     struct slotscope_error *err);

/** keyval_take_id() - a name: a letter, then letters, digits, '-', '.' and '_' */
int keyval_take_id(struct keyval *kv, const char *key, char *out, size_t size,
		   struct slotscope_error *err);

/** keyval_bad() - fill @err: this value of @key cannot be; error_why() it */
int keyval_bad(const struct keyval *kv, const char *key, const char *value,
	       struct slotscope_error *err);

/** keyval_missing() - fill @err: @key has to be given */
int keyval_missing(const struct keyval *kv, const char *key,
		   struct slotscope_error *err);

/** keyval_done() - refuse pairs that nobody took */
int keyval_done(const struct keyval *kv, struct slotscope_error *err);

/**
 * parse_size() - "256M", "1.5G", "0x10": the sizes that QEMU's options take
 * @shift: of a number without one of the suffixes B, K, M, G, T, P and E: 20 for
 *	   MiB
 *
 * A fraction has a suffix above B, and is rounded to the nearest byte. There is
 * no exponent; hexadecimal numbers have no fraction, and B and E are digits there.
 *
 * Return: NULL, or what is wrong with @text.
 */
const char *parse_size(const char *text, unsigned int shift, uint64_t *size);

#endif
