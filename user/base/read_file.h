/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole file in memory. Not pure. */
#ifndef SLOTSCOPE_BASE_READ_FILE_H
#define SLOTSCOPE_BASE_READ_FILE_H

#include <stddef.h>

#include <slotscope/error.h>

/* More than any tool prints of a VM; a file must not end the program's memory */
#define READ_FILE_MAX (1ul << 30)

/** read_file_name() - "standard input" for "-", else @path */
const char *read_file_name(const char *path);

/**
 * read_file() - read to its end
 * @path: "-" is standard input
 * @out:  free() it; a NUL stands behind its @len bytes
 *
 * Return: 0 or a negative errno with @err filled; -EFBIG above READ_FILE_MAX.
 */
int read_file(const char *path, char **out, size_t *len,
	      struct slotscope_error *err);

#endif
