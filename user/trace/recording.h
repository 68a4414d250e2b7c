/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recording: a log of events in a file, JSON Lines. Documentation/json.md
 * describes the lines: a header, one event a line (view/json.h), and an end.
 *
 * A recording can be read while it is being written. A writer holds a lock on
 * the file (F_OFD_SETLK), which the kernel drops when the writer dies, however
 * it dies. So a file without an end is still growing if it is locked, and was
 * cut off if it is not; a copy of a growing file is a cut one, as it should be.
 */
#ifndef TRACE_RECORDING_H
#define TRACE_RECORDING_H

#include <sys/types.h>

#include <slotscope/error.h>
#include <slotscope/view.h>

/**
 * struct recording_info - what a recording's header says
 * @boot_id: of the boot whose clock the events' times are of
 * @tgid:    the process that was traced; 0: all
 * @time_ns: CLOCK_MONOTONIC at its beginning
 * @real_ns: CLOCK_REALTIME at the same moment
 */
struct recording_info {
	char boot_id[37];
	pid_t tgid;
	uint64_t time_ns;
	uint64_t real_ns;
};

/* Writing */
struct recording_writer;

/**
 * recording_create() - begin a recording
 * @path: a regular file; replaced if it exists. Readable by its owner alone,
 *	  since it tells where a process has its memory
 * @tgid: the process that is traced; 0: all
 *
 * Return: 0, or a negative errno: -EBUSY if someone is writing a recording there.
 */
int recording_create(const char *path, pid_t tgid,
		     struct recording_writer **writer,
		     struct slotscope_error *err);

/** recording_write() - add an event; buffered. 0 or a negative errno */
int recording_write(struct recording_writer *writer,
		    const struct slot_event *event,
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

/** recording_abandon() - close without an end; NULL is fine */
void recording_abandon(struct recording_writer *writer);

/* Reading */
struct recording_reader;

/** enum recording_state - what the end of what was read means */
enum recording_state {
	RECORDING_FINISHED, /* all of it was read */
	RECORDING_GROWING,  /* it is being written: there will be more */
	RECORDING_CUT,	    /* its writer died; the last event is a LOST */
};

/**
 * recording_open() - open a recording and read its header
 *
 * A file that is being created may not have its header yet: -EAGAIN.
 *
 * Return: 0, or a negative errno: -EINVAL if it is no recording, or one of
 * another version (@err names the line).
 */
int recording_open(const char *path, struct recording_reader **reader,
		   struct slotscope_error *err);

/**
 * recording_read() - the next event
 *
 * Numbers that are missing between events become LOST events (SLOT_LOST_GAP),
 * so a line that someone took out does not go unnoticed. Where the end is not
 * there, at least one more is (SLOT_LOST_CUT).
 *
 * Return: 1; 0 at the end, see recording_state(); or a negative errno with the
 * file and line at fault in @err. In a growing recording, call again later.
 */
int recording_read(struct recording_reader *reader, struct slot_event *event,
		   struct slotscope_error *err);

/** recording_state() - valid once recording_read() has returned 0 */
enum recording_state recording_state(const struct recording_reader *reader);

const struct recording_info *
recording_info(const struct recording_reader *reader);

/** recording_close() - NULL is fine */
void recording_close(struct recording_reader *reader);

/**
 * recording_read_all() - what is left of an open one
 * @path: for errors
 * @log:  initialised by the caller; events are added to it
 */
int recording_read_all(struct recording_reader *reader, const char *path,
		       struct slot_log *log, struct slotscope_error *err);

/**
 * recording_load() - read all there is of a recording
 * @log:   initialised by the caller; events are added to it
 * @state: may be NULL
 */
int recording_load(const char *path, struct slot_log *log,
		   enum recording_state *state, struct slotscope_error *err);

#endif
