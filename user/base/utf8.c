// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

size_t utf8_len(const char *str, size_t left)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = (const unsigned char *)str;
	uint32_t code;
	size_t len;

	if (!left)
		return 0;
	if (s[0] < 0x80)
		return 1;
	if ((s[0] & 0xe0) == 0xc0) {
		len = 2;
		code = s[0] & 0x1f;
	} else if ((s[0] & 0xf0) == 0xe0) {
		len = 3;
		code = s[0] & 0x0f;
	} else if ((s[0] & 0xf8) == 0xf0) {
		len = 4;
		code = s[0] & 0x07;
	} else {
		return 0;
	}
	if (left < len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (code < least[len] || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return len;
}

void utf8_copy(char *dst, size_t size, const char *src)
{
	size_t left = strlen(src);
	const char *from;
	size_t len;
	size_t put;

	for (; left; src += len, left -= len) {
		from = src;
		len = utf8_len(src, left);
		put = len;
		if (!len) {
			from = replacement;
			put = sizeof(replacement) - 1;
			len = 1;
		}
		if (put >= size)
			break;
		memcpy(dst, from, put);
		dst += put;
		size -= put;
	}
	*dst = '\0';
}
