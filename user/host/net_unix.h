/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unix sockets with a name, as /proc/PID/net/unix tells. Pure. */
#ifndef HOST_NET_UNIX_H
#define HOST_NET_UNIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct unix_socket - a stream socket
 * @inode: its number in the links of /proc/PID/fd
 * @name:  as it was bound: a path, perhaps relative; "@..." is abstract. One that
 *	   was accepted has the name of the one that listened
 * @doubtful: the text has this inode more than once. The kernel prints names as
 *	   they are, so one with a newline in it can forge a line; none of them
 *	   is to be believed
 */
struct unix_socket {
	uint64_t inode;
	char name[109];
	bool doubtful;
};

struct unix_sockets {
	struct unix_socket *list;
	size_t nr;
};

enum unix_state { UNIX_LISTENS, UNIX_CONNECTED };

/**
 * unix_sockets_parse() - the named stream sockets in a state
 * @text: of /proc/PID/net/unix; its last line may be cut short
 * @out:  unix_sockets_deinit() it after 0
 *
 * Return: 0 or -ENOMEM; -EINVAL for text that is no such file.
 */
int unix_sockets_parse(const char *text, size_t len, enum unix_state state,
		       struct unix_sockets *out);
void unix_sockets_deinit(struct unix_sockets *sockets);

/** unix_sockets_find() - the one with this inode, if it is to be believed */
const struct unix_socket *unix_sockets_find(const struct unix_sockets *sockets,
					    uint64_t inode);

#endif
