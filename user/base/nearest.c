// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "base/nearest.h"

#define LEN_MAX 32

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * Optimal string alignment: three rows of the table of Damerau and Levenshtein, each
 * from the two before it. Both words are at most LEN_MAX long
 */
static size_t distance(const char *a, size_t len_a, const char *b, size_t len_b)
{
	size_t rows[3][LEN_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2], *free_row;
	size_t cost;

	for (size_t j = 0; j <= len_b; j++)
		above[j] = j;
	for (size_t i = 1; i <= len_a; i++) {
		row[0] = i;
		for (size_t j = 1; j <= len_b; j++) {
			cost = a[i - 1] != b[j - 1];
			row[j] = least(above[j - 1] + cost,
				       least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
		free_row = before;
		before = above;
		above = row;
		row = free_row;
	}
	return above[len_b];
}

size_t nearest_begins(const char *word, size_t len, const char *const *names,
		      const char **found)
{
	size_t nr = 0;

	for (; *names; names++) {
		if (strncmp(word, *names, len))
			continue;
		if (!nr++ && found)
			*found = *names;
	}
	return nr;
}

const char *nearest(const char *word, const char *const *names)
{
	const size_t len = strlen(word);
	const char *found = NULL;
	size_t best, far;

	if (len < 2 || len > LEN_MAX)
		return NULL;
	if (nearest_begins(word, len, names, &found) == 1)
		return found;
	found = NULL;
	best = len / 3 + 1; /* not near enough any more */
	if (best < 2)
		best = 2;
	for (; *names; names++) {
		if (strlen(*names) > LEN_MAX)
			continue;
		far = distance(word, len, *names, strlen(*names));
		if (far >= best)
			continue;
		best = far;
		found = *names;
	}
	return found;
}
