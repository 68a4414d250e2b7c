/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor: QEMU's machine protocol (docs/interop/qmp-spec.rst in QEMU) on a
 * Unix socket, as far as it is needed to ask a VM what its memory is. Same
 * commands, same texts: whoever reads QEMU's reads ours.
 *
 * Served by one thread, the one that changes the memory model: it needs no lock.
 * Only processes of the same user, or of root, are served.
 */
#ifndef SLOTSCOPE_MACHINE_MONITOR_H
#define SLOTSCOPE_MACHINE_MONITOR_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include <slotscope/memory.h>

#include "machine/keyval.h"

#define MONITOR_CLIENTS 8 /* at a time; others wait */
#define MONITOR_FDS	(MONITOR_CLIENTS + 1)

struct dirty_log;

/**
 * struct monitor_target - what the monitor tells of and acts on
 * @model:  its memory
 * @memory: the address space of gpa2hva
 * @dirty:  which pages were written to; NULL if nobody knows
 * @status: the VM's state in QEMU's words ("running", "paused", ...)
 * @stop:   pause the VM
 * @cont:   let it run; false if it cannot any more
 * @reset:  reset the VM, once the monitor has answered
 * @object_add, @object_del, @device_add, @device_del: as QEMU's; 0 or -errno
 * @quit:   end the VMM, once the monitor has answered
 * @opaque: for the callbacks
 */
struct monitor_target {
	struct memory_model *model;
	struct address_space *memory;
	struct dirty_log *dirty;
	const char *(*status)(void *opaque);
	void (*stop)(void *opaque);
	bool (*cont)(void *opaque);
	void (*reset)(void *opaque);
	int (*object_add)(void *opaque, struct keyval *kv,
			  struct slotscope_error *err);
	int (*object_del)(void *opaque, const char *id,
			  struct slotscope_error *err);
	int (*device_add)(void *opaque, struct keyval *kv,
			  struct slotscope_error *err);
	int (*device_del)(void *opaque, const char *id,
			  struct slotscope_error *err);
	void (*quit)(void *opaque);
	void *opaque;
};

struct monitor;

/**
 * monitor_create() - listen
 * @path: of the socket, with or without "unix:" before it; "@name" is an
 *	  abstract address; NULL: "@slotscope-qmp-PID", of which nothing stays
 *	  behind however this process ends
 * @target: must outlive the monitor
 *
 * A socket that nobody listens on any more is replaced; any other file is not.
 *
 * Return: 0, -EADDRINUSE, or what bind(2) says.
 */
int monitor_create(const char *path, const struct monitor_target *target,
		   struct monitor **out, struct slotscope_error *err);

/** monitor_destroy() - hang up, remove the socket. NULL is allowed */
void monitor_destroy(struct monitor *mon);

/** monitor_address() - where it listens, as a client would write it */
const char *monitor_address(const struct monitor *mon);

/**
 * monitor_poll_fds() - what to wait for
 * @fds: room for MONITOR_FDS
 *
 * Return: how many were filled.
 */
size_t monitor_poll_fds(const struct monitor *mon, struct pollfd *fds);

/*
 * Events, in QEMU's shape, to all clients that have negotiated. They are sent with
 * the next answer, or as soon as the client can take them. One that takes none is
 * hung up on at last, so that it does not believe to have seen all. NULL is
 * allowed for @mon: nobody listens yet.
 */

/** monitor_event() - one without data: "STOP", "RESUME" */
void monitor_event(struct monitor *mon, const char *name);

/**
 * monitor_event_cause() - "RESET", "SHUTDOWN"
 * @guest:  it was the guest who wanted it
 * @reason: of QEMU's ShutdownCause, such as "host-qmp-quit"
 */
void monitor_event_cause(struct monitor *mon, const char *name, bool guest,
			 const char *reason);

/** monitor_event_deleted() - "DEVICE_DELETED" of the device @id */
void monitor_event_deleted(struct monitor *mon, const char *id);

/** monitor_flush() - send what clients can take at once */
void monitor_flush(struct monitor *mon);

/** monitor_handle() - serve what poll(2) found; @fds as they were filled */
void monitor_handle(struct monitor *mon, const struct pollfd *fds, size_t nr);

#endif
