/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HOST_MAPS_H
#define HOST_MAPS_H

#include <slotscope/error.h>
#include <slotscope/view.h>

#include "host/process.h"

/**
 * host_map_read() - what lies under a process's addresses now
 * @slots: whose host addresses matter: of files that lie elsewhere it is not
 *	   asked how far they reach. NULL: all matter
 * @out: host_map_deinit() it after 0
 *
 * The kernel writes /proc/PID/maps page by page and lets the process run in
 * between: mappings that change meanwhile may be missing or be told of as they
 * were. Where the text contradicts itself it is read again. One larger than
 * HOST_MAP_TEXT_MAX is truncated, and says so.
 *
 * How far a file reaches is asked by /proc/PID/map_files, which needs
 * CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE; without, that is not known
 * (HOST_FILE_UNKNOWN).
 *
 * Flags, page sizes and copies are in /proc/PID/smaps. The kernel walks all of
 * the process's pages for it, from the first mapping on (it cannot be entered
 * in the middle), and holds the lock that its page faults may need. So it is
 * read only of processes with at most HOST_SMAPS_RESIDENT in memory and
 * HOST_SMAPS_RANGES mappings; elsewhere they are not known.
 *
 * Return: 0, -ESRCH, -EACCES, -ENOMEM, or -EAGAIN if it was never consistent.
 */
int host_map_read(const struct process *process, const struct slot_state *slots,
		  struct host_map *out, struct slotscope_error *err);

/* Some 65,530 mappings are allowed by default; this is room for a million */
#define HOST_MAP_TEXT_MAX (128UL << 20)

/* Where smaps takes no longer than all else that a check reads */
#define HOST_SMAPS_RESIDENT (8ULL << 30)
#define HOST_SMAPS_RANGES   4096

#endif
