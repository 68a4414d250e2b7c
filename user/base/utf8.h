/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLOTSCOPE_BASE_UTF8_H
#define SLOTSCOPE_BASE_UTF8_H

#include <stddef.h>

/**
 * utf8_len() - bytes of the character at @s
 * @left: bytes that may be read
 *
 * Return: 1 to 4; 0 if no valid UTF-8 character begins here (overlong forms,
 * surrogates, and anything above U+10FFFF are not valid: RFC 3629).
 */
size_t utf8_len(const char *s, size_t left);

/**
 * utf8_copy() - copy as much of @src as fits, as valid UTF-8
 * @size: of @dst, at least 1; always ends in NUL, never amid a character
 *
 * A byte that is not UTF-8 becomes U+FFFD.
 */
void utf8_copy(char *dst, size_t size, const char *src);

#endif
