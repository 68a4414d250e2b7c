/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file to write to that keeps what it had until there is something to write. Not
 * pure.
 */
#ifndef SLOTSCOPE_BASE_KEPT_FILE_H
#define SLOTSCOPE_BASE_KEPT_FILE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/**
 * kept_open() - open to write, or make the file, without emptying it
 * @mode:    of a file that is made
 * @created: it was not there
 * @why:     of an error, if more is to be said than the errno does; else NULL
 *
 * Along no link of another user's, and into no trap of his: output_place(). It waits for
 * nobody who might read a FIFO.
 *
 * Return: a descriptor, or a negative errno.
 */
int kept_open(const char *path, mode_t mode, bool *created, const char **why);

/** kept_empty() - drop what a regular file had: now. 0 or a negative errno */
int kept_empty(int fd);

/**
 * kept_stream() - a stream that empties the file when it is first written to
 * @fd: of kept_open(), at its beginning; the stream's from now on, if there is one
 *
 * Return: NULL with errno set.
 */
FILE *kept_stream(int fd);

/** kept_drop_empty() - a file that we made and that has nothing in it is none */
void kept_drop_empty(const char *path);

/** kept_is_same() - do both paths name one regular file? "-" of @input: standard input */
bool kept_is_same(const char *output, const char *input);

#endif
