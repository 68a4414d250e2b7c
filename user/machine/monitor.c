// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json.h>

#include "base/json_value.h"
#include "base/unix_listen.h"
#include "machine/monitor.h"
#include "machine/qmp_json.h"
#include "machine/qmp_server.h"

/* Beyond it no event waits: more than anyone is late by honestly */
#define OUT_MAX (1 << 20)

/* One client; a free place has no descriptor */
struct client {
	int fd;
	struct qmp_session session;
	char in[4096];
	size_t in_pos, in_len;
	char *out; /* what is being sent; nothing is read meanwhile */
	size_t out_pos, out_len;
	bool missed; /* it was not told of something: hang up */
};

struct monitor {
	const struct monitor_target *target;
	struct unix_listener listener;
	char text[UNIX_ADDRESS_MAX + 1];
	struct client clients[MONITOR_CLIENTS];
};

static int set_address(struct monitor *mon, const char *path,
		       struct slotscope_error *err)
{
	char own[40];

	if (!path) {
		snprintf(own, sizeof(own), "@slotscope-qmp-%d", getpid());
		path = own;
	}
	if (!strncmp(path, "unix:", 5))
		path += 5;
	if (unix_address(path, &mon->listener.address, &mon->listener.len)) {
		error_set(err, EINVAL, "listen on QMP socket \"%.100s\"", path);
		error_why(err, "its name has to have 1 to %zu bytes",
			  UNIX_ADDRESS_MAX - 1);
		return error_next(err,
				  "give --qmp unix:PATH with a short path, "
				  "or no --qmp");
	}
	strcpy(mon->text, path);
	return 0;
}

static int listen_on(struct monitor *mon, struct slotscope_error *err)
{
	mode_t mask;
	int ret;

	mask = umask(0177);
	ret = unix_listen(&mon->listener);
	umask(mask);
	if (!ret)
		return 0;
	error_set(err, ret, "listen on QMP socket %s", mon->text);
	if (ret == -EADDRINUSE)
		return error_next(err, "another process or file has that name: "
				       "give another with --qmp unix:PATH");
	return error_next(err, "give a path that can be written with --qmp");
}

int monitor_create(const char *path, const struct monitor_target *target,
		   struct monitor **out, struct slotscope_error *err)
{
	struct monitor *mon = calloc(1, sizeof(*mon));
	size_t i;
	int ret;

	if (!mon)
		return error_set(err, ENOMEM, "make a QMP monitor");
	mon->target = target;
	mon->listener.fd = -1;
	for (i = 0; i < MONITOR_CLIENTS; i++)
		mon->clients[i].fd = -1;
	ret = set_address(mon, path, err);
	if (!ret)
		ret = listen_on(mon, err);
	if (ret) {
		monitor_destroy(mon);
		return ret;
	}
	*out = mon;
	return 0;
}

static void hang_up(struct client *c)
{
	if (c->fd < 0)
		return;
	close(c->fd);
	qmp_session_deinit(&c->session);
	free(c->out);
	c->out = NULL;
	c->fd = -1;
}

void monitor_destroy(struct monitor *mon)
{
	size_t i;

	if (!mon)
		return;
	for (i = 0; i < MONITOR_CLIENTS; i++)
		hang_up(&mon->clients[i]);
	unix_listen_end(&mon->listener);
	free(mon);
}

const char *monitor_address(const struct monitor *mon)
{
	return mon->text;
}

static struct client *free_place(struct monitor *mon)
{
	size_t i;

	for (i = 0; i < MONITOR_CLIENTS; i++)
		if (mon->clients[i].fd < 0)
			return &mon->clients[i];
	return NULL;
}

size_t monitor_poll_fds(const struct monitor *mon, struct pollfd *fds)
{
	size_t i, nr = 0;

	/* With no place left, clients wait in the kernel's queue */
	fds[nr++] = (struct pollfd){
		.fd = free_place((struct monitor *)mon) ? mon->listener.fd : -1,
		.events = POLLIN,
	};
	for (i = 0; i < MONITOR_CLIENTS; i++)
		fds[nr++] = (struct pollfd){
			.fd = mon->clients[i].fd,
			.events = mon->clients[i].out ? POLLOUT : POLLIN,
		};
	return nr;
}

/* Anyone may connect to an abstract address; not everyone may ask */
static bool may_ask(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) &&
	       (cred.uid == geteuid() || cred.uid == 0);
}

/* Behind what is due already; takes @line, which may be NULL for want of memory */
static void append(struct client *c, char *line)
{
	size_t due = c->out ? c->out_len - c->out_pos : 0;
	size_t len = line ? strlen(line) : 0;
	char *both = line ? malloc(due + len + 1) : NULL;

	if (both) {
		if (due)
			memcpy(both, c->out + c->out_pos, due);
		memcpy(both + due, line, len + 1);
		free(c->out);
		c->out = both;
		c->out_pos = 0;
		c->out_len = due + len;
	}
	c->missed |= !both;
	free(line);
}

/* Send what is due; false if the client is gone */
static bool send_answer(struct client *c)
{
	ssize_t n;

	while (c->out) {
		n = send(c->fd, c->out + c->out_pos, c->out_len - c->out_pos,
			 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		c->out_pos += n;
		if (c->out_pos == c->out_len) {
			free(c->out);
			c->out = NULL;
		}
	}
	return true;
}

static void accept_client(struct monitor *mon)
{
	struct client *c = free_place(mon);
	int fd;

	if (!c)
		return;
	fd = accept4(mon->listener.fd, NULL, NULL,
		     SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	if (!may_ask(fd) || qmp_session_init(&c->session, mon->target)) {
		close(fd);
		return;
	}
	c->fd = fd;
	c->in_pos = c->in_len = 0;
	c->missed = false;
	append(c, qmp_session_greeting());
	if (c->missed || !send_answer(c))
		hang_up(c);
}

/* Run what is in the buffer, one answer at a time; false to hang up */
static bool serve_input(struct client *c)
{
	char *answer;
	long n;

	while (!c->out && c->in_pos < c->in_len) {
		n = qmp_session_feed(&c->session, c->in + c->in_pos,
				     c->in_len - c->in_pos, &answer);
		if (answer)
			append(c, answer);
		if (n >= 0)
			c->in_pos += n;
		if (!send_answer(c) || n < 0)
			return false;
	}
	return true;
}

static bool read_input(struct client *c)
{
	ssize_t n;

	if (c->out || c->in_pos < c->in_len)
		return true;
	n = recv(c->fd, c->in, sizeof(c->in), MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	c->in_pos = 0;
	c->in_len = n;
	return n > 0;
}

static void serve(struct client *c)
{
	if (c->missed || !send_answer(c) || !serve_input(c) || !read_input(c) ||
	    !serve_input(c))
		hang_up(c);
}

void monitor_handle(struct monitor *mon, const struct pollfd *fds, size_t nr)
{
	size_t i;

	for (i = 1; i < nr; i++)
		if (fds[i].fd >= 0 && fds[i].revents)
			serve(&mon->clients[i - 1]);
	if (nr && fds[0].fd >= 0 && fds[0].revents)
		accept_client(mon);
}

/*
 * Takes @data; without memory for it (not @whole) clients are told by the end of
 * the connection. To send is not for here: a client may be asking just now.
 */
static void tell_all(struct monitor *mon, const char *name, bool whole,
		     struct json_object *data)
{
	struct client *c;
	size_t i;

	for (i = 0; mon && i < MONITOR_CLIENTS; i++) {
		c = &mon->clients[i];
		if (c->fd < 0 || !c->session.negotiated)
			continue;
		if (!whole || (c->out && c->out_len - c->out_pos > OUT_MAX))
			c->missed = true;
		else
			append(c, qmp_event(name, json_object_get(data)));
	}
	json_object_put(data);
}

void monitor_event(struct monitor *mon, const char *name)
{
	tell_all(mon, name, true, NULL);
}

void monitor_event_cause(struct monitor *mon, const char *name, bool guest,
			 const char *reason)
{
	struct json_object *data =
		qmp_wrap("guest", json_object_new_boolean(guest));

	tell_all(mon, name, data && !json_put_str(data, "reason", reason),
		 data);
}

void monitor_event_deleted(struct monitor *mon, const char *id)
{
	struct json_object *data =
		qmp_wrap("device", json_object_new_string(id));
	char path[128];

	snprintf(path, sizeof(path), "/machine/peripheral/%s", id);
	tell_all(mon, "DEVICE_DELETED",
		 data && !json_put_str(data, "path", path), data);
}

void monitor_flush(struct monitor *mon)
{
	size_t i;

	for (i = 0; i < MONITOR_CLIENTS; i++)
		if (mon->clients[i].fd >= 0)
			send_answer(&mon->clients[i]);
}
