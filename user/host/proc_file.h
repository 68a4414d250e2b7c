/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HOST_PROC_FILE_H
#define HOST_PROC_FILE_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * struct proc_text - the content of a file below /proc
 * @text: @len bytes and a NUL behind them; may hold NULs itself
 * @truncated: there was more than the limit
 */
struct proc_text {
	char *text;
	size_t len;
	bool truncated;
};

/**
 * proc_read() - read a whole file below /proc
 * @dir:  of the process, or AT_FDCWD
 * @name: relative to @dir
 * @max:  bytes at the most; a file does not end the program's memory
 * @out:  free() its text
 *
 * Such files have no size, and come in pieces as small as the kernel likes.
 *
 * Return: 0 or a negative errno; ESRCH if the process has ended.
 */
int proc_read(int dir, const char *name, size_t max, struct proc_text *out);

/**
 * proc_opendir() - list a directory below /proc
 * @out: closedir() it after 0
 *
 * Return: 0 or a negative errno.
 */
int proc_opendir(int at, const char *name, DIR **out);

#endif
