/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SELFTESTS_UNIT_HOST_MAKE_H
#define SELFTESTS_UNIT_HOST_MAKE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/*
 * Every beginning of a text, and every text with one byte changed, each in
 * memory of exactly its size, so that ASan sees a step beyond it.
 */
static inline void hostile(const char *text, size_t len,
			   void (*parse)(const char *text, size_t len))
{
	static const unsigned char bytes[] = { 0,   '\n', ' ', '0', '9',
					       'f', '(',  ')', ',', '=',
					       '-', '@',  ':', 0xff };
	size_t cut, at, b;
	char *copy;

	for (cut = 0; cut <= len; cut++) {
		copy = malloc(cut ? cut : 1);
		memcpy(copy, text, cut);
		parse(copy, cut);
		free(copy);
	}
	copy = malloc(len);
	for (at = 0; at < len; at++) {
		for (b = 0; b < sizeof(bytes); b++) {
			memcpy(copy, text, len);
			copy[at] = bytes[b];
			parse(copy, len);
		}
	}
	free(copy);
}

#endif
