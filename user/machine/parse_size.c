// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "machine/keyval.h"

#define FRACTION_DIGITS 19 /* 10^-19 of 2^60 bytes is less than one */

/* The digits at *@text, in 10^-19ths; *@text is moved behind them */
static uint64_t read_fraction(const char **text)
{
	uint64_t fraction = 0;
	int i;

	for (i = 0; i < FRACTION_DIGITS; i++) {
		fraction *= 10;
		if (isdigit((unsigned char)**text))
			fraction += *(*text)++ - '0';
	}
	while (isdigit((unsigned char)**text))
		(*text)++;
	return fraction;
}

const char *parse_size(const char *text, unsigned int shift, uint64_t *size)
{
	static const char letters[] = "BKMGTPE";
	const uint64_t one = 10000000000000000000u;
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	uint64_t fraction = 0;
	unsigned __int128 sum;
	unsigned long long value;
	const char *letter, *end;
	bool suffix;

	if (!isdigit((unsigned char)text[0]) ||
	    (hex && !isxdigit((unsigned char)text[2])))
		return "it is no number";
	errno = 0;
	value = strtoull(text, (char **)&end, hex ? 16 : 10);
	if (errno)
		return "it is 2^64 or more";
	if (*end == '.' && !hex) {
		end++;
		fraction = read_fraction(&end);
	}
	suffix = *end;
	if (suffix) {
		letter = strchr(letters, toupper((unsigned char)*end));
		if (!letter || end[1])
			return "what follows the number is none of K, M, G "
			       "and T";
		shift = 10 * (letter - letters);
	}
	if (fraction && (!suffix || !shift))
		return "a fraction needs one of K, M, G and T behind it";
	sum = (((unsigned __int128)fraction << shift) + one / 2) / one;
	sum += (unsigned __int128)value << shift;
	if (sum > UINT64_MAX)
		return "it is 2^64 or more";
	*size = sum;
	return NULL;
}
