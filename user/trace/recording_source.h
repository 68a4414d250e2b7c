/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes of a recording, from a file, a pipe or memory, in turn */
#ifndef TRACE_RECORDING_SOURCE_H
#define TRACE_RECORDING_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <slotscope/error.h>

/**
 * struct recording_source - where a reader is
 * @path:    as the user named it
 * @fd:	     -1: all there is of it is at hand
 * @regular: it is a regular file
 * @at:	     which byte comes next
 */
struct recording_source {
	int fd;
	char *path;
	bool regular;
	uint64_t at;

	/* private */
	uint8_t *bytes;
	size_t pos, len, cap;
};

int source_open(struct recording_source *source, const char *path,
		struct slotscope_error *err);

/** source_of() - the same of bytes in memory, which are copied; @name is for errors */
int source_of(struct recording_source *source, const char *name,
	      const void *bytes, size_t len, struct slotscope_error *err);

void source_close(struct recording_source *source);

/**
 * source_need() - have the next @size bytes at hand, in one piece
 *
 * Return: how many there are: fewer only at the end of what there is so far. Or a
 * negative errno.
 */
ssize_t source_need(struct recording_source *source, size_t size,
		    struct slotscope_error *err);

/**
 * source_rest() - have all that is to come at hand, and a NUL behind it
 *
 * Return: how much it is, or a negative errno: -EFBIG if it is more than @max.
 */
ssize_t source_rest(struct recording_source *source, size_t max,
		    struct slotscope_error *err);

/** source_bytes() - those at hand; until the next source_need() */
const uint8_t *source_bytes(const struct recording_source *source);

/** source_take() - go on behind @size of the bytes at hand */
void source_take(struct recording_source *source, size_t size);

/**
 * source_hold() - be able to go back and forth from here on
 *
 * Of a pipe, by reading all of it.
 */
int source_hold(struct recording_source *source, struct slotscope_error *err);

/**
 * source_seek() - go to a byte, and forget what was read ahead
 *
 * Of a regular file or memory, or after source_hold().
 */
int source_seek(struct recording_source *source, uint64_t at,
		struct slotscope_error *err);

/** source_size() - bytes that a file has now, or those that are held; 0: nobody knows */
uint64_t source_size(const struct recording_source *source);

/** source_growing() - is someone writing to it? */
bool source_growing(const struct recording_source *source);

struct recording_reader;

/**
 * recording_open_source() - read a recording from what is left of a source
 * @source: the reader takes it, at all events
 *
 * Return: as recording_open().
 */
int recording_open_source(struct recording_source *source,
			  struct recording_reader **reader,
			  struct slotscope_error *err);

#endif
