/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compact JSON, broken into lines and indented by two blanks, as jq prints it; in pieces
 * as they come, without a tree in memory.
 */
#ifndef BASE_JSON_PRETTY_H
#define BASE_JSON_PRETTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/**
 * struct json_pretty - where in a document we are; zero at its beginning
 * @depth:   objects and arrays around
 * @opened:  one was opened, and has nothing in it yet
 * @string:  in a string, and
 * @escaped: behind a backslash there
 */
struct json_pretty {
	size_t depth;
	bool opened;
	bool string;
	bool escaped;
};

/** json_pretty_put() - print the next piece: JSON without blanks between its values */
void json_pretty_put(struct json_pretty *pretty, FILE *out, const char *text,
		     size_t len);

#endif
