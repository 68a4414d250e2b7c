/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listening on a Unix socket, and taking its file away again. Not pure. */
#ifndef SLOTSCOPE_BASE_UNIX_LISTEN_H
#define SLOTSCOPE_BASE_UNIX_LISTEN_H

#include "base/unix_address.h"

/**
 * struct unix_listener - by unix_address(): @address, @len
 * @fd: -1: nobody listens
 */
struct unix_listener {
	struct sockaddr_un address;
	socklen_t len;
	int fd;
};

/**
 * unix_listen() - listen on the address; accept4() does not wait
 *
 * A socket's file on which nobody listens, left by who was killed, is replaced. The mode
 * of the new one is as umask allows.
 *
 * Return: 0 or a negative errno, -EADDRINUSE if somebody else has the name.
 */
int unix_listen(struct unix_listener *listener);

/** unix_listen_end() - if it listens; the file goes, too */
void unix_listen_end(struct unix_listener *listener);

#endif
