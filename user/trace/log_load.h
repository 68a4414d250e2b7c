/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events from a file, whatever wrote it: a recording of ours, or another tool's text. */
#ifndef TRACE_LOG_LOAD_H
#define TRACE_LOG_LOAD_H

#include "trace/recording.h"
#include "view/log_text.h"

/**
 * struct log_source - where events are from
 * @text:  which tool's text it is; LOG_TEXT_NONE: a recording
 * @state: of a recording; a text is RECORDING_FINISHED
 */
struct log_source {
	enum log_text text;
	enum recording_state state;
};

/**
 * log_load() - read a recording, strace's output or a QEMU trace log
 * @path:   of a text also "-", standard input
 * @log:    initialised by the caller; events are added to it
 * @source: may be NULL
 *
 * Return: 0 or a negative errno, with file and line in @err.
 */
int log_load(const char *path, struct slot_log *log, struct log_source *source,
	     struct slotscope_error *err);

/** log_load_text() - the same of a text that was read; @name is for messages */
int log_load_text(const char *name, const char *text, size_t len,
		  struct slot_log *log, struct slotscope_error *err);

/**
 * log_vms() - the VMs of which a log has requests or changes, by serial
 * @out: free() it
 *
 * Return: 0 or -ENOMEM.
 */
int log_vms(const struct slot_log *log, struct vm_id **out, size_t *nr);

/**
 * log_pick_vm() - the VM that is meant
 * @number: from 1, in the order in which the log tells of them; 0: the only one
 *
 * Return: 0, -ENOMEM, -ENOENT, or -ENOTUNIQ with several and @number 0.
 */
int log_pick_vm(const char *name, const struct slot_log *log, uint64_t number,
		struct vm_id *out, struct slotscope_error *err);

#endif
