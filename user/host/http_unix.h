/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A page for whoever asks by HTTP, on a Unix socket. Of HTTP/1.0 as much as a scraper
 * needs: GET and HEAD of one path, an answer with its length, and goodbye.
 *
 * Nobody is trusted: there are HTTP_CLIENTS at a time, others wait; a request is as long
 * as HTTP_REQUEST_MAX, and who has not asked within HTTP_ASK_MS, or not taken the answer
 * within HTTP_TAKE_MS, is hung up on. Who may connect is up to the file's mode.
 */
#ifndef HOST_HTTP_UNIX_H
#define HOST_HTTP_UNIX_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <slotscope/error.h>

#define HTTP_CLIENTS	 16
#define HTTP_FDS	 (HTTP_CLIENTS + 1)
#define HTTP_REQUEST_MAX 8192
#define HTTP_ASK_MS	 5000
#define HTTP_TAKE_MS	 10000

/**
 * struct http_page - text that several clients may be taking; http_page_put() it
 * @type: of Content-Type; not owned
 * @text: owned
 */
struct http_page {
	unsigned int users;
	const char *type;
	char *text;
	size_t len;
};

/** http_page_make() - of @text, which is the page's from now on; NULL: no memory */
struct http_page *http_page_make(const char *type, char *text, size_t len);
void http_page_put(struct http_page *page);

/**
 * struct http_source - what there is to be had
 * @path: besides "/"
 * @get:  the page as of now; @accept: the client's Accept header, empty without one.
 *	  NULL: there is none, a 500
 */
struct http_source {
	const char *path;
	struct http_page *(*get)(void *opaque, const char *accept);
	void *opaque;
};

struct http_unix;

/**
 * http_unix_open() - listen
 * @address: "unix:PATH", or "unix:@NAME" for an abstract address
 * @source:  borrowed
 *
 * A socket that nobody listens on any more is replaced; any other file is not.
 *
 * Return: 0, or a negative errno with @err filled.
 */
int http_unix_open(const char *address, const struct http_source *source,
		   struct http_unix **out, struct slotscope_error *err);

/** http_unix_close() - hang up, remove the socket. NULL is allowed */
void http_unix_close(struct http_unix *http);

/** http_unix_fds() - what to wait for, in room for HTTP_FDS; how many */
size_t http_unix_fds(const struct http_unix *http, struct pollfd *fds);

/**
 * http_unix_serve() - do what can be done without waiting
 * @fds:    as http_unix_fds() filled them, and poll() after that
 * @now_ms: of a clock that only goes on
 */
void http_unix_serve(struct http_unix *http, const struct pollfd *fds,
		     size_t nr, int64_t now_ms);

/* How a request is read; for tests */
enum http_status {
	HTTP_UNFINISHED = 0,
	HTTP_OK = 200,
	HTTP_BAD = 400,
	HTTP_NOT_FOUND = 404,
	HTTP_NOT_ALLOWED = 405,
	HTTP_TOO_LARGE = 431,
	HTTP_NO_PAGE = 500,
};

#define HTTP_ACCEPT_MAX 512

/**
 * http_request_read() - what came so far of a request. Pure
 * @head:   it is for the head alone
 * @accept: of HTTP_ACCEPT_MAX; what is longer is cut
 */
enum http_status http_request_read(const char *text, size_t len,
				   const char *path, bool *head,
				   char accept[HTTP_ACCEPT_MAX]);

#endif
