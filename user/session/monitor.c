// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/name_say.h"
#include "host/libvirt.h"
#include "host/qmp_socket.h"
#include "session/monitor.h"
#include "session/stop.h"

#define LOOK_MS 50

static int stopped(const struct process *process, struct slotscope_error *err)
{
	error_set(err, ESTALE, "ask process %d (%s) by QMP", process->tgid,
		  NAME_SAY(process->comm));
	error_why(err, "it is stopped, by a signal or a debugger, and answers "
		       "nobody");
	return error_next(err,
			  "let it go on (kill -CONT %d), or do without "
			  "its model: --no-model",
			  process->tgid);
}

static int taken(const struct process *process, const char *address,
		 const struct qmp_client *client, struct slotscope_error *err)
{
	error_set(err, EBUSY, "ask process %d (%s) on QMP socket %s",
		  process->tgid, NAME_SAY(process->comm), address);
	if (client->pid)
		error_why(err,
			  "a monitor serves one client at a time, and process "
			  "%d (%s) has it",
			  client->pid, NAME_SAY(client->comm));
	else
		error_why(err, "a monitor serves one client at a time, and a "
			       "process that is not seen from here has it");
	return error_next(err, "close that; or start QEMU with one more -qmp "
			       "unix:PATH,server=on,wait=off; or --no-model");
}

/*
 * libvirt keeps a monitor for as long as it runs, and passes questions on
 *
 * Return: as qmp_open_libvirt().
 */
static int ask_libvirt(const struct process *process, pid_t daemon,
		       unsigned int timeout_ms, struct qmp **q,
		       struct slotscope_error *err)
{
	struct libvirt_domain found;
	struct virsh_domain domain;
	char why[sizeof(err->why)];
	int ret;

	ret = libvirt_domain_find(process, daemon, &found, err);
	if (!ret) {
		memcpy(domain.uri, found.uri, sizeof(domain.uri));
		memcpy(domain.uuid, found.uuid, sizeof(domain.uuid));
		ret = qmp_open_libvirt(&domain, timeout_ms, &stop_requested, q,
				       err);
	}
	if (!ret || ret == -EINTR)
		return ret;
	snprintf(why, sizeof(why), "%s", err->why);
	error_set(err, ret,
		  "ask process %d (%s) through libvirt (process %d), which has "
		  "its monitor",
		  process->tgid, NAME_SAY(process->comm), daemon);
	error_why(err, "%s", why);
	return error_next(err, "install virsh (Debian: libvirt-clients); or "
			       "give the domain one more monitor, -qmp "
			       "unix:PATH,server=on,wait=off in "
			       "<qemu:commandline>; or --no-model");
}

/*
 * Return: 0 if it is free, or if that cannot be told; -EBUSY, and then @client has it;
 * -EINTR
 */
static int wait_free(const struct process *process, const char *address,
		     unsigned int timeout_ms, struct qmp_client *client,
		     struct slotscope_error *err)
{
	const struct timespec look = { .tv_nsec = LOOK_MS * 1000000L };
	int64_t end = clock_now_ms() + timeout_ms;
	bool unseen = false;

	while (qmp_socket_client(process, address, client) > 0) {
		/* Nobody's: that of one who is just ending, or is not seen */
		if (!client->pid && !unseen)
			unseen = true;
		else if (strcmp(client->comm, "slotscope") ||
			 clock_now_ms() >= end)
			return taken(process, address, client, err);
		if (stop_requested)
			return error_set(err, EINTR, "ask process %d by QMP",
					 process->tgid);
		nanosleep(&look, NULL);
	}
	return 0;
}

int monitor_failed(const struct process *process, int ret,
		   struct slotscope_error *err)
{
	if (ret == -ETIMEDOUT && process_stopped(process))
		return stopped(process, err);
	return ret;
}

static int try_one(const struct process *process, const char *address,
		   unsigned int timeout_ms, struct qmp **q,
		   struct slotscope_error *err)
{
	struct qmp_client client;
	int ret = wait_free(process, address, timeout_ms, &client, err);

	if (ret == -EBUSY && is_libvirt(client.comm))
		return ask_libvirt(process, client.pid, timeout_ms, q, err);
	if (ret)
		return ret;
	ret = qmp_open(address, timeout_ms, &stop_requested, q, err);
	if (ret != -ETIMEDOUT)
		return ret;
	/* Somebody came first; or it was stopped; or it is a slow one */
	if (qmp_socket_client(process, address, &client) > 0)
		return taken(process, address, &client, err);
	return monitor_failed(process, ret, err);
}

int monitor_open(const struct process *process, const char *address,
		 unsigned int timeout_ms, struct qmp **q,
		 struct slotscope_error *err)
{
	struct qmp_socket sockets[QMP_SOCKETS_MAX] = {};
	struct slotscope_error one = {};
	size_t nr = 1, i;
	int ret = 0;

	if (address && !strncmp(address, "unix:", 5))
		address += 5;
	if (!address)
		ret = qmp_sockets_find(process, sockets, &nr, err);
	if (ret)
		return ret;
	if (process_stopped(process))
		return stopped(process, err);
	for (i = 0; i < nr; i++) {
		ret = try_one(process, address ? address : sockets[i].address,
			      timeout_ms, q, &one);
		if (!i || !ret)
			*err = one;
		if (!ret || ret == -EINTR)
			return ret;
	}
	return -err->code;
}
