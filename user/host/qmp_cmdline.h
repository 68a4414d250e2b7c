/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a QEMU's command line says of its QMP sockets, and who it is. Pure. */
#ifndef HOST_QMP_CMDLINE_H
#define HOST_QMP_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct qmp_named - one QMP monitor on a Unix socket
 * @name: its path as written, perhaps relative; "@..." is abstract. Empty if
 *	  it was given as @fd
 * @fd:	  descriptor of the listening socket in the VMM; -1 if it has a @name
 * @server: QEMU is to listen there, not to connect
 */
struct qmp_named {
	char name[109];
	int fd;
	bool server;
};

#define QMP_NAMED_MAX 16

/**
 * qmp_cmdline_parse() - the QMP monitors that a command line asks for
 * @text: of /proc/PID/cmdline: words, each with a NUL behind it
 * @out:  room for QMP_NAMED_MAX, filled in the order of the command line; more
 *	  than that are left out
 *
 * Known are: -qmp and -qmp-pretty with unix:PATH or chardev:ID; -mon ID or
 * -mon chardev=ID, with mode=control; -chardev socket with path= (and
 * abstract=on) or fd=. Options may begin with one dash or with two. In a value
 * two commas stand for one. Whether QEMU listens there is not known from
 * this.
 *
 * Return: how many.
 */
size_t qmp_cmdline_parse(const char *text, size_t len,
			 struct qmp_named out[QMP_NAMED_MAX]);

/**
 * qmp_cmdline_uuid() - the value of -uuid
 * @uuid: as a string of 36 characters
 *
 * Return: is there one, and nothing else than a UUID?
 */
bool qmp_cmdline_uuid(const char *text, size_t len, char uuid[37]);

/**
 * qmp_cmdline_name() - what -name calls the VM: "NAME" or "guest=NAME,..."
 * @name: ends in NUL; what is longer is cut
 *
 * Return: is there one?
 */
bool qmp_cmdline_name(const char *text, size_t len, char name[128]);

/**
 * cmdline_value() - what follows an option of any program: "--NAME VALUE", "-NAME VALUE"
 * or "--NAME=VALUE"
 *
 * Return: the last one's, in @text; or NULL.
 */
const char *cmdline_value(const char *text, size_t len, const char *name);

#endif
