/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events from a file, whatever wrote it: a recording of ours, or another tool's text. */
#ifndef TRACE_LOG_LOAD_H
#define TRACE_LOG_LOAD_H

#include "trace/recording.h"
#include "view/log_text.h"

struct log_reader;

/**
 * log_open() - open a recording, strace's output or a QEMU trace log
 * @path: "-" is standard input
 *
 * A recording is read as it is asked for, also while it is being written; a text
 * now, to its end.
 *
 * Return: 0 or a negative errno, with file and line in @err.
 */
int log_open(const char *path, struct log_reader **reader,
	     struct slotscope_error *err);

/** log_read() - the next event: 1, 0 at the end, or a negative errno */
int log_read(struct log_reader *reader, struct slot_event *event,
	     struct slotscope_error *err);

/** log_recording() - what more a recording says; NULL: it is a text */
struct recording_reader *log_recording(const struct log_reader *reader);

/** log_growing() - is it still being written? Valid once log_read() has returned 0 */
bool log_growing(const struct log_reader *reader);

/** log_unended() - a text whose last line was not taken, as no newline ends it */
bool log_unended(const struct log_reader *reader);

/** log_close() - NULL is fine */
void log_close(struct log_reader *reader);

/**
 * log_read_all() - what is left of an open one
 * @log: initialised by the caller; events are added to it
 */
int log_read_all(struct log_reader *reader, struct slot_log *log,
		 struct slotscope_error *err);

/**
 * log_load() - open, read all, close
 * @growing: log_growing()
 */
int log_load(const char *path, struct slot_log *log, bool *growing,
	     struct slotscope_error *err);

/** log_load_text() - the same of a text that was read; @name is for messages */
int log_load_text(const char *name, const char *text, size_t len,
		  struct slot_log *log, struct slotscope_error *err);

/**
 * log_pick_vm() - the VM that is meant
 * @number: from 1, in the order in which the log tells of them; 0: the only one
 *
 * Return: 0, -ENOMEM, -ENOENT, or -ENOTUNIQ with several and @number 0.
 */
int log_pick_vm(const char *name, const struct slot_log *log, uint64_t number,
		struct vm_id *out, struct slotscope_error *err);

#endif
