/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HOST_MAPS_H
#define HOST_MAPS_H

#include <slotscope/error.h>
#include <slotscope/view.h>

#include "host/process.h"

/**
 * host_map_read() - what lies under a process's addresses now
 * @out: host_map_deinit() it after 0
 *
 * The kernel writes /proc/PID/maps page by page and lets the process run in
 * between: mappings that change meanwhile may be missing or be told of as they
 * were. Where the text contradicts itself it is read again. One larger than
 * HOST_MAP_TEXT_MAX is truncated, and says so.
 *
 * Page sizes are not known from it (smaps has them, and takes long).
 *
 * Return: 0, -ESRCH, -EACCES, -ENOMEM, or -EAGAIN if it was never consistent.
 */
int host_map_read(const struct process *process, struct host_map *out,
		  struct slotscope_error *err);

/* Some 65,530 mappings are allowed by default; this is room for a million */
#define HOST_MAP_TEXT_MAX (128UL << 20)

#endif
