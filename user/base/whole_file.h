/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file that others read while it is written again: they find it whole. Not pure. */
#ifndef SLOTSCOPE_BASE_WHOLE_FILE_H
#define SLOTSCOPE_BASE_WHOLE_FILE_H

#include <stddef.h>

#include <slotscope/error.h>

/**
 * whole_file_write() - put @text in place of what @path had, at once
 *
 * It is written beside it, as ".NAME.XXXXXX", and renamed. Everybody may read it, as far
 * as umask allows. No link of another user's is followed: output_place().
 *
 * Return: 0; -EEXIST if @path is there and is no regular file: a device or a link stays
 * what it is; or a negative errno. @err is filled then, and @path as it was.
 */
int whole_file_write(const char *path, const char *text, size_t len,
		     struct slotscope_error *err);

#endif
