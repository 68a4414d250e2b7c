// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/read_file.h"

const char *read_file_name(const char *path)
{
	return strcmp(path, "-") ? path : "standard input";
}

static int read_all(FILE *in, char **text, size_t *len)
{
	size_t cap = 0;
	char *more;

	for (*len = 0; !feof(in);) {
		if (*len + 1 >= cap) {
			cap = cap ? cap * 2 : 65536;
			if (cap > READ_FILE_MAX)
				return -EFBIG;
			more = realloc(*text, cap);
			if (!more)
				return -ENOMEM;
			*text = more;
		}
		errno = 0; /* a directory opens, and fails here */
		*len += fread(*text + *len, 1, cap - *len - 1, in);
		if (ferror(in))
			return errno ? -errno : -EIO;
	}
	(*text)[*len] = '\0';
	return 0;
}

int read_file(const char *path, char **out, size_t *len,
	      struct slotscope_error *err)
{
	FILE *in = strcmp(path, "-") ? fopen(path, "re") : stdin;
	int ret;

	*out = NULL;
	if (!in)
		return error_set(err, errno, "open %s", path);
	ret = read_all(in, out, len);
	if (in != stdin)
		fclose(in);
	if (!ret)
		return 0;
	free(*out);
	*out = NULL;
	return error_set(err, ret, "read %s", read_file_name(path));
}
