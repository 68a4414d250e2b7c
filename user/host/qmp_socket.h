/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HOST_QMP_SOCKET_H
#define HOST_QMP_SOCKET_H

#include <stddef.h>

#include <slotscope/error.h>

#include "host/process.h"

/* Room for any name of a socket and what must stand before it */
#define QMP_ADDRESS_MAX 160

/**
 * qmp_socket_find() - where a VMM's QMP monitor listens
 * @address: out: what a client connects to: a path that is good in our own
 *	     mount namespace, or "@NAME"
 *
 * Looks at sockets that listen, that the process holds itself, and that its
 * command line names as QMP; and for "@slotscope-qmp-PID", where our own VMM
 * listens. Nothing is connected to.
 *
 * Return: 0; -ENOENT if there is none (@err tells how to start a VMM with one);
 * -EXDEV if it is abstract and in another network namespace; -ENAMETOOLONG;
 * -ESRCH, -EACCES.
 */
int qmp_socket_find(const struct process *process,
		    char address[QMP_ADDRESS_MAX], struct slotscope_error *err);

#endif
