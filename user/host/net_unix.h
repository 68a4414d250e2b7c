/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unix sockets that listen, as /proc/PID/net/unix tells. Pure. */
#ifndef HOST_NET_UNIX_H
#define HOST_NET_UNIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct unix_listener - a stream socket that listens
 * @inode: its number in the links of /proc/PID/fd
 * @name:  as it was bound: a path, perhaps relative; "@..." is abstract
 * @doubtful: the text has this inode more than once. The kernel prints names as
 *	   they are, so one with a newline in it can forge a line; none of them
 *	   is to be believed
 */
struct unix_listener {
	uint64_t inode;
	char name[109];
	bool doubtful;
};

struct unix_listeners {
	struct unix_listener *list;
	size_t nr;
};

/**
 * unix_listeners_parse() - the listening, named stream sockets
 * @text: of /proc/PID/net/unix; its last line may be cut short
 * @out:  unix_listeners_deinit() it after 0
 *
 * Return: 0 or -ENOMEM; -EINVAL for text that is no such file.
 */
int unix_listeners_parse(const char *text, size_t len,
			 struct unix_listeners *out);
void unix_listeners_deinit(struct unix_listeners *listeners);

/** unix_listeners_find() - the one with this inode, if it is to be believed */
const struct unix_listener *
unix_listeners_find(const struct unix_listeners *listeners, uint64_t inode);

#endif
