/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A recording as the past of VMs that are there now; a flight recorder may be writing it. */
#ifndef SLOTSCOPE_SESSION_PAST_FILE_H
#define SLOTSCOPE_SESSION_PAST_FILE_H

#include <stdbool.h>

#include <slotscope/error.h>
#include <slotscope/view.h>

#include "logs/past.h"
#include "trace/recording.h"

/* Where the flight recorder of the systemd unit has its file */
#define PAST_FILE_DEFAULT "/var/lib/slotscope/flight.rec"

/**
 * struct past_file - a recording that was read as far as it concerns some processes
 * @path:    borrowed
 * @reader:  private
 * @log:     events of their VMs, and losses, by the numbers of the recording
 * @info:    of the recording, without its notes
 * @end_ns:  until when it has all, but for losses that it tells of
 * @end_seq: of its last event, of whatever process
 * @growing: somebody is writing it
 * @read:    it was read
 * @why:     why it is not used; empty: it can be
 */
struct past_file {
	const char *path;
	struct recording_reader *reader;
	struct slot_log log;
	struct recording_info info;
	uint64_t end_ns;
	uint64_t end_seq;
	bool growing;
	bool read;
	char why[256];
};

/**
 * past_file_open() - open it, and see if it can be one
 * @path:    a regular file
 * @boot_id: of this machine since it was started
 *
 * One of another boot, or machine, is no error: @out->why says so, and it is not read.
 *
 * Return: 0, or a negative errno: it is not there, or no recording. past_file_close() it
 * after either.
 */
int past_file_open(const char *path, const char *boot_id, struct past_file *out,
		   struct slotscope_error *err);

/**
 * past_file_read() - read what it has of some processes
 * @tgids:    theirs, @nr
 * @until_ns: CLOCK_MONOTONIC: while it grows, wait until it has come so far, if it does
 *	      within some time. Of one that records all VMs that is brought about: by a VM
 *	      of our own, which it will tell of
 *
 * That it is damaged, or was cut off, is in the log as a loss. It is not read twice.
 *
 * Return: 0 or a negative errno: -EINTR after a signal (session/stop.h).
 */
int past_file_read(struct past_file *file, const pid_t *tgids, size_t nr,
		   uint64_t until_ns, struct slotscope_error *err);

/**
 * past_file_born_ns() - when the kernel made a VM, by the recording's clock
 *
 * By what KVM has in debugfs for a VM that the process's first thread made. Return:
 * CLOCK_MONOTONIC, and no earlier than it was; UINT64_MAX: nothing tells.
 */
uint64_t past_file_born_ns(const struct past_file *file,
			   const struct vm_id *vm);

/** past_file_close() - all zero is fine */
void past_file_close(struct past_file *file);

#endif
