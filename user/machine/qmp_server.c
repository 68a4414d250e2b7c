// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/json_value.h"
#include "base/utf8.h"
#include "machine/hmp.h"
#include "machine/qmp_json.h"
#include "machine/qmp_server.h"

/* Error classes of QEMU's qapi/error.json */
#define GENERIC	  "GenericError"
#define NOT_FOUND "CommandNotFound"

int qmp_session_init(struct qmp_session *s, const struct monitor_target *target)
{
	*s = (struct qmp_session){ .target = target };
	s->parser = json_tokener_new_ex(QMP_COMMAND_DEPTH);
	if (!s->parser)
		return -ENOMEM;
	return 0;
}

void qmp_session_deinit(struct qmp_session *s)
{
	if (s->parser)
		json_tokener_free(s->parser);
	s->parser = NULL;
}

/*
 * The version is that of the QEMU whose commands and texts these are, which is
 * what a client wants to know; the package says who speaks.
 */
static struct json_object *version(void)
{
	struct json_object *v = qmp_wrap("major", json_object_new_int(7));

	if (v && (json_put_u64(v, "minor", 2) || json_put_u64(v, "micro", 0))) {
		json_object_put(v);
		return NULL;
	}
	v = qmp_wrap("qemu", v);
	if (v && json_put_str(v, "package", "slotscope vm")) {
		json_object_put(v);
		return NULL;
	}
	return v;
}

char *qmp_session_greeting(void)
{
	struct json_object *greeting = qmp_wrap("version", version());

	if (greeting &&
	    json_put(greeting, "capabilities", json_object_new_array())) {
		json_object_put(greeting);
		return NULL;
	}
	return qmp_line(qmp_wrap("QMP", greeting));
}

static struct json_object *error(const char *class, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static struct json_object *error(const char *class, const char *fmt, ...)
{
	struct json_object *e;
	char desc[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(desc, sizeof(desc), fmt, ap);
	va_end(ap);
	e = qmp_wrap("class", json_object_new_string(class));
	if (e && json_put_str(e, "desc", desc)) {
		json_object_put(e);
		return NULL;
	}
	return qmp_wrap("error", e);
}

static struct json_object *nothing(void)
{
	return qmp_wrap("return", json_object_new_object());
}

static struct json_object *run_capabilities(struct qmp_session *s,
					    struct json_object *args)
{
	s->negotiated = true;
	return nothing();
}

static struct json_object *run_version(struct qmp_session *s,
				       struct json_object *args)
{
	return qmp_wrap("return", version());
}

static struct json_object *run_status(struct qmp_session *s,
				      struct json_object *args)
{
	const char *status = s->target->status(s->target->opaque);
	struct json_object *r =
		qmp_wrap("status", json_object_new_string(status));

	if (r && (json_put_bool(r, "singlestep", false) ||
		  json_put_bool(r, "running", !strcmp(status, "running")))) {
		json_object_put(r);
		return NULL;
	}
	return qmp_wrap("return", r);
}

static struct json_object *run_kvm(struct qmp_session *s,
				   struct json_object *args)
{
	struct json_object *r =
		qmp_wrap("enabled", json_object_new_boolean(true));

	if (r && json_put_bool(r, "present", true)) {
		json_object_put(r);
		return NULL;
	}
	return qmp_wrap("return", r);
}

static struct json_object *run_stop(struct qmp_session *s,
				    struct json_object *args)
{
	s->target->stop(s->target->opaque);
	return nothing();
}

static struct json_object *run_cont(struct qmp_session *s,
				    struct json_object *args)
{
	if (!s->target->cont(s->target->opaque))
		return error(GENERIC,
			     "The guest has stopped and cannot run on");
	return nothing();
}

static struct json_object *run_reset(struct qmp_session *s,
				     struct json_object *args)
{
	s->target->reset(s->target->opaque);
	return nothing();
}

/* { "id": "m0", "size": 1024 } as "id=m0,size=1024" would be read */
static int to_keyval(struct keyval *kv, const char *what,
		     struct json_object *args, struct slotscope_error *err)
{
	const char *text;
	int ret = 0;

	*kv = (struct keyval){ .what = what };
	if (!args)
		return 0;
	json_object_object_foreach(args, name, value)
	{
		switch (json_object_get_type(value)) {
		case json_type_boolean:
			text = json_object_get_boolean(value) ? "on" : "off";
			break;
		case json_type_string:
		case json_type_int:
			text = json_object_get_string(value);
			break;
		default:
			error_set(err, EINVAL, "use \"%.60s\" of %s", name,
				  what);
			return error_why(err, "it is no text, number or "
					      "boolean");
		}
		ret = keyval_add(kv, name, text, err);
		if (ret)
			break;
	}
	return ret;
}

static struct json_object *result(int ret, const struct slotscope_error *err)
{
	return ret ? error(GENERIC, "%s: %s", err->tried, err->why) : nothing();
}

static struct json_object *run_add(struct qmp_session *s, const char *what,
				   struct json_object *args,
				   int (*add)(void *opaque, struct keyval *kv,
					      struct slotscope_error *err))
{
	struct slotscope_error err = {};
	struct keyval kv;
	int ret = to_keyval(&kv, what, args, &err);

	if (!ret)
		ret = add(s->target->opaque, &kv, &err);
	return result(ret, &err);
}

static struct json_object *
run_del(struct qmp_session *s, struct json_object *args,
	int (*del)(void *opaque, const char *id, struct slotscope_error *err))
{
	struct slotscope_error err = {};
	struct json_object *id;

	if (!json_object_object_get_ex(args, "id", &id) ||
	    !json_object_is_type(id, json_type_string))
		return error(GENERIC, "Parameter 'id' is missing");
	return result(del(s->target->opaque, json_object_get_string(id), &err),
		      &err);
}

static struct json_object *run_object_add(struct qmp_session *s,
					  struct json_object *args)
{
	return run_add(s, "object-add", args, s->target->object_add);
}

static struct json_object *run_object_del(struct qmp_session *s,
					  struct json_object *args)
{
	return run_del(s, args, s->target->object_del);
}

static struct json_object *run_device_add(struct qmp_session *s,
					  struct json_object *args)
{
	return run_add(s, "device_add", args, s->target->device_add);
}

static struct json_object *run_device_del(struct qmp_session *s,
					  struct json_object *args)
{
	return run_del(s, args, s->target->device_del);
}

static struct json_object *run_quit(struct qmp_session *s,
				    struct json_object *args)
{
	s->target->quit(s->target->opaque);
	return nothing();
}

static struct json_object *run_hmp(struct qmp_session *s,
				   struct json_object *args)
{
	struct json_object *line, *reply = NULL;
	char *buf = NULL;
	size_t size;
	FILE *out;
	int ret;

	if (!json_object_object_get_ex(args, "command-line", &line) ||
	    !json_object_is_type(line, json_type_string))
		return error(GENERIC, "Parameter 'command-line' is missing");
	out = open_memstream(&buf, &size);
	if (!out)
		return NULL;
	ret = hmp_run(s->target, json_object_get_string(line), out);
	if (!fclose(out) && !ret)
		reply = json_object_new_object();
	/* Whatever the client wrote may be in there: this makes it UTF-8 */
	if (reply && json_put_str(reply, "return", buf)) {
		json_object_put(reply);
		reply = NULL;
	}
	free(buf);
	return reply;
}

struct command {
	const char *name;
	struct json_object *(*run)(struct qmp_session *s,
				   struct json_object *args);
};

static struct json_object *run_commands(struct qmp_session *s,
					struct json_object *args);

static const struct command commands[] = {
	{ "qmp_capabilities", run_capabilities },
	{ "query-version", run_version },
	{ "query-status", run_status },
	{ "query-kvm", run_kvm },
	{ "query-commands", run_commands },
	{ "human-monitor-command", run_hmp },
	{ "stop", run_stop },
	{ "cont", run_cont },
	{ "system_reset", run_reset },
	{ "object-add", run_object_add },
	{ "object-del", run_object_del },
	{ "device_add", run_device_add },
	{ "device_del", run_device_del },
	{ "quit", run_quit },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static struct json_object *run_commands(struct qmp_session *s,
					struct json_object *args)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; list && i < NR_COMMANDS; i++) {
		if (json_add(list,
			     qmp_wrap("name", json_object_new_string(
						      commands[i].name)))) {
			json_object_put(list);
			list = NULL;
		}
	}
	return qmp_wrap("return", list);
}

static struct json_object *run(struct qmp_session *s, const char *name,
			       struct json_object *args)
{
	size_t i;

	for (i = 0; i < NR_COMMANDS && strcmp(commands[i].name, name); i++)
		;
	if (!s->negotiated && i != 0)
		return error(NOT_FOUND, "Expecting capabilities negotiation "
					"with 'qmp_capabilities'");
	if (i == NR_COMMANDS || (s->negotiated && i == 0))
		return error(NOT_FOUND, "The command %.80s has not been found",
			     name);
	return commands[i].run(s, args);
}

static struct json_object *execute(struct qmp_session *s,
				   struct json_object *request)
{
	struct json_object *name, *args = NULL;

	if (!json_object_is_type(request, json_type_object))
		return error(GENERIC, "QMP input must be a JSON object");
	if (!json_object_object_get_ex(request, "execute", &name) ||
	    !json_object_is_type(name, json_type_string))
		return error(GENERIC, "QMP input lacks member 'execute'");
	if (json_object_object_get_ex(request, "arguments", &args) &&
	    !json_object_is_type(args, json_type_object))
		return error(GENERIC, "QMP input member 'arguments' must be "
				      "an object");
	return run(s, json_object_get_string(name), args);
}

static bool is_utf8(const char *text)
{
	size_t left = strlen(text), n;

	for (; left; text += n, left -= n) {
		n = utf8_len(text, left);
		if (!n)
			return false;
	}
	return true;
}

/* The line that answers @request; NULL if there is no memory for it */
static char *answer_to(struct qmp_session *s, struct json_object *request)
{
	struct json_object *id = NULL, *reply;

	if (json_object_is_type(request, json_type_object))
		json_object_object_get_ex(request, "id", &id);
	if (id && !is_utf8(json_object_to_json_string(id)))
		return qmp_line(error(GENERIC, "The id is not UTF-8"));
	reply = execute(s, request);
	/* It tells the client which question is answered */
	if (reply && id && json_put(reply, "id", json_object_get(id))) {
		json_object_put(reply);
		return NULL;
	}
	return qmp_line(reply);
}

static long give(char *line, char **answer, long ret)
{
	*answer = line;
	return line ? ret : -ENOMEM;
}

/* How a client makes sure that what it says next is taken for a new command */
#define RESYNC ((char)0xff)

static bool is_between(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == RESYNC;
}

/* JSON has neither, and the parser takes a NUL for the end */
static bool is_impossible(char c)
{
	return c == '\0' || c == RESYNC;
}

static long nonsense(struct qmp_session *s, const char *why, char **answer,
		     size_t taken)
{
	json_tokener_reset(s->parser);
	s->pending = 0;
	return give(qmp_line(error(GENERIC, "JSON parse error, %s", why)),
		    answer, taken);
}

long qmp_session_feed(struct qmp_session *s, const char *data, size_t len,
		      char **answer)
{
	struct json_object *request;
	enum json_tokener_error jerr;
	size_t pos = 0, left;

	*answer = NULL;
	while (s->resync && pos < len)
		s->resync = data[pos++] != '\n';
	while (!s->pending && pos < len && is_between(data[pos]))
		pos++;
	if (pos == len)
		return len;

	for (left = 0; pos + left < len && !is_impossible(data[pos + left]);)
		left++;
	if (!left) {
		s->resync = data[pos] != RESYNC;
		return nonsense(s, "a byte that is in no JSON", answer,
				pos + 1);
	}
	request = json_tokener_parse_ex(s->parser, data + pos, left);
	jerr = json_tokener_get_error(s->parser);
	if (jerr == json_tokener_continue) {
		s->pending += left;
		if (s->pending <= QMP_COMMAND_MAX)
			return pos + left;
		return give(qmp_line(error(GENERIC,
					   "A command of more than %d bytes",
					   QMP_COMMAND_MAX)),
			    answer, -EMSGSIZE);
	}
	pos += json_tokener_get_parse_end(s->parser);
	if (jerr != json_tokener_success) {
		s->resync = true;
		return nonsense(s, json_tokener_error_desc(jerr), answer, pos);
	}
	s->pending = 0;
	*answer = answer_to(s, request);
	json_object_put(request);
	return *answer ? (long)pos : -ENOMEM;
}
