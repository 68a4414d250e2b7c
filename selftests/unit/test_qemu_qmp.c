// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The QMP client against peers that break the protocol in every way we could
 * think of. What the peer will say is written into a socketpair beforehand:
 * the ids of the client's commands count from 1.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "qemu/qmp.h"
#include "qemu/unix_socket.h"

#define GREETING                                                            \
	"{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, " \
	"\"major\": 7}, \"package\": \"Debian\"}, \"capabilities\": []}}\r\n"
#define CAPABLE	 "{\"return\": {}, \"id\": 1}\r\n"
#define EVENT	 "{\"timestamp\": {}, \"event\": \"STOP\"}\r\n"
#define FLATVIEW "{\"return\": \"FlatView #0\\r\\n\\r\\n\", \"id\": 2}\r\n"

/* Open a client whose peer has already said @said; *peer stays open */
static int open_on(const char *said, size_t len, bool ends, int *peer,
		   struct qmp **q, struct slotscope_error *err)
{
	int sv[2];

	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), errno);
	assert_int_equal(write(sv[1], said, len), len);
	if (ends)
		assert_return_code(shutdown(sv[1], SHUT_WR), errno);
	*peer = sv[1];
	return qmp_open_fd(sv[0], "test", 200, q, err);
}

/* A whole conversation up to the answer to one HMP command */
static int converse(const char *said, size_t len, bool ends, char **text,
		    struct slotscope_error *err)
{
	struct qmp *q;
	int peer, ret;

	memset(err, 0, sizeof(*err));
	ret = open_on(said, len, ends, &peer, &q, err);
	if (!ret) {
		ret = qmp_hmp(q, "info mtree -f", text, err);
		qmp_close(q);
	}
	close(peer);
	if (ret) {
		assert_int_equal(ret, -err->code);
		assert_true(err->tried[0] && err->why[0]);
	}
	return ret;
}

static void test_answers(void **state)
{
	static const char said[] = EVENT EVENT "\n  " FLATVIEW;
	struct slotscope_error err = { 0 };
	struct qmp *q;
	char *text;
	int peer;

	assert_int_equal(open_on(GREETING EVENT CAPABLE,
				 strlen(GREETING EVENT CAPABLE), false, &peer,
				 &q, &err),
			 0);
	assert_string_equal(qmp_version(q), "7.2.22");
	assert_string_equal(qmp_name(q), "test");
	assert_int_equal(qmp_peer(q), getpid());
	assert_int_equal(write(peer, said, strlen(said)), strlen(said));
	assert_int_equal(qmp_hmp(q, "info mtree -f", &text, &err), 0);
	assert_string_equal(text, "FlatView #0\r\n\r\n");
	free(text);
	qmp_close(q);
	close(peer);
}

/* A refusal ends a command, not the connection */
static void test_refusal(void **state)
{
	static const char said[] = GREETING CAPABLE
		"{\"id\": 2, \"error\": {\"class\": \"GenericError\", "
		"\"desc\": \"no such thing\"}}\r\n"
		"{\"error\": {\"class\": \"GenericError\", \"desc\": \"JSON?\"}}"
		"{\"return\": [1], \"id\": 4}";
	struct slotscope_error err = { 0 };
	struct json_object *result = NULL;
	struct qmp *q;
	int peer;

	assert_int_equal(open_on(said, strlen(said), false, &peer, &q, &err),
			 0);
	assert_int_equal(qmp_command(q, "query-x", NULL, NULL, &err),
			 -EREMOTEIO);
	assert_non_null(strstr(err.why, "no such thing"));
	assert_non_null(strstr(err.tried, "query-x on QMP socket test"));
	assert_int_equal(qmp_command(q, "query-x", NULL, NULL, &err),
			 -EREMOTEIO);
	assert_int_equal(qmp_command(q, "query-y", NULL, &result, &err), 0);
	assert_int_equal(json_object_array_length(result), 1);
	json_object_put(result);
	qmp_close(q);
	close(peer);
}

#define CASE(code_, why_, said_)                           \
	{                                                  \
		.code = code_, .why = why_, .said = said_, \
		.len = sizeof(said_) - 1                   \
	}

static const struct {
	int code;
	const char *why;
	const char *said;
	size_t len;
} nonsense[] = {
	CASE(ETIMEDOUT, "no greeting", ""),
	CASE(ETIMEDOUT, "no answer", GREETING CAPABLE),
	CASE(ETIMEDOUT, "no answer", GREETING CAPABLE EVENT EVENT),
	CASE(ETIMEDOUT, "no answer", GREETING CAPABLE "{\"return\": \"no end"),
	CASE(EPROTO, "human monitor", "QEMU 7.2.22 monitor - type 'help'\r\n"),
	CASE(EPROTO, "no QMP", "HTTP/1.1 400 Bad Request\r\n"),
	CASE(EPROTO, "no QMP", "\xff\xfb\x01\xff\xfb\x03"),
	CASE(EPROTO, "NUL", "{\"QMP\": {\0}}"),
	CASE(EPROTO, "no QMP", "[]"),
	CASE(EPROTO, "no QMP", "12 "),
	CASE(EPROTO, "greeting", "{}"),
	CASE(EPROTO, "greeting", "{\"QMP\": []}"),
	CASE(EPROTO, "", "{\"QMP\" nonsense"),
	CASE(EPROTO, "", "{\"a\": tru}"),
	CASE(EPROTO, "deep",
	     "{\"QMP\": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["),
	CASE(EPROTO, "id", GREETING "{\"return\": {}, \"id\": 7}"),
	CASE(EPROTO, "id", GREETING "{\"return\": {}, \"id\": \"1\"}"),
	CASE(EPROTO, "id", GREETING "{\"return\": {}, \"id\": null}"),
	CASE(EPROTO, "id", GREETING "{\"return\": {}}"),
	CASE(EPROTO, "id", GREETING GREETING CAPABLE),
	CASE(EPROTO, "id", GREETING CAPABLE CAPABLE),
	CASE(EPROTO, "id", GREETING CAPABLE "{\"event\": 3}"),
	CASE(EPROTO, "neither", GREETING CAPABLE "{\"id\": 2}"),
	CASE(EPROTO, "description",
	     GREETING CAPABLE "{\"id\": 2, \"error\": 1}"),
	CASE(EPROTO, "description", GREETING CAPABLE "{\"error\": {}}"),
	CASE(EPROTO, "no text", GREETING CAPABLE "{\"return\": {}, \"id\": 2}"),
	CASE(EPROTO, "no text",
	     GREETING CAPABLE "{\"return\": null, \"id\": 2}"),
	CASE(EPROTO, "no text",
	     GREETING CAPABLE "{\"return\": \"a\\u0000b\", \"id\": 2}"),
	CASE(EREMOTEIO, "no class",
	     GREETING CAPABLE "{\"error\": {\"desc\": \"d\"}}"),
};

static void test_nonsense(void **state)
{
	struct slotscope_error err;
	char *text;
	size_t i;

	for (i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
		uint64_t began = clock_now();
		int ret = converse(nonsense[i].said, nonsense[i].len, false,
				   &text, &err);

		if (ret != -nonsense[i].code ||
		    !strstr(err.why, nonsense[i].why))
			fail_msg("case %zu: %d: %s: %s", i, ret, err.tried,
				 err.why);
		assert_true(clock_now() - began < 2000000000ULL);
	}
}

/* Cut anywhere, the conversation ends in one clear error */
static void test_every_prefix(void **state)
{
	static const char said[] = GREETING EVENT CAPABLE FLATVIEW;
	size_t len, whole = strlen(said) - 2; /* the last \r\n is no loss */
	struct slotscope_error err;
	char *text;

	for (len = 0; len < whole; len++) {
		int ret = converse(said, len, true, &text, &err);

		if (ret != -ECONNRESET || !strstr(err.why, "closed"))
			fail_msg("%zu bytes: %d: %s", len, ret, err.why);
	}
	assert_int_equal(converse(said, whole, true, &text, &err), 0);
	free(text);
}

/* Bytes changed at random: an answer or an error, never a crash or a hang */
static void test_mutations(void **state)
{
	static const char said[] = GREETING EVENT CAPABLE FLATVIEW;
	uint64_t x = 88172645463325252ULL;
	struct slotscope_error err;
	char bytes[sizeof(said)];
	int i, changes;

	for (i = 0; i < 5000; i++) {
		char *text = NULL;

		memcpy(bytes, said, sizeof(said));
		for (changes = i % 4 + 1; changes; changes--) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			bytes[x % (sizeof(said) - 1)] = (char)(x >> 32);
		}
		if (!converse(bytes, sizeof(said) - 1, true, &text, &err))
			free(text);
	}
}

/* A connection that failed half way says so, and sends nothing more */
static void test_dead(void **state)
{
	struct slotscope_error err = { 0 };
	struct qmp *q;
	int peer;

	assert_int_equal(open_on(GREETING CAPABLE, strlen(GREETING CAPABLE),
				 false, &peer, &q, &err),
			 0);
	assert_int_equal(qmp_command(q, "query-kvm", NULL, NULL, &err),
			 -ETIMEDOUT);
	assert_int_equal(qmp_command(q, "query-kvm", NULL, NULL, &err),
			 -ENOTCONN);
	qmp_close(q);
	close(peer);
}

/* What a thread says over and over until the client hangs up */
struct torrent {
	int fd;
	const char *first;
	const char *again;
	size_t step; /* bytes a write; 0: all at once */
};

static void *pour(void *arg)
{
	struct torrent *t = arg;
	const char *p;
	ssize_t n;

	for (p = t->first; *p; p += n) {
		n = send(t->fd, p, t->step ? t->step : strlen(p), MSG_NOSIGNAL);
		if (n < 0)
			return NULL;
	}
	while (t->again &&
	       send(t->fd, t->again, strlen(t->again), MSG_NOSIGNAL) > 0)
		;
	return NULL;
}

static int drown(struct torrent *t, char **text, struct slotscope_error *err)
{
	struct qmp *q;
	pthread_t thread;
	int sv[2], ret;

	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), errno);
	t->fd = sv[1];
	assert_int_equal(pthread_create(&thread, NULL, pour, t), 0);
	ret = qmp_open_fd(sv[0], "test", 20000, &q, err);
	if (!ret) {
		ret = qmp_hmp(q, "info mtree -f", text, err);
		qmp_close(q);
	}
	pthread_join(thread, NULL);
	close(sv[1]);
	return ret;
}

static void test_byte_by_byte(void **state)
{
	struct torrent t = { .first = GREETING EVENT CAPABLE FLATVIEW,
			     .step = 1 };
	struct slotscope_error err = { 0 };
	char *text;

	assert_int_equal(drown(&t, &text, &err), 0);
	assert_string_equal(text, "FlatView #0\r\n\r\n");
	free(text);
}

static void test_no_end(void **state)
{
	static char junk[65537];
	struct torrent t = { .first = GREETING CAPABLE "{\"return\": \"",
			     .again = junk };
	struct slotscope_error err = { 0 };
	char *text;

	memset(junk, 'x', sizeof(junk) - 1);
	assert_int_equal(drown(&t, &text, &err), -EFBIG);
	assert_non_null(strstr(err.why, "64 MiB"));
}

/* Events do not extend the time allowed */
static void test_event_storm(void **state)
{
	struct torrent t = { .first = GREETING CAPABLE, .again = EVENT };
	struct slotscope_error err = { 0 };
	uint64_t began = clock_now();
	pthread_t thread;
	struct qmp *q;
	int sv[2];

	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), errno);
	t.fd = sv[1];
	assert_int_equal(pthread_create(&thread, NULL, pour, &t), 0);
	assert_int_equal(qmp_open_fd(sv[0], "test", 300, &q, &err), 0);
	assert_int_equal(qmp_command(q, "query-kvm", NULL, NULL, &err),
			 -ETIMEDOUT);
	qmp_close(q);
	pthread_join(thread, NULL);
	close(sv[1]);
	assert_true(clock_now() - began < 5000000000ULL);
}

/* Answers every command, after 50 ms */
static void *dawdle(void *arg)
{
	const int *fd = arg;
	char buf[512], reply[64];
	int id = 0;
	ssize_t n;

	if (write(*fd, GREETING, strlen(GREETING)) < 0)
		return NULL;
	while ((n = read(*fd, buf, sizeof(buf))) > 0) {
		if (!memchr(buf, '\n', n))
			continue;
		usleep(50000);
		snprintf(reply, sizeof(reply),
			 "{\"return\": {}, \"id\": %d}\r\n", ++id);
		if (send(*fd, reply, strlen(reply), MSG_NOSIGNAL) < 0)
			break;
	}
	return NULL;
}

/* Each answer comes in time, all of them together do not */
static void test_limit(void **state)
{
	struct slotscope_error err = { 0 };
	pthread_t thread;
	struct qmp *q;
	int sv[2], i, ret = 0;

	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), errno);
	assert_int_equal(pthread_create(&thread, NULL, dawdle, &sv[1]), 0);
	assert_int_equal(qmp_open_fd(sv[0], "test", 10000, &q, &err), 0);
	assert_int_equal(qmp_command(q, "query-kvm", NULL, NULL, &err), 0);
	qmp_limit(q, 1000, NULL);
	for (i = 0; i < 40 && !ret; i++)
		ret = qmp_command(q, "query-kvm", NULL, NULL, &err);
	assert_int_equal(ret, -ETIMEDOUT);
	assert_in_range(i, 2, 20); /* 1 s holds 20 of 50 ms */
	assert_non_null(strstr(err.why, "together"));
	assert_int_equal(qmp_command(q, "query-kvm", NULL, NULL, &err),
			 -ENOTCONN);
	qmp_close(q);
	pthread_join(thread, NULL);
	close(sv[1]);
}

static volatile sig_atomic_t stop;

static void *stop_soon(void *arg)
{
	usleep(100000);
	stop = 1;
	return NULL;
}

/* ... and nobody waits longer than they want to */
static void test_stop(void **state)
{
	struct slotscope_error err = { 0 };
	uint64_t began = clock_now();
	pthread_t thread;
	struct qmp *q;
	int sv[2];

	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), errno);
	assert_int_equal(write(sv[1], GREETING CAPABLE,
			       strlen(GREETING CAPABLE)),
			 strlen(GREETING CAPABLE));
	assert_int_equal(qmp_open_fd(sv[0], "test", 60000, &q, &err), 0);
	qmp_limit(q, 60000, &stop);
	assert_int_equal(pthread_create(&thread, NULL, stop_soon, NULL), 0);
	assert_int_equal(qmp_command(q, "query-kvm", NULL, NULL, &err), -EINTR);
	assert_true(clock_now() - began < 30000000000ULL);
	qmp_close(q);
	pthread_join(thread, NULL);
	close(sv[1]);
}

/* A peer that does not read: the deadline holds for sending as well */
static void test_peer_does_not_read(void **state)
{
	struct slotscope_error err = { 0 };
	struct json_object *args = json_object_new_object();
	size_t len = 8 << 20;
	char *big = malloc(len + 1);
	struct qmp *q;
	int peer;

	memset(big, 'x', len);
	big[len] = '\0';
	json_object_object_add(args, "a", json_object_new_string(big));
	assert_int_equal(open_on(GREETING CAPABLE, strlen(GREETING CAPABLE),
				 false, &peer, &q, &err),
			 0);
	assert_int_equal(qmp_command(q, "x", args, NULL, &err), -ETIMEDOUT);
	qmp_close(q);
	close(peer);
	json_object_put(args);
	free(big);
}

/* Abstract, so that nothing is left behind */
static int listen_on(char *name, size_t size, int backlog)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(name, size, "@slotscope-test-%d", getpid());
	memcpy(sun.sun_path + 1, name + 1, strlen(name) - 1);
	assert_return_code(
		bind(fd, (struct sockaddr *)&sun,
		     offsetof(struct sockaddr_un, sun_path) + strlen(name)),
		errno);
	assert_return_code(listen(fd, backlog), errno);
	return fd;
}

/* The kernel accepts, nobody speaks: a monitor that another client holds */
static void test_monitor_held(void **state)
{
	struct slotscope_error err = { 0 };
	char name[64], url[80];
	int i, ret, fd = listen_on(name, sizeof(name), 1);
	int waiting[8];
	struct qmp *q;

	snprintf(url, sizeof(url), "unix:%s", name);
	assert_int_equal(qmp_open(url, 100, NULL, &q, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.tried, name));
	assert_non_null(strstr(err.why, "no greeting"));
	assert_non_null(strstr(err.next, "one client at a time"));

	/* Fill the backlog: then not even connect() succeeds */
	for (i = 0; i < 8; i++) {
		waiting[i] = unix_connect(name, 0, NULL, &err);
		if (waiting[i] < 0)
			break;
	}
	assert_in_range(i, 1, 7);
	ret = qmp_open(name, 100, NULL, &q, &err);
	assert_int_equal(ret, -ETIMEDOUT);
	assert_non_null(strstr(err.why, "queue"));
	while (i--)
		close(waiting[i]);
	close(fd);
}

static void test_bad_paths(void **state)
{
	struct slotscope_error err = { 0 };
	char name[200];
	struct qmp *q;

	assert_int_equal(qmp_open("", 100, NULL, &q, &err), -EINVAL);
	assert_int_equal(qmp_open("/nonexistent/qmp", 100, NULL, &q, &err),
			 -ENOENT);
	assert_non_null(strstr(err.tried, "/nonexistent/qmp"));
	assert_int_equal(qmp_open("/dev/null", 100, NULL, &q, &err),
			 -ECONNREFUSED);
	assert_int_equal(qmp_open("@slotscope-nobody", 100, NULL, &q, &err),
			 -ECONNREFUSED);
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(qmp_open(name, 100, NULL, &q, &err), -ENAMETOOLONG);
}

static const struct virsh_domain domain = {
	"qemu:///test", "0a1b2c3d-0000-4fff-8abc-0123456789ab"
};

/* A virsh that does as the shell's words tell; it is the only one in PATH */
static int open_virsh(const char *words, unsigned int timeout_ms,
		      const volatile sig_atomic_t *ended, struct qmp **q,
		      struct slotscope_error *err)
{
	char dir[] = "/tmp/slotscope-test-XXXXXX";
	char *path = strdup(getenv("PATH"));
	char name[64];
	FILE *file;
	int ret;

	assert_non_null(mkdtemp(dir));
	snprintf(name, sizeof(name), "%s/virsh", dir);
	if (words) {
		file = fopen(name, "w");
		assert_non_null(file);
		fprintf(file, "#!/bin/sh\nPATH=%s\n%s\n", path, words);
		fclose(file);
		assert_return_code(chmod(name, 0700), errno);
	}
	setenv("PATH", dir, 1);
	ret = qmp_open_libvirt(&domain, timeout_ms, ended, q, err);
	if (!ret) {
		ret = qmp_command(*q, "query-status", NULL, NULL, err);
		assert_string_equal(qmp_version(*q), "7.2.22");
		assert_int_equal(qmp_peer(*q), 0);
		qmp_close(*q);
	}
	setenv("PATH", path, 1);
	free(path);
	unlink(name);
	rmdir(dir);
	return ret;
}

#define VERSION                                                         \
	"{\"return\":{\"qemu\":{\"micro\":22,\"minor\":2,\"major\":7}," \
	"\"package\":\"\"},\"id\":\"libvirt-9\"}"

static void test_libvirt(void **state)
{
	static const struct {
		const char *words;
		int ret;
		const char *why;
	} try[] = {
		{ "echo '" VERSION "'", 0, NULL },
		/* what it is told; and it is asked twice */
		{ "[ \"$*\" = '--quiet --connect qemu:///test "
		  "qemu-monitor-command --domain "
		  "0a1b2c3d-0000-4fff-8abc-0123456789ab -- "
		  "{\"execute\":\"query-version\"}' ] && echo '" VERSION "' ||"
		  "echo '{\"error\":{\"class\":\"C\",\"desc\":\"second\"}}'",
		  -EREMOTEIO, "QEMU refused: second (C)" },
		{ "echo 'error: no\tdomain' >&2; echo more >&2; exit 1",
		  -EREMOTEIO, "virsh says: error: no domain more" },
		{ "exit 1", -EREMOTEIO, "virsh says: nothing" },
		{ "kill -9 $$", -EREMOTEIO, "virsh says: nothing" },
		{ "echo '" VERSION "'; exit 1", -EREMOTEIO, "virsh says" },
		{ "", -EPROTO, "no JSON object" },
		{ "echo hello", -EPROTO, "no JSON object" },
		{ "echo '[]'", -EPROTO, "no JSON object" },
		{ "echo '{\"return\":{}'", -EPROTO, "no JSON object" },
		{ "echo '{\"id\":1}'", -EPROTO, "neither return nor error" },
		{ "head -c 100000000 /dev/zero", -EFBIG, NULL },
		{ NULL, -ENOENT, "there is no virsh" },
		{ "exec sleep 1000", -ETIMEDOUT, NULL },
	};
	const volatile sig_atomic_t ended = 1;
	struct slotscope_error err;
	struct qmp *q;
	int ret;

	for (size_t i = 0; i < sizeof(try) / sizeof(try[0]); i++) {
		err = (struct slotscope_error){};
		ret = open_virsh(try[i].words,
				 try[i].ret == -ETIMEDOUT ? 200 : 60000, NULL,
				 &q, &err);
		if (ret != try[i].ret ||
		    (try[i].why && !strstr(err.why, try[i].why)))
			fail_msg("%s: %d, %s", try[i].words, ret, err.why);
	}
	assert_int_equal(open_virsh("exec sleep 1000", 60000, &ended, &q, &err),
			 -EINTR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_refusal),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_every_prefix),
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_dead),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_no_end),
		cmocka_unit_test(test_event_storm),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_peer_does_not_read),
		cmocka_unit_test(test_monitor_held),
		cmocka_unit_test(test_libvirt),
		cmocka_unit_test(test_bad_paths),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
