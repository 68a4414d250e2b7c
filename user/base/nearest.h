/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "Did you mean": the name that a mistyped word is nearest to. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stddef.h>

/**
 * nearest() - the name that was meant, if one is near
 * @names: NULL last
 *
 * By the number of letters that are wrong, missing, too many, or have changed places
 * with their neighbour: at most one in three. The beginning of one name alone counts
 * as near, too. Of several as near the first is taken.
 *
 * Return: one of @names, or NULL.
 */
const char *nearest(const char *word, const char *const *names);

/**
 * nearest_begins() - how many of @names begin with the first @len bytes of @word
 * @found: the first of them; may be NULL
 */
size_t nearest_begins(const char *word, size_t len, const char *const *names,
		      const char **found);

#endif
