// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer: a QEMU at the other end of a monitor. What begins with a brace is all
 * that it ever sends; any other input is its `info mtree -o -D`, to which our own
 * rendering of it is the `info mtree -f`.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <slotscope/mtree.h>

#include "qemu/model.h"

#define GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n"

struct monitor {
	FILE *f;
	const char *tree;
	char *flat;
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* NULL for what is no tree: the answer is then the tree's text once more */
static char *render(const char *text, size_t len)
{
	struct slotscope_error err;
	struct memory_model *model;
	struct mtree_tree tree;
	char *flat = NULL;
	size_t n;
	FILE *f;

	if (mtree_tree_parse(text, len, &tree, &err))
		return NULL;
	if (!mtree_build(&tree, MTREE_REFUSE_MISSING, NULL, &model, &err)) {
		f = open_memstream(&flat, &n);
		must(f && !mtree_print(f, model, MTREE_FLATVIEW | MTREE_OWNER));
		fclose(f);
		memory_model_destroy(model);
	}
	mtree_tree_deinit(&tree);
	return flat;
}

static struct json_object *answer(const struct monitor *m, const char *line)
{
	unsigned long long gpa;
	char text[128];

	if (!strncmp(line, "info mtree -f", 13))
		return json_object_new_string(m->flat ? m->flat : m->tree);
	if (sscanf(line, "gpa2hva %llx", &gpa) != 1)
		return json_object_new_string(m->tree);
	snprintf(text, sizeof(text),
		 "Host virtual address for 0x%llx (ram) is 0x%llx\r\n", gpa,
		 0x7f0000000000 + gpa);
	return json_object_new_string(text);
}

static void *serve(void *arg)
{
	struct json_object *request, *reply, *args, *text, *line = NULL;
	struct monitor *m = arg;
	char *got = NULL;
	size_t cap = 0;

	fputs(GREETING, m->f);
	fflush(m->f);
	while (getline(&got, &cap, m->f) > 0) {
		request = json_tokener_parse(got);
		reply = json_object_new_object();
		if (json_object_object_get_ex(request, "arguments", &args) &&
		    json_object_object_get_ex(args, "command-line", &line))
			text = answer(m, json_object_get_string(line));
		else
			text = json_object_new_object();
		json_object_object_add(reply, "return", text);
		fseek(m->f, 0, SEEK_CUR);
		fprintf(m->f, "%s\r\n", json_object_to_json_string(reply));
		fflush(m->f);
		json_object_put(reply);
		json_object_put(request);
	}
	free(got);
	return NULL;
}

static void read_model(int fd)
{
	const struct qemu_model_options options = { .tries = 1 };
	struct slotscope_error err;
	struct slot_state state;
	struct qmp *q;

	if (qmp_open_fd(fd, "fuzz", 5000, &q, &err))
		return;
	qemu_model_read(q, &options, &state, &err);
	slot_state_deinit(&state);
	qmp_close(q);
}

static void send_all(const uint8_t *data, size_t size)
{
	int sv[2];

	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	must(send(sv[1], data, size, 0) == (ssize_t)size);
	shutdown(sv[1], SHUT_WR);
	read_model(sv[0]);
	close(sv[1]);
}

static void answer_all(const uint8_t *data, size_t size)
{
	char *tree = strndup((const char *)data, size);
	struct monitor m = { .tree = tree };
	pthread_t thread = 0;
	int sv[2];

	must(tree && !socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	m.flat = render(tree, strlen(tree));
	m.f = fdopen(sv[1], "r+");
	must(m.f);
	must(!pthread_create(&thread, NULL, serve, &m));
	read_model(sv[0]);
	pthread_join(thread, NULL);
	fclose(m.f);
	free(m.flat);
	free(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size && data[0] == '{')
		send_all(data, size);
	else
		answer_all(data, size);
	return 0;
}
