/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The QMP of one client: bytes in, answers out. No I/O. */
#ifndef SLOTSCOPE_MACHINE_QMP_SERVER_H
#define SLOTSCOPE_MACHINE_QMP_SERVER_H

#include "machine/monitor.h"

#define QMP_COMMAND_MAX	  65536 /* bytes of one command */
#define QMP_COMMAND_DEPTH 32	/* nesting of its JSON */

struct json_tokener;

/**
 * struct qmp_session - where a client's conversation is
 * @target:	what it is about
 * @parser:	holds a command that is not whole yet
 * @pending:	bytes of it
 * @negotiated: qmp_capabilities was said
 * @resync:	after nonsense: skip to the end of the line
 */
struct qmp_session {
	const struct monitor_target *target;
	struct json_tokener *parser;
	size_t pending;
	bool negotiated;
	bool resync;
};

/** qmp_session_init() - 0 or -ENOMEM; qmp_session_deinit() it */
int qmp_session_init(struct qmp_session *s,
		     const struct monitor_target *target);
void qmp_session_deinit(struct qmp_session *s);

/** qmp_session_greeting() - the first line to send; malloc'd, NULL: no memory */
char *qmp_session_greeting(void);

/**
 * qmp_session_feed() - take what the client sent, up to one command
 * @data: any bytes
 * @answer: set to the line to send, malloc'd, or to NULL if none is due yet
 *
 * Call it again with the rest, until nothing is left.
 *
 * Return: how many bytes were taken, or a negative errno after which to hang up:
 * -EMSGSIZE (with an answer) or -ENOMEM.
 */
long qmp_session_feed(struct qmp_session *s, const char *data, size_t len,
		      char **answer);

#endif
