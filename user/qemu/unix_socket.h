/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLOTSCOPE_QEMU_UNIX_SOCKET_H
#define SLOTSCOPE_QEMU_UNIX_SOCKET_H

#include <signal.h>
#include <stdint.h>

#include <slotscope/error.h>

/**
 * poll_until() - wait for @events on @fd
 * @stop: looked at some times a second: no more waiting once it is set, as a
 *	  signal's handler does; may be NULL
 *
 * Return: 0 when there is something to do (a hang-up too), -ETIMEDOUT at
 * @deadline_ns (of clock_now()), -EINTR at @stop, or what poll(2) says.
 */
int poll_until(int fd, short events, uint64_t deadline_ns,
	       const volatile sig_atomic_t *stop);

/**
 * unix_connect() - a stream connection to a Unix socket
 * @path: "@name" is an abstract address
 * @stop: as above
 *
 * Return: a non-blocking descriptor, or a negative errno.
 */
int unix_connect(const char *path, uint64_t deadline_ns,
		 const volatile sig_atomic_t *stop,
		 struct slotscope_error *err);

#endif
