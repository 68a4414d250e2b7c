// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "replay/line.h"

bool replay_line_is(const char *line, const char *verb)
{
	size_t len = strlen(verb);

	return !strncmp(line, verb, len) && (line[len] == ' ' || !line[len]);
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* Decimal, or hexadecimal behind 0x; up to 2^64 inclusive */
static bool parse_number(const char *text, memory_size_t *value)
{
	unsigned int base = 10;
	int digit = -1;

	if (!strncmp(text, "(nil)", 5)) {
		*value = 0;
		return true;
	}
	if (!strncmp(text, "0x", 2)) {
		base = 16;
		text += 2;
	}
	for (*value = 0; (digit = digit_of(*text)) >= 0; text++) {
		if ((unsigned int)digit >= base)
			return false;
		*value = *value * base + digit;
		if (*value > MEMORY_SIZE_2_64)
			return false;
	}
	return (!*text || *text == ' ') && digit_of(text[-1]) >= 0;
}

bool replay_line_word(const char *line, unsigned int n, memory_size_t *value)
{
	while (n-- && line) {
		line = strchr(line, ' ');
		if (line)
			line++;
	}
	return line && parse_number(line, value);
}

/* What is behind " name=", outside of a quoted string */
static const char *value_of(const char *line, const char *name)
{
	size_t len = strlen(name);
	bool quoted = false;

	for (; *line; line++) {
		if (*line == '"')
			quoted = !quoted;
		if (*line == ' ' && !quoted && !strncmp(line + 1, name, len) &&
		    line[len + 1] == '=')
			return line + len + 2;
	}
	return NULL;
}

bool replay_line_number(const char *line, const char *name,
			memory_size_t *value)
{
	const char *text = value_of(line, name);

	*value = 0;
	return text && parse_number(text, value);
}

bool replay_line_signed(const char *line, const char *name, long long *value)
{
	const char *text = value_of(line, name);
	memory_size_t magnitude;
	bool minus = text && *text == '-';

	if (!text || !parse_number(text + minus, &magnitude) ||
	    magnitude > INT64_MAX)
		return false;
	*value = minus ? -(long long)magnitude : (long long)magnitude;
	return true;
}

bool replay_line_text(const char *line, const char *name, char *out,
		      size_t size)
{
	const char *text = name ? value_of(line, name) : strchr(line, '"');
	const char *end;

	if (!text || *text != '"')
		return false;
	end = strchr(++text, '"');
	if (!end || (size_t)(end - text) >= size)
		return false;
	memcpy(out, text, end - text);
	out[end - text] = '\0';
	return true;
}
