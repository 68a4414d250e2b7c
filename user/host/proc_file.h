/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HOST_PROC_FILE_H
#define HOST_PROC_FILE_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

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

/**
 * proc_readlink() - what a link below /proc says
 * @out: @size bytes, with a NUL behind it; what does not fit is cut off
 *
 * Many may read a process's directory, and few its links: that one cannot be
 * read says nothing of what it leads to.
 *
 * Return: its length in @out, or a negative errno: -ENOENT if it is gone, -EACCES
 * if we may not look into the process.
 */
ssize_t proc_readlink(int at, const char *name, char *out, size_t size);

#endif
