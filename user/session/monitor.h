/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor of a QEMU: found, found to be free, and opened. */
#ifndef SLOTSCOPE_SESSION_MONITOR_H
#define SLOTSCOPE_SESSION_MONITOR_H

#include <slotscope/error.h>

#include "host/process.h"
#include "qemu/qmp.h"

/**
 * monitor_open() - a connection to a monitor of a process
 * @address:	where it listens; NULL to find that out, and to try all of them
 * @timeout_ms: as for qmp_open()
 *
 * A process that is stopped, and monitors that another client has, are told at
 * once, and by name. For another slotscope it waits: that holds a monitor for
 * as short as it can. One that libvirt has is asked through libvirt. A signal
 * (session/stop.h) ends all waits.
 *
 * Return: 0; -ESTALE if the process is stopped; -EBUSY if others have all its
 * monitors; or as qmp_sockets_find() or qmp_open(), for the first monitor.
 */
int monitor_open(const struct process *process, const char *address,
		 unsigned int timeout_ms, struct qmp **q,
		 struct slotscope_error *err);

/**
 * monitor_failed() - see whether the process's state explains a failure
 * @ret: of a question to its monitor
 *
 * Return: @ret, or that of the better explanation that @err now has.
 */
int monitor_failed(const struct process *process, int ret,
		   struct slotscope_error *err);

#endif
