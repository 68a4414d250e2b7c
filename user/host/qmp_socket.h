/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HOST_QMP_SOCKET_H
#define HOST_QMP_SOCKET_H

#include <stddef.h>

#include <slotscope/error.h>

#include "host/process.h"

/* Room for any name of a socket and what must stand before it */
#define QMP_ADDRESS_MAX 160

/**
 * struct qmp_socket - where a VMM's QMP monitor listens
 * @name:    as it was bound
 * @address: what a client connects to: a path that is good in our own mount
 *	     namespace, or "@NAME"
 */
struct qmp_socket {
	char name[109];
	char address[QMP_ADDRESS_MAX];
};

#define QMP_SOCKETS_MAX 17

/**
 * qmp_sockets_find() - where a VMM's QMP monitors listen
 * @out: in the order in which its command line has them
 * @nr:	 how many
 *
 * Looks at sockets that listen, that the process holds itself, and that its
 * command line names as QMP; and for "@slotscope-qmp-PID", where our own VMM
 * listens. Nothing is connected to. One that cannot be reached is left out if
 * there is another.
 *
 * Return: 0; -ENOENT if there is none (@err tells how to start a VMM with one,
 * if it is one that could have one); -ENOTCONN if its command line says that it
 * will listen, and it does not; -EXDEV if it is abstract and in another
 * network namespace; -ENAMETOOLONG; -ESRCH, -EACCES.
 */
int qmp_sockets_find(const struct process *process,
		     struct qmp_socket out[QMP_SOCKETS_MAX], size_t *nr,
		     struct slotscope_error *err);

/** qmp_socket_find() - the address of the first of them */
int qmp_socket_find(const struct process *process,
		    char address[QMP_ADDRESS_MAX], struct slotscope_error *err);

/**
 * struct qmp_client - who is connected to a monitor
 * @pid: 0 if it is a process that we cannot see
 */
struct qmp_client {
	pid_t pid;
	char comm[65];
};

/**
 * qmp_socket_client() - the client that a monitor has
 * @address: as a client has it
 *
 * A monitor serves one client at a time; whoever comes second hears nothing.
 *
 * Return: 1 if there is one, 0 if not; or a negative errno if it cannot be
 * told: the monitor is another process's, or in another network namespace; the
 * kernel knows no sock_diag(7) of Unix sockets.
 */
int qmp_socket_client(const struct process *process, const char *address,
		      struct qmp_client *out);

/**
 * process_listens() - a Unix socket that a process listens on
 * @ends: how its name may end; NULL behind the last
 * @name: of the first that there is, as it was bound
 *
 * Return: 0, -ENOENT if there is none, or what reading /proc says.
 */
int process_listens(const struct process *process, const char *const *ends,
		    char name[109]);

#endif
