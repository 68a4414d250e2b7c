/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client of QEMU's machine protocol (docs/interop/qmp-spec.rst in QEMU): one
 * command at a time over a Unix socket, events skipped, a deadline on
 * everything, nothing believed.
 */
#ifndef SLOTSCOPE_QEMU_QMP_H
#define SLOTSCOPE_QEMU_QMP_H

#include <signal.h>
#include <stddef.h>
#include <sys/types.h>

#include <json-c/json.h>

#include <slotscope/error.h>

#include "qemu/virsh.h"

#define QMP_TIMEOUT_MS	10000	     /* for who has no better idea */
#define QMP_MESSAGE_MAX (64UL << 20) /* bytes in one message */
#define QMP_DEPTH_MAX	32	     /* nesting of one message */

struct qmp;

/**
 * qmp_open() - connect, read the greeting, leave negotiation mode
 * @path:	of the socket; "@name" is an abstract address, and a leading
 *		"unix:", as in QEMU's -qmp option, is taken off
 * @timeout_ms:	longest wait for the whole of it, and later for each command
 * @stop:	once it is set, waits end with -EINTR; may be NULL
 * @q:		the client; qmp_close() it
 *
 * Return: 0, or a negative errno: what connect(2) says, -ETIMEDOUT when
 * nothing came in time (a monitor serves one client: a second one is accepted
 * by the kernel and then hears nothing), -EPROTO for what is no QMP.
 */
int qmp_open(const char *path, unsigned int timeout_ms,
	     const volatile sig_atomic_t *stop, struct qmp **q,
	     struct slotscope_error *err);

/**
 * qmp_open_fd() - the same over a socket that is already connected
 * @fd:	  a stream socket; owned by @q from here on, closed also on failure
 * @name: what errors call it; copied
 */
int qmp_open_fd(int fd, const char *name, unsigned int timeout_ms,
		struct qmp **q, struct slotscope_error *err);

/**
 * qmp_open_libvirt() - the same with a QEMU whose monitor libvirt has, through libvirt
 * @domain: copied
 *
 * libvirt marks a domain that is asked so as tainted (custom-monitor). Each command
 * costs a process.
 *
 * Return: as virsh_ask(), or qmp_command() of query-version.
 */
int qmp_open_libvirt(const struct virsh_domain *domain, unsigned int timeout_ms,
		     const volatile sig_atomic_t *stop, struct qmp **q,
		     struct slotscope_error *err);

/**
 * qmp_limit() - an end of all that is asked from now on, in all
 * @total_ms: longest time for it, however many commands that is. A VMM that
 *	      takes its time over each of thousands would hold us for hours
 * @stop:     as for qmp_open(), from now on
 */
void qmp_limit(struct qmp *q, unsigned int total_ms,
	       const volatile sig_atomic_t *stop);

/** qmp_close() - NULL is fine */
void qmp_close(struct qmp *q);

/** qmp_name() - the socket's name, for messages; lives as long as @q */
const char *qmp_name(const struct qmp *q);

/** qmp_version() - "7.2.22", as greeted; "" if it did not say */
const char *qmp_version(const struct qmp *q);

/** qmp_starts_virsh() - is each question a process that is started, of libvirt's? */
bool qmp_starts_virsh(const struct qmp *q);

/**
 * qmp_peer() - the process at the other end
 *
 * The one that called listen(2), which a daemonized QEMU's parent did: a
 * difference from the VMM's pid is a hint and no proof.
 *
 * Return: its pid, or 0 if the kernel does not tell (another pid namespace), or if
 * libvirt is at the other end.
 */
pid_t qmp_peer(const struct qmp *q);

/**
 * qmp_command() - run one command
 * @args:   object, or NULL for none; the caller keeps its reference
 * @result: what "return" holds; the caller puts it. NULL to drop it
 *
 * After an answer that is late, cut short or not QMP the connection is of no
 * more use, and every later command fails with -ENOTCONN.
 *
 * Return: 0, -EREMOTEIO if QEMU refused (@err holds its words), -ETIMEDOUT,
 * -EINTR (@stop was set), -ECONNRESET if it went away, -EPROTO, -EFBIG over
 * QMP_MESSAGE_MAX, -ENOMEM.
 */
int qmp_command(struct qmp *q, const char *name, struct json_object *args,
		struct json_object **result, struct slotscope_error *err);

/**
 * qmp_hmp() - run one command of the human monitor
 * @line: "info mtree -f"
 * @text: what it printed, without NULs in it; the caller frees it
 *
 * The human monitor has no errors: what it refuses, it says in @text.
 *
 * Return: as qmp_command().
 */
int qmp_hmp(struct qmp *q, const char *line, char **text,
	    struct slotscope_error *err);

#endif
