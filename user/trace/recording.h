/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recording: a log of events in a file or a pipe. recording_format.h says how
 * it is laid out, Documentation/recording.md why so.
 *
 *	ret = recording_open("boot.rec", &reader, &err);
 *	while (!ret && (ret = recording_read(reader, &event, &err)) > 0)
 *		ret = take(&event);
 *	if (!ret && recording_state(reader) == RECORDING_CUT)
 *		...				(its last event was a LOST)
 *	recording_close(reader);
 *
 * or log_load() (log_load.h), for whom all of it in a slot_log is right. What a reader
 * hands over is never less than it seems: what is missing, or damaged, is a LOST
 * event in its place, and a kind of event that we do not know is a
 * SLOT_EVENT_UNKNOWN.
 *
 * A recording can be read while it is being written. A writer holds a lock on
 * a regular file (F_OFD_SETLK), which the kernel drops when the writer dies,
 * however it dies. So a file without an end is still growing if it is locked, and
 * was cut off if it is not; a copy of a growing file is a cut one, as it should
 * be. Of a pipe the reader waits for what is to come; its end is the end.
 */
#ifndef TRACE_RECORDING_H
#define TRACE_RECORDING_H

#include <sys/types.h>

#include <slotscope/error.h>
#include <slotscope/view.h>

#include "view/stack.h"

/**
 * struct recording_info - what a recording says of itself
 * @boot_id: of the boot whose clock the events' times are of
 * @tgid:    the process that was traced; 0: all
 * @time_ns: CLOCK_MONOTONIC at its beginning
 * @real_ns: CLOCK_REALTIME at the same moment
 * @notes:   lines of NAME=VALUE, which may come several times: "kernel" (uname -r),
 *	     "hook" (job, method and target, one each), "filter" (what was traced).
 *	     Nothing depends on them. NULL: none
 * @keep:    for writing: the file's size in bytes, beyond which the oldest is dropped;
 *	     RECORDING_KEEP_MIN or more. 0: all is kept
 */
struct recording_info {
	char boot_id[37];
	pid_t tgid;
	uint64_t time_ns;
	uint64_t real_ns;
	char *notes;
	uint64_t keep;
};

#define RECORDING_KEEP_MIN (4UL << 20)
#define RECORDING_KEEP_MAX (8UL << 30)

#define RECORDING_STDIO "-" /* in place of a path: standard input, or output */

/* Writing */
struct recording_writer;

/**
 * recording_create() - open a file for a recording
 * @path: replaced if it is a regular file, by the first of what is written, flushed or
 *	  finished: until then it is as it was. Readable by its owner alone, since it
 *	  tells where a process has its memory. Or a FIFO, or RECORDING_STDIO
 * @info: its @tgid, @notes and @keep are taken; the rest, and the kernel, is found out
 *
 * Return: 0, or a negative errno: -EBUSY if someone is writing a recording there.
 */
int recording_create(const char *path, const struct recording_info *info,
		     struct recording_writer **writer,
		     struct slotscope_error *err);

/** recording_write() - add an event; buffered. 0 or a negative errno */
int recording_write(struct recording_writer *writer,
		    const struct slot_event *event,
		    struct slotscope_error *err);

/**
 * recording_write_stack() - add the stack that the next event names, if need be
 *
 * Buffered. 0 or a negative errno.
 */
int recording_write_stack(struct recording_writer *writer,
			  const struct slot_stack *stack,
			  struct slotscope_error *err);

/** recording_flush() - let readers see what was written so far */
int recording_flush(struct recording_writer *writer,
		    struct slotscope_error *err);

/**
 * recording_finish() - write the end and close
 *
 * @writer is freed, also after an error: then the recording is a cut one.
 */
int recording_finish(struct recording_writer *writer,
		     struct slotscope_error *err);

/** recording_begun() - is anything of it in the file? Else that is as it was */
bool recording_begun(const struct recording_writer *writer);

/** recording_abandon() - close without an end; NULL is fine */
void recording_abandon(struct recording_writer *writer);

/* Reading */
struct recording_reader;

/** enum recording_state - what the end of what was read means */
enum recording_state {
	RECORDING_FINISHED, /* all of it was read */
	RECORDING_GROWING,  /* it is being written: there will be more */
	RECORDING_CUT,	    /* its end is not there; the last event is a LOST */
};

/**
 * recording_open() - open a recording and read its beginning
 * @path: RECORDING_STDIO: standard input
 *
 * A file that is being created may not have its beginning yet: -EAGAIN.
 *
 * Return: 0, or a negative errno: -EINVAL if it is no recording, or one of
 * another version, or its beginning is damaged (@err says which).
 */
int recording_open(const char *path, struct recording_reader **reader,
		   struct slotscope_error *err);

/** recording_open_bytes() - the same of one in memory; @name is for errors */
int recording_open_bytes(const char *name, const void *bytes, size_t len,
			 struct recording_reader **reader,
			 struct slotscope_error *err);

/** recording_is() - do these bytes begin as a recording does? */
bool recording_is(const void *bytes, size_t len);

/**
 * recording_read() - the next event
 *
 * Numbers that are missing between events become LOST events: SLOT_LOST_DAMAGED
 * where something stands that is not what was written, else SLOT_LOST_GAP. Where
 * the end is not there, at least one more is (SLOT_LOST_CUT).
 *
 * Return: 1; 0 at the end, see recording_state(); or a negative errno with the
 * file and the byte at fault in @err. In a growing recording, call again later.
 */
int recording_read(struct recording_reader *reader, struct slot_event *event,
		   struct slotscope_error *err);

/** recording_state() - valid once recording_read() has returned 0 */
enum recording_state recording_state(const struct recording_reader *reader);

/** recording_last_ns() - CLOCK_MONOTONIC of the latest that was read of */
uint64_t recording_last_ns(const struct recording_reader *reader);

/**
 * struct recording_odd - what there was in a recording so far that is no event
 * @unknown: records of kinds that we do not know; of such as are events each was
 *	     handed over, too
 * @damaged: places at which something else stands than was written. Where that were
 *	     events it was told by a LOST
 */
struct recording_odd {
	uint64_t unknown;
	uint64_t damaged;
};

struct recording_odd recording_odd(const struct recording_reader *reader);

/**
 * recording_seek() - read from the latest state on that is of a moment or before
 * @ns: CLOCK_MONOTONIC; what comes next is no later than needed for what was then
 *
 * From the beginning if there is no such state.
 *
 * Return: 1; 0 of a pipe, where reading goes on as before; or a negative errno.
 */
int recording_seek(struct recording_reader *reader, uint64_t ns,
		   struct slotscope_error *err);

/** recording_info() - lives as long as the reader */
const struct recording_info *
recording_info(const struct recording_reader *reader);

/** recording_stacks() - those that events so far have named; lives as long */
struct stack_table *recording_stacks(struct recording_reader *reader);

/** recording_close() - NULL is fine */
void recording_close(struct recording_reader *reader);

/**
 * recording_read_all() - what is left of an open one
 * @path: for errors
 * @log:  initialised by the caller; events are added to it
 */
int recording_read_all(struct recording_reader *reader, const char *path,
		       struct slot_log *log, struct slotscope_error *err);

#endif
