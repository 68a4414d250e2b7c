/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A QMP monitor that answers from a table, in a thread of this process */
#ifndef QEMU_FAKE_H
#define QEMU_FAKE_H

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <json-c/json.h>

#include "mtree_fixture.h"
#include "qemu/qmp.h"

/*
 * What is printed for a line of the human monitor. Of several with the same
 * line the first is used once, then the next; the last one from then on.
 */
struct fake_answer {
	const char *line;
	const char *text;
	unsigned int used; /* times; for the test to look at */
};

struct fake_qemu {
	struct fake_answer *answers;
	size_t nr;
	int fd;
	pthread_t thread;
	struct qmp *q;
};

static inline const char *fake_text(struct fake_qemu *fake, const char *line)
{
	struct fake_answer *last = NULL;
	size_t i;

	for (i = 0; i < fake->nr; i++) {
		if (strcmp(fake->answers[i].line, line))
			continue;
		last = &fake->answers[i];
		if (!last->used)
			break;
	}
	if (!last)
		return "unknown command\r\n";
	last->used++;
	return last->text;
}

static inline struct json_object *fake_reply(struct fake_qemu *fake,
					     struct json_object *request)
{
	struct json_object *reply = json_object_new_object(), *o, *line;

	if (json_object_object_get_ex(request, "arguments", &o) &&
	    json_object_object_get_ex(o, "command-line", &line))
		o = json_object_new_string(
			fake_text(fake, json_object_get_string(line)));
	else
		o = json_object_new_object();
	json_object_object_add(reply, "return", o);
	if (json_object_object_get_ex(request, "id", &o))
		json_object_object_add(reply, "id", json_object_get(o));
	return reply;
}

static inline void *fake_serve(void *arg)
{
	struct fake_qemu *fake = arg;
	FILE *f = fdopen(fake->fd, "r+");
	struct json_object *request, *reply;
	char *line = NULL;
	size_t cap = 0;

	fputs("{\"QMP\": {\"version\": {\"qemu\": {\"major\": 7, \"minor\": 2,"
	      " \"micro\": 0}}, \"capabilities\": []}}\r\n",
	      f);
	fflush(f);
	while (getline(&line, &cap, f) > 0) {
		request = json_tokener_parse(line);
		reply = fake_reply(fake, request);
		fseek(f, 0, SEEK_CUR);
		fprintf(f, "%s\r\n", json_object_to_json_string(reply));
		fflush(f);
		json_object_put(reply);
		json_object_put(request);
	}
	free(line);
	fclose(f);
	return NULL;
}

static inline void fake_start(struct fake_qemu *fake,
			      struct fake_answer *answers, size_t nr)
{
	struct slotscope_error err = { 0 };
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	*fake = (struct fake_qemu){ .answers = answers, .nr = nr, .fd = sv[1] };
	assert_int_equal(pthread_create(&fake->thread, NULL, fake_serve, fake),
			 0);
	if (qmp_open_fd(sv[0], "fake", 10000, &fake->q, &err))
		fail_msg("%s: %s", err.tried, err.why);
}

static inline void fake_stop(struct fake_qemu *fake)
{
	qmp_close(fake->q);
	pthread_join(fake->thread, NULL);
}

#endif
