/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading one line of an api.log: words, and name=value pairs. The text may be
 * anything; what does not parse is said to be missing.
 */
#ifndef SLOTSCOPE_REPLAY_LINE_H
#define SLOTSCOPE_REPLAY_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include <slotscope/memory.h>

/** replay_line_is() - is @verb the line's first word? */
bool replay_line_is(const char *line, const char *verb);

/** replay_line_word() - the @n-th word as a number (the verb is word 0) */
bool replay_line_word(const char *line, unsigned int n, memory_size_t *value);

/** replay_line_signed() - the value of "name=" as a signed number */
bool replay_line_signed(const char *line, const char *name, long long *value);

/**
 * replay_line_number() - the value of "name="
 *
 * Return: false if there is none. "(nil)" is 0. A negative one is 0, and false.
 */
bool replay_line_number(const char *line, const char *name,
			memory_size_t *value);

/**
 * replay_line_text() - a quoted string: behind "name=", or the line's first if
 * @name is NULL
 *
 * The format knows no escapes: it ends at the next quote.
 *
 * Return: false if there is none or it does not fit into @size bytes.
 */
bool replay_line_text(const char *line, const char *name, char *out,
		      size_t size);

#endif
