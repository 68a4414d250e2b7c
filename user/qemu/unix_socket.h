/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLOTSCOPE_QEMU_UNIX_SOCKET_H
#define SLOTSCOPE_QEMU_UNIX_SOCKET_H

#include <stdint.h>

#include <slotscope/error.h>

/** now_ns() - CLOCK_MONOTONIC in nanoseconds */
uint64_t now_ns(void);

/**
 * poll_until() - wait for @events on @fd
 *
 * Return: 0 when there is something to do (a hang-up too), -ETIMEDOUT at
 * @deadline_ns (of now_ns()), or what poll(2) says.
 */
int poll_until(int fd, short events, uint64_t deadline_ns);

/**
 * unix_connect() - a stream connection to a Unix socket
 * @path: "@name" is an abstract address
 *
 * Return: a non-blocking descriptor, or a negative errno.
 */
int unix_connect(const char *path, uint64_t deadline_ns,
		 struct slotscope_error *err);

#endif
