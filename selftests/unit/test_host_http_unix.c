// SPDX-License-Identifier: GPL-2.0-or-later
/* HTTP on a Unix socket: what is a request, and clients that mean no good */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/http_unix.h"
#include "host_make.h"

static char accept_[HTTP_ACCEPT_MAX];
static bool head_;

static enum http_status reads_n(const char *text, size_t len)
{
	memset(accept_, 0xa5, sizeof(accept_));
	return http_request_read(text, len, "/metrics", &head_, accept_);
}

static enum http_status reads(const char *text)
{
	return reads_n(text, strlen(text));
}

static void requests(void **unused)
{
	static char large[HTTP_REQUEST_MAX];

	assert_int_equal(reads("GET /metrics HTTP/1.1\r\n\r\n"), HTTP_OK);
	assert_false(head_);
	assert_string_equal(accept_, "");
	assert_int_equal(reads("GET / HTTP/1.0\n\n"), HTTP_OK);
	assert_int_equal(reads("GET /metrics?a=b HTTP/1.1\r\nHost: x\r\n"
			       "aCCept: text/plain;q=1\r\nX: y\r\n\r\n"),
			 HTTP_OK);
	assert_string_equal(accept_, " text/plain;q=1");
	assert_int_equal(reads("HEAD / HTTP/1.1\r\n\r\n"), HTTP_OK);
	assert_true(head_);
	/* Whatever comes behind it is not looked at */
	assert_int_equal(reads("GET / HTTP/1.1\r\n\r\nAccept: x\r\n"), HTTP_OK);
	assert_string_equal(accept_, "");

	assert_int_equal(reads(""), HTTP_UNFINISHED);
	assert_int_equal(reads("GET / HTTP/1.1\r\n"), HTTP_UNFINISHED);
	assert_int_equal(reads("GET / HTTP/1.1\r\nHost: x\r\n"),
			 HTTP_UNFINISHED);
	assert_int_equal(reads("\r\n"), HTTP_BAD);
	assert_int_equal(reads("GET /\r\n\r\n"), HTTP_BAD);
	assert_int_equal(reads("GET / FTP/1.1\r\n\r\n"), HTTP_BAD);
	assert_int_equal(reads("GET  HTTP/1.1\r\n\r\n"), HTTP_BAD);
	assert_int_equal(reads_n("GET /\0 HTTP/1.1\r\n\r\n", 20), HTTP_BAD);
	assert_int_equal(reads("POST / HTTP/1.1\r\n\r\n"), HTTP_NOT_ALLOWED);
	assert_int_equal(reads("GETX / HTTP/1.1\r\n\r\n"), HTTP_NOT_ALLOWED);
	assert_int_equal(reads("GET /metric HTTP/1.1\r\n\r\n"), HTTP_NOT_FOUND);
	assert_int_equal(reads("GET /metrics/ HTTP/1.1\r\n\r\n"),
			 HTTP_NOT_FOUND);
	assert_int_equal(reads("GET ?x HTTP/1.1\r\n\r\n"), HTTP_NOT_FOUND);

	memset(large, 'a', sizeof(large));
	assert_int_equal(reads_n(large, sizeof(large) - 1), HTTP_UNFINISHED);
	assert_int_equal(reads_n(large, sizeof(large)), HTTP_TOO_LARGE);
	memcpy(large, "GET / HTTP/1.1\r\nAccept:", 23);
	memcpy(large + sizeof(large) - 4, "\r\n\r\n", 4);
	assert_int_equal(reads_n(large, sizeof(large)), HTTP_OK);
	assert_int_equal(strlen(accept_), HTTP_ACCEPT_MAX - 1);
}

/* A server, its clock, and what it was asked for */
static struct http_unix *http;
static int64_t now;
static int asked;
static size_t page_len;
static char path[64], address[80];

static struct http_page *get(void *unused, const char *accept)
{
	char *text = malloc(page_len + 1);

	asked++;
	if (!page_len) {
		free(text);
		return NULL;
	}
	memset(text, 'x', page_len);
	return http_page_make("text/x", text, page_len);
}

static const struct http_source source = { .path = "/metrics", .get = get };

static int open_one(void)
{
	struct slotscope_error err = {};

	return http_unix_open(address, &source, &http, &err);
}

static int setup(void **unused)
{
	(void)unused;
	snprintf(path, sizeof(path), "/tmp/slotscope-http-%d", getpid());
	snprintf(address, sizeof(address), "unix:%s", path);
	unlink(path);
	now = 1000;
	asked = 0;
	page_len = 10;
	return open_one();
}

static int teardown(void **unused)
{
	(void)unused;
	http_unix_close(http);
	http = NULL;
	return access(path, F_OK) ? 0 : -1;
}

static int client(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	assert_int_equal(connect(fd, (void *)&sun, sizeof(sun)), 0);
	return fd;
}

/* Until there is nothing left to do without waiting */
static void serve(void)
{
	struct pollfd fds[HTTP_FDS];
	size_t nr;

	for (int i = 0; i < 10000; i++) {
		nr = http_unix_fds(http, fds);
		assert_true(nr <= HTTP_FDS);
		if (poll(fds, nr, 0) <= 0)
			nr = 0;
		http_unix_serve(http, fds, nr, now);
		if (!nr)
			return;
	}
	fail_msg("it never rests");
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL),
			 strlen(text));
	serve();
}

static size_t nr_in(const struct http_unix *of)
{
	struct pollfd fds[HTTP_FDS];
	size_t nr = http_unix_fds(of, fds);

	return nr == HTTP_CLIENTS ? nr : nr - 1;
}

#define ANSWER                                        \
	"HTTP/1.0 200 OK\r\nContent-Type: text/x\r\n" \
	"Content-Length: 10\r\nConnection: close\r\n\r\n"

static void answers(void **unused)
{
	char got[512];
	int fd = client();

	say(fd, "GET /metrics HTTP/1.1\r\nHo");
	assert_int_equal(asked, 0);
	say(fd, "st: x\r\n\r\n");
	assert_int_equal(asked, 1);
	got[read(fd, got, sizeof(got) - 1)] = '\0';
	assert_string_equal(got, ANSWER "xxxxxxxxxx");
	assert_int_equal(read(fd, got, sizeof(got)), 0);
	close(fd);

	fd = client();
	say(fd, "HEAD /metrics HTTP/1.1\r\n\r\n");
	got[read(fd, got, sizeof(got) - 1)] = '\0';
	assert_string_equal(got, ANSWER);
	close(fd);

	fd = client();
	page_len = 0;
	say(fd, "GET / HTTP/1.1\r\n\r\n");
	got[read(fd, got, sizeof(got) - 1)] = '\0';
	assert_non_null(strstr(got, "HTTP/1.0 500 Internal Server Error\r\n"));
	close(fd);
	serve();
	assert_int_equal(nr_in(http), 0);
}

/* Who says nothing, or a byte now and then, has its time and no more */
static void slow(void **unused)
{
	int fds[HTTP_CLIENTS + 3];
	char got[8];

	for (size_t i = 0; i < HTTP_CLIENTS + 3; i++) {
		fds[i] = client();
		say(fds[i], "GET");
	}
	assert_int_equal(nr_in(http), HTTP_CLIENTS);
	now += HTTP_ASK_MS - 1;
	say(fds[0], " ");
	assert_int_equal(nr_in(http), HTTP_CLIENTS);
	now++;
	serve();
	serve();
	/* Those who waited have their turn */
	assert_int_equal(nr_in(http), 3);
	assert_int_equal(read(fds[0], got, sizeof(got)), 0);
	say(fds[HTTP_CLIENTS], " / HTTP/1.1\r\n\r\n");
	assert_true(read(fds[HTTP_CLIENTS], got, sizeof(got)) > 0);
	for (size_t i = 0; i < HTTP_CLIENTS + 3; i++)
		close(fds[i]);
	serve();
	assert_int_equal(nr_in(http), 0);
}

/* Who asks and does not take: as little */
static void takes_nothing(void **unused)
{
	int fd;

	page_len = 8 << 20;
	fd = client();
	say(fd, "GET / HTTP/1.1\r\n\r\n");
	assert_int_equal(nr_in(http), 1);
	now += HTTP_TAKE_MS;
	serve();
	assert_int_equal(nr_in(http), 0);
	close(fd);

	/* ... and goes away meanwhile */
	fd = client();
	say(fd, "GET / HTTP/1.1\r\n\r\n");
	close(fd);
	serve();
	assert_int_equal(nr_in(http), 0);
}

static void huge_request(void **unused)
{
	static char large[3 * HTTP_REQUEST_MAX];
	char got[256];
	int fd = client();

	memset(large, 'a', sizeof(large) - 1);
	send(fd, large, sizeof(large) - 1, MSG_NOSIGNAL);
	serve();
	got[read(fd, got, sizeof(got) - 1)] = '\0';
	assert_non_null(strstr(got, "HTTP/1.0 431 "));
	assert_int_equal(asked, 0);
	assert_int_equal(nr_in(http), 0);
	close(fd);
}

static void places(void **unused)
{
	struct slotscope_error err = {};
	struct http_unix *other = NULL;
	int fd;

	/* Somebody listens there: it stays theirs */
	assert_int_equal(http_unix_open(address, &source, &other, &err),
			 -EADDRINUSE);
	assert_int_equal(access(path, F_OK), 0);
	http_unix_close(http);
	assert_int_not_equal(access(path, F_OK), 0);

	/* A file that is none of ours */
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	assert_int_equal(http_unix_open(address, &source, &http, &err),
			 -EADDRINUSE);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(http_unix_open("/tmp/x", &source, &http, &err),
			 -EINVAL);
	assert_int_equal(http_unix_open("tcp:1", &source, &http, &err),
			 -EINVAL);

	/* A socket that was left behind */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	{
		struct sockaddr_un sun = { .sun_family = AF_UNIX };

		snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
		assert_int_equal(bind(fd, (void *)&sun, sizeof(sun)), 0);
	}
	close(fd);
	assert_int_equal(open_one(), 0);
	http_unix_close(http);
	strcpy(address, "unix:@slotscope-http-test");
	assert_int_equal(open_one(), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests), TEST(answers),	TEST(slow),
		TEST(takes_nothing),	    TEST(huge_request), TEST(places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
