/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The address of a unix socket as QEMU writes it: a path, or "@NAME". */
#ifndef SLOTSCOPE_BASE_UNIX_ADDRESS_H
#define SLOTSCOPE_BASE_UNIX_ADDRESS_H

#include <sys/socket.h>
#include <sys/un.h>

/* Bytes of the longest text: an abstract name fills all, a path ends in NUL */
#define UNIX_ADDRESS_MAX sizeof(((struct sockaddr_un *)0)->sun_path)

/**
 * unix_address() - from the text to the address
 * @text: a path, or "@NAME" for an abstract address. QEMU's are "tight": they end
 *	  where their length says, without padding
 * @len:  of the address, for bind() and connect()
 *
 * Return: 0, -EINVAL for an empty text or "@" alone, -ENAMETOOLONG.
 */
int unix_address(const char *text, struct sockaddr_un *sun, socklen_t *len);

#endif
