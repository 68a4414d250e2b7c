// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "qemu/qmp.h"
#include "qemu/unix_socket.h"

struct qmp {
	int fd; /* -1: through libvirt: */
	struct virsh_domain domain;
	bool dead; /* out of step with the peer: nothing more is sent */
	unsigned int timeout_ms;
	unsigned int total_ms; /* of qmp_limit(); 0: none */
	uint64_t end_ns;       /* of all; no command's deadline is later */
	uint64_t deadline_ns;  /* of what is going on */
	const volatile sig_atomic_t *stop;
	char doing[160];	     /* what is going on, for errors */
	int64_t id;		     /* of the last command */
	struct json_tokener *parser; /* keeps a message that is not whole yet */
	size_t message;		     /* bytes of it so far */
	size_t pos, len;	     /* what is left in buf */
	char version[32];
	char name[128];
	char buf[65536];
};

static void start(struct qmp *q, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A new piece of work: name it, and start its clock */
static void start(struct qmp *q, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(q->doing, sizeof(q->doing), fmt, ap);
	va_end(ap);
	q->deadline_ns = clock_now() + q->timeout_ms * 1000000ULL;
	if (q->total_ms && q->deadline_ns > q->end_ns)
		q->deadline_ns = q->end_ns;
}

static int failed(struct qmp *q, int code, struct slotscope_error *err)
{
	q->dead = true;
	return error_set(err, code, "%s on QMP socket %s", q->doing, q->name);
}

static int no_answer(struct qmp *q, struct slotscope_error *err)
{
	bool greeted = q->id > 0;

	failed(q, ETIMEDOUT, err);
	if (q->total_ms && q->deadline_ns == q->end_ns) {
		error_why(err, "all questions together took more than %u s",
			  q->total_ms / 1000);
		return error_next(err, "QEMU answers, but slowly: is its "
				       "machine overloaded?");
	}
	error_why(err,
		  greeted ? "no answer within %u.%u s" :
			    "connected, but no greeting came within %u.%u s",
		  q->timeout_ms / 1000, q->timeout_ms % 1000 / 100);
	if (greeted)
		return error_next(err, "QEMU may be busy or stopped (a "
				       "debugger, SIGSTOP): look at its state "
				       "in /proc/PID/status, then try again");
	return error_next(err, "a QMP monitor serves one client at a time, and "
			       "another one (libvirt, a shell) may hold it: "
			       "close that, or start QEMU with one more -qmp");
}

static int gone(struct qmp *q, int code, struct slotscope_error *err)
{
	failed(q, code, err);
	error_why(err, "the VMM closed the connection");
	return error_next(err, "is it still running? If it is, its monitor "
			       "refused us: see what it wrote to its stderr");
}

/* A message that breaks the protocol; @why may quote it */
static int nonsense(struct qmp *q, struct slotscope_error *err, const char *why)
{
	failed(q, EPROTO, err);
	error_why(err, "%s", why);
	return error_next(err, "is this the socket of a QMP monitor? Start "
			       "QEMU with -qmp unix:PATH,server=on,wait=off");
}

static int wait_for(struct qmp *q, short events, struct slotscope_error *err)
{
	int ret = poll_until(q->fd, events, q->deadline_ns, q->stop);

	if (ret == -ETIMEDOUT)
		return no_answer(q, err);
	return ret ? failed(q, ret, err) : 0;
}

/* Write all of it, or fail */
static int send_all(struct qmp *q, const char *data, size_t len,
		    struct slotscope_error *err)
{
	while (len) {
		ssize_t n = send(q->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		int ret;

		if (n >= 0) {
			data += n;
			len -= n;
			continue;
		}
		if (errno == EPIPE || errno == ECONNRESET)
			return gone(q, errno, err);
		if (errno != EAGAIN && errno != EINTR)
			return failed(q, errno, err);
		ret = wait_for(q, POLLOUT, err);
		if (ret)
			return ret;
	}
	return 0;
}

/* Have at least one byte in the buffer */
static int fill(struct qmp *q, struct slotscope_error *err)
{
	while (q->pos == q->len) {
		ssize_t n;
		int ret = wait_for(q, POLLIN, err);

		if (ret)
			return ret;
		n = recv(q->fd, q->buf, sizeof(q->buf), MSG_DONTWAIT);
		if (n == 0)
			return gone(q, ECONNRESET, err);
		if (n < 0 && errno == ECONNRESET)
			return gone(q, errno, err);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return failed(q, errno, err);
		if (n < 0)
			continue;
		/* JSON has none, and json-c takes one for the end */
		if (memchr(q->buf, '\0', n))
			return nonsense(q, err, "it sent a NUL byte");
		q->pos = 0;
		q->len = n;
	}
	return 0;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Something that is not an object where a message should begin */
static int no_message(struct qmp *q, struct slotscope_error *err)
{
	char why[96], shown[33];
	size_t i, n = q->len - q->pos;

	for (i = 0; i < n && i < sizeof(shown) - 1; i++) {
		char c = q->buf[q->pos + i];

		shown[i] = c >= ' ' && c <= '~' ? c : '.';
	}
	shown[i] = '\0';
	if (strncmp(shown, "QEMU ", 5) == 0)
		return nonsense(q, err,
				"a human monitor answers there (-monitor),"
				" not a machine protocol monitor (-qmp)");
	snprintf(why, sizeof(why), "it sent \"%s\", which is no QMP", shown);
	return nonsense(q, err, why);
}

/* One step of the parser over what is in the buffer; *message when whole */
static int parse(struct qmp *q, struct json_object **message,
		 struct slotscope_error *err)
{
	enum json_tokener_error jerr;

	*message = json_tokener_parse_ex(q->parser, q->buf + q->pos,
					 q->len - q->pos);
	jerr = json_tokener_get_error(q->parser);
	if (jerr == json_tokener_continue) {
		q->message += q->len - q->pos;
		q->pos = q->len;
		if (q->message <= QMP_MESSAGE_MAX)
			return 0;
		failed(q, EFBIG, err);
		return error_why(err, "one message of more than %lu MiB",
				 QMP_MESSAGE_MAX >> 20);
	}
	if (jerr != json_tokener_success)
		return nonsense(q, err, json_tokener_error_desc(jerr));
	q->pos += json_tokener_get_parse_end(q->parser);
	q->message = 0;
	return 0;
}

/* The next message, of whatever kind; the caller puts it */
static int receive(struct qmp *q, struct json_object **message,
		   struct slotscope_error *err)
{
	*message = NULL;
	while (!*message) {
		int ret = fill(q, err);

		if (ret)
			return ret;
		if (!q->message) {
			while (q->pos < q->len && is_space(q->buf[q->pos]))
				q->pos++;
			if (q->pos == q->len)
				continue;
			if (q->buf[q->pos] != '{')
				return no_message(q, err);
		}
		ret = parse(q, message, err);
		if (ret)
			return ret;
	}
	return 0;
}

/* A member of the given type, or NULL; of any non-object as well */
static struct json_object *member(struct json_object *obj, const char *key,
				  enum json_type type)
{
	struct json_object *value;

	if (!json_object_is_type(obj, json_type_object) ||
	    !json_object_object_get_ex(obj, key, &value) ||
	    !json_object_is_type(value, type))
		return NULL;
	return value;
}

/* QEMU says no, in its own words */
static int refused(struct qmp *q, struct json_object *error,
		   struct slotscope_error *err)
{
	struct json_object *class = member(error, "class", json_type_string);
	struct json_object *desc = member(error, "desc", json_type_string);

	if (!desc)
		return nonsense(q, err, "it sent an error without description");
	error_set(err, EREMOTEIO, "%s on QMP socket %s", q->doing, q->name);
	return error_why(err, "QEMU refused: %s (%s)",
			 json_object_get_string(desc),
			 class ? json_object_get_string(class) : "no class");
}

/* Does @reply answer the command under way? */
static bool is_ours(struct qmp *q, struct json_object *reply)
{
	struct json_object *id;

	/* What QEMU could not parse, it answers without an id */
	if (!json_object_object_get_ex(reply, "id", &id))
		return json_object_object_get_ex(reply, "error", NULL);
	return json_object_is_type(id, json_type_int) &&
	       json_object_get_int64(id) == q->id;
}

/* What a reply holds: @result, or QEMU's refusal */
static int unpack(struct qmp *q, struct json_object *reply,
		  struct json_object **result, struct slotscope_error *err)
{
	struct json_object *value;

	if (json_object_object_get_ex(reply, "error", &value))
		return refused(q, value, err);
	if (!json_object_object_get_ex(reply, "return", &value))
		return nonsense(q, err,
				"its answer holds neither return nor error");
	if (result)
		*result = json_object_get(value);
	return 0;
}

/* Wait for the answer, skipping events */
static int answer(struct qmp *q, struct json_object **result,
		  struct slotscope_error *err)
{
	struct json_object *reply;
	int ret;

	for (;;) {
		ret = receive(q, &reply, err);
		if (ret)
			return ret;
		if (!member(reply, "event", json_type_string))
			break;
		json_object_put(reply);
		/* Nothing is waited for while events pour in */
		if (clock_now() >= q->deadline_ns)
			return no_answer(q, err);
	}
	if (!is_ours(q, reply))
		ret = nonsense(q, err,
			       "it answered another question than ours "
			       "(wrong or missing id)");
	else
		ret = unpack(q, reply, result, err);
	json_object_put(reply);
	return ret;
}

/* The answer that libvirt passes on, with an id of its own */
static int ask_libvirt(struct qmp *q, const char *command,
		       struct json_object **result, struct slotscope_error *err)
{
	struct json_object *reply;
	char *text;
	int ret;

	ret = virsh_ask(&q->domain, command, q->deadline_ns, q->stop, &text,
			err);
	if (ret == -ETIMEDOUT)
		return no_answer(q, err);
	if (ret)
		return ret;
	json_tokener_reset(q->parser);
	reply = json_tokener_parse_ex(q->parser, text, -1);
	if (json_object_is_type(reply, json_type_object))
		ret = unpack(q, reply, result, err);
	else
		ret = nonsense(q, err, "virsh printed no JSON object");
	json_object_put(reply);
	free(text);
	return ret;
}

static int ask_socket(struct qmp *q, const char *command, size_t len,
		      struct json_object **result, struct slotscope_error *err)
{
	int ret = send_all(q, command, len, err);

	if (!ret)
		ret = send_all(q, "\r\n", 2, err);
	return ret ? ret : answer(q, result, err);
}

static int transact(struct qmp *q, const char *name, struct json_object *args,
		    struct json_object **result, struct slotscope_error *err)
{
	struct json_object *command;
	const char *text;
	size_t len;
	int ret;

	if (q->dead) {
		error_set(err, ENOTCONN, "%s on QMP socket %s", q->doing,
			  q->name);
		return error_why(err, "an earlier command failed half way");
	}
	command = json_object_new_object();
	if (!command)
		return error_set(err, ENOMEM, "%s", q->doing);
	json_object_object_add(command, "execute",
			       json_object_new_string(name));
	if (args)
		json_object_object_add(command, "arguments",
				       json_object_get(args));
	q->id++;
	if (q->fd >= 0)
		json_object_object_add(command, "id",
				       json_object_new_int64(q->id));
	text = json_object_to_json_string_length(command,
						 JSON_C_TO_STRING_PLAIN, &len);
	if (!text)
		ret = error_set(err, ENOMEM, "%s", q->doing);
	else if (q->fd < 0)
		ret = ask_libvirt(q, text, result, err);
	else
		ret = ask_socket(q, text, len, result, err);
	json_object_put(command);
	return ret;
}

int qmp_command(struct qmp *q, const char *name, struct json_object *args,
		struct json_object **result, struct slotscope_error *err)
{
	start(q, "run %s", name);
	return transact(q, name, args, result, err);
}

int qmp_hmp(struct qmp *q, const char *line, char **text,
	    struct slotscope_error *err)
{
	struct json_object *args = json_object_new_object(), *result = NULL;
	int ret;

	start(q, "run '%s'", line);
	if (!args)
		return error_set(err, ENOMEM, "%s", q->doing);
	json_object_object_add(args, "command-line",
			       json_object_new_string(line));
	ret = transact(q, "human-monitor-command", args, &result, err);
	json_object_put(args);
	if (ret)
		return ret;

	if (!json_object_is_type(result, json_type_string) ||
	    strlen(json_object_get_string(result)) !=
		    (size_t)json_object_get_string_len(result)) {
		ret = nonsense(q, err, "its answer is no text");
	} else {
		*text = strdup(json_object_get_string(result));
		if (!*text)
			ret = error_set(err, ENOMEM, "%s", q->doing);
	}
	json_object_put(result);
	return ret;
}

static void keep_version(struct qmp *q, struct json_object *version)
{
	static const char *const names[] = { "major", "minor", "micro" };
	struct json_object *v, *n[3];
	int i;

	v = member(version, "qemu", json_type_object);
	for (i = 0; i < 3; i++) {
		n[i] = member(v, names[i], json_type_int);
		if (!n[i])
			return;
	}
	snprintf(q->version, sizeof(q->version), "%d.%d.%d",
		 json_object_get_int(n[0]), json_object_get_int(n[1]),
		 json_object_get_int(n[2]));
}

static int negotiate(struct qmp *q, struct slotscope_error *err)
{
	struct json_object *message, *greeting;
	int ret = receive(q, &message, err);

	if (ret)
		return ret;
	greeting = member(message, "QMP", json_type_object);
	if (greeting)
		keep_version(q, member(greeting, "version", json_type_object));
	else
		ret = nonsense(q, err, "it sent no QMP greeting");
	json_object_put(message);
	return ret ? ret : transact(q, "qmp_capabilities", NULL, NULL, err);
}

static int create(const char *name, unsigned int timeout_ms, struct qmp **q,
		  struct slotscope_error *err)
{
	*q = calloc(1, sizeof(**q));
	if (!*q)
		return error_set(err, ENOMEM, "talk QMP on %s", name);
	(*q)->parser = json_tokener_new_ex(QMP_DEPTH_MAX);
	if (!(*q)->parser) {
		free(*q);
		return error_set(err, ENOMEM, "talk QMP on %s", name);
	}
	(*q)->fd = -1;
	(*q)->timeout_ms = timeout_ms;
	snprintf((*q)->name, sizeof((*q)->name), "%s", name);
	start(*q, "talk to QEMU");
	return 0;
}

int qmp_open_fd(int fd, const char *name, unsigned int timeout_ms,
		struct qmp **out, struct slotscope_error *err)
{
	struct qmp *q;
	int ret = create(name, timeout_ms, &q, err);

	if (ret) {
		close(fd);
		return ret;
	}
	q->fd = fd;
	ret = negotiate(q, err);
	if (ret)
		qmp_close(q);
	else
		*out = q;
	return ret;
}

int qmp_open(const char *path, unsigned int timeout_ms,
	     const volatile sig_atomic_t *stop, struct qmp **out,
	     struct slotscope_error *err)
{
	struct qmp *q;
	int ret;

	if (strncmp(path, "unix:", 5) == 0)
		path += 5;
	ret = create(path, timeout_ms, &q, err);
	if (ret)
		return ret;
	q->stop = stop;
	ret = unix_connect(path, q->deadline_ns, stop, err);
	if (ret >= 0) {
		q->fd = ret;
		ret = negotiate(q, err);
	}
	if (ret < 0)
		qmp_close(q);
	else
		*out = q;
	return ret;
}

int qmp_open_libvirt(const struct virsh_domain *domain, unsigned int timeout_ms,
		     const volatile sig_atomic_t *stop, struct qmp **out,
		     struct slotscope_error *err)
{
	struct json_object *version;
	struct qmp *q;
	int ret;

	ret = create("libvirt's", timeout_ms, &q, err);
	if (ret)
		return ret;
	q->domain = *domain;
	q->stop = stop;
	ret = qmp_command(q, "query-version", NULL, &version, err);
	if (ret) {
		qmp_close(q);
		return ret;
	}
	keep_version(q, version);
	json_object_put(version);
	*out = q;
	return 0;
}

bool qmp_starts_virsh(const struct qmp *q)
{
	return q->fd < 0;
}

void qmp_limit(struct qmp *q, unsigned int total_ms,
	       const volatile sig_atomic_t *stop)
{
	q->total_ms = total_ms;
	q->end_ns = clock_now() + total_ms * 1000000ULL;
	q->stop = stop;
}

void qmp_close(struct qmp *q)
{
	if (!q)
		return;
	if (q->fd >= 0)
		close(q->fd);
	json_tokener_free(q->parser);
	free(q);
}

const char *qmp_name(const struct qmp *q)
{
	return q->name;
}

const char *qmp_version(const struct qmp *q)
{
	return q->version;
}

pid_t qmp_peer(const struct qmp *q)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(q->fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return 0;
	return cred.pid;
}
