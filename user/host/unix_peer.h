/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is at the other end of a Unix socket. */
#ifndef HOST_UNIX_PEER_H
#define HOST_UNIX_PEER_H

#include <stdint.h>
#include <sys/types.h>

/**
 * unix_peer() - the socket that one is connected to
 * @inode: its number in the links of /proc/PID/fd; in our network namespace
 * @peer:  that of the other one
 *
 * Return: 0, -ENOENT if it is gone, or is connected to none; -EOPNOTSUPP or the
 * like if the kernel cannot tell (sock_diag(7) of Unix sockets is a module).
 */
int unix_peer(uint64_t inode, uint64_t *peer);

/**
 * socket_holder() - a process that has a socket open
 * Return: the lowest pid; or -ENOENT if none does that we may look into.
 */
pid_t socket_holder(uint64_t inode);

/**
 * socket_inode() - of a link "socket:[N]" below /proc/PID/fd
 *
 * Return: 0; -ENOENT if it is none, or is gone; or why it cannot be read.
 */
int socket_inode(int dir, const char *name, uint64_t *inode);

#endif
