// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/unix_listen.h"
#include "host/http_unix.h"

/* One client; a free place has no descriptor */
struct client {
	int fd;
	int64_t until_ms;
	char in[HTTP_REQUEST_MAX];
	size_t in_len;
	bool answered; /* nothing more is read */
	char head[256];
	size_t head_len;
	struct http_page *page; /* NULL: the head is all */
	size_t sent;		/* of both together */
};

struct http_unix {
	const struct http_source *source;
	struct unix_listener listener;
	struct client clients[HTTP_CLIENTS];
};

struct http_page *http_page_make(const char *type, char *text, size_t len)
{
	struct http_page *page = malloc(sizeof(*page));

	if (page)
		*page = (struct http_page){ 1, type, text, len };
	else
		free(text);
	return page;
}

void http_page_put(struct http_page *page)
{
	if (!page || --page->users)
		return;
	free(page->text);
	free(page);
}

static int failed(int error, const char *address, struct slotscope_error *err)
{
	error_set(err, error, "listen on %.160s", address);
	if (error == EINVAL)
		error_why(err, "only Unix sockets are listened on");
	if (error == EADDRINUSE)
		return error_next(err, "another process or file has that name: "
				       "give another one");
	return error_next(err, "give unix:PATH, a short path that can be "
			       "written");
}

int http_unix_open(const char *address, const struct http_source *source,
		   struct http_unix **out, struct slotscope_error *err)
{
	struct http_unix *http = calloc(1, sizeof(*http));
	int ret;

	if (!http)
		return error_set(err, ENOMEM, "listen on %.160s", address);
	http->source = source;
	http->listener.fd = -1;
	for (size_t i = 0; i < HTTP_CLIENTS; i++)
		http->clients[i].fd = -1;
	ret = strncmp(address, "unix:", 5) ?
		      -EINVAL :
		      unix_address(address + 5, &http->listener.address,
				   &http->listener.len);
	if (!ret)
		ret = unix_listen(&http->listener);
	if (!ret) {
		*out = http;
		return 0;
	}
	http_unix_close(http);
	return failed(-ret, address, err);
}

static void hang_up(struct client *client)
{
	close(client->fd);
	http_page_put(client->page);
	client->fd = -1;
	client->page = NULL;
}

void http_unix_close(struct http_unix *http)
{
	if (!http)
		return;
	for (size_t i = 0; i < HTTP_CLIENTS; i++)
		if (http->clients[i].fd >= 0)
			hang_up(&http->clients[i]);
	unix_listen_end(&http->listener);
	free(http);
}

/* Who is not let in waits: poll() would return at once for it */
size_t http_unix_fds(const struct http_unix *http, struct pollfd *fds)
{
	size_t nr = 0;
	bool room = false;

	for (size_t i = 0; i < HTTP_CLIENTS; i++) {
		const struct client *client = &http->clients[i];

		if (client->fd < 0)
			room = true;
		else
			fds[nr++] = (struct pollfd){
				.fd = client->fd,
				.events = client->answered ? POLLOUT : POLLIN,
			};
	}
	if (room)
		fds[nr++] = (struct pollfd){ http->listener.fd, POLLIN, 0 };
	return nr;
}

static const char *status_text(enum http_status status)
{
	switch (status) {
	case HTTP_OK:
		return "OK";
	case HTTP_NOT_FOUND:
		return "Not Found";
	case HTTP_NOT_ALLOWED:
		return "Method Not Allowed";
	case HTTP_TOO_LARGE:
		return "Request Header Fields Too Large";
	case HTTP_NO_PAGE:
		return "Internal Server Error";
	default:
		return "Bad Request";
	}
}

/* Lines end in CR LF; in LF alone, too */
static size_t line_len(const char *text, size_t len, size_t *next)
{
	const char *end = memchr(text, '\n', len);
	size_t n;

	if (!end) {
		*next = len;
		return len;
	}
	n = end - text;
	*next = n + 1;
	return n && text[n - 1] == '\r' ? n - 1 : n;
}

static bool is_whole(const char *text, size_t len)
{
	size_t next;

	for (; memchr(text, '\n', len); text += next, len -= next)
		if (!line_len(text, len, &next))
			return true;
	return false;
}

/* "GET /metrics HTTP/1.1"; what stands behind a "?" is nobody's business here */
static enum http_status read_first(const char *line, size_t len,
				   const char *path, bool *head)
{
	const char *end = line + len, *target, *behind;
	size_t n;

	target = memchr(line, ' ', len);
	if (!target || memchr(line, '\0', len))
		return HTTP_BAD;
	n = target++ - line;
	behind = memchr(target, ' ', end - target);
	if (!behind || behind == target || end - behind < 6 ||
	    strncmp(behind + 1, "HTTP/", 5))
		return HTTP_BAD;
	*head = n == 4 && !strncmp(line, "HEAD", 4);
	if (!*head && !(n == 3 && !strncmp(line, "GET", 3)))
		return HTTP_NOT_ALLOWED;
	n = behind - target;
	if (memchr(target, '?', n))
		n = (const char *)memchr(target, '?', n) - target;
	if ((n == 1 && *target == '/') ||
	    (n == strlen(path) && !strncmp(target, path, n)))
		return HTTP_OK;
	return HTTP_NOT_FOUND;
}

static void read_accept(const char *line, size_t len,
			char accept[HTTP_ACCEPT_MAX])
{
	static const char name[] = "accept:";
	const size_t n = sizeof(name) - 1;

	if (len > n && !strncasecmp(line, name, n))
		snprintf(accept, HTTP_ACCEPT_MAX, "%.*s", (int)(len - n),
			 line + n);
}

enum http_status http_request_read(const char *text, size_t len,
				   const char *path, bool *head,
				   char accept[HTTP_ACCEPT_MAX])
{
	enum http_status status;
	size_t n, next;

	*head = false;
	accept[0] = '\0';
	if (!is_whole(text, len))
		return len < HTTP_REQUEST_MAX ? HTTP_UNFINISHED :
						HTTP_TOO_LARGE;
	n = line_len(text, len, &next);
	status = read_first(text, n, path, head);
	while (n && next < len) {
		text += next;
		len -= next;
		n = line_len(text, len, &next);
		read_accept(text, n, accept);
	}
	return status;
}

static void answer(struct http_unix *http, struct client *client,
		   enum http_status status, bool head, const char *accept,
		   int64_t now_ms)
{
	const struct http_source *source = http->source;
	struct http_page *page = NULL;
	char none[64] = "";

	if (status == HTTP_OK)
		page = source->get(source->opaque, accept);
	if (status == HTTP_OK && !page)
		status = HTTP_NO_PAGE;
	if (!page)
		snprintf(none, sizeof(none), "%d %s\n", status,
			 status_text(status));
	client->head_len =
		snprintf(client->head, sizeof(client->head),
			 "HTTP/1.0 %d %s\r\nContent-Type: %s\r\n"
			 "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
			 status, status_text(status),
			 page ? page->type : "text/plain; charset=utf-8",
			 page ? page->len : strlen(none), head ? "" : none);
	if (head)
		http_page_put(page);
	client->page = head ? NULL : page;
	client->sent = 0;
	client->answered = true;
	client->until_ms = now_ms + HTTP_TAKE_MS;
}

static void take_in(struct http_unix *http, struct client *client,
		    int64_t now_ms)
{
	char accept[HTTP_ACCEPT_MAX];
	enum http_status status;
	bool head;
	ssize_t n = recv(client->fd, client->in + client->in_len,
			 sizeof(client->in) - client->in_len, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hang_up(client);
		return;
	}
	client->in_len += n;
	status = http_request_read(client->in, client->in_len,
				   http->source->path, &head, accept);
	if (status != HTTP_UNFINISHED)
		answer(http, client, status, head, accept, now_ms);
}

/* A client may take what it is sent a byte at a time: each serving sends once */
static void hand_out(struct client *client)
{
	const char *text = client->head + client->sent;
	size_t left = client->head_len - client->sent;
	ssize_t n;

	if (client->sent >= client->head_len) {
		text = client->page->text + (client->sent - client->head_len);
		left = client->page->len - (client->sent - client->head_len);
	}
	n = send(client->fd, text, left, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		hang_up(client);
		return;
	}
	client->sent += n;
	if (client->sent ==
	    client->head_len + (client->page ? client->page->len : 0))
		hang_up(client);
}

static void let_in(struct http_unix *http, int64_t now_ms)
{
	for (size_t i = 0; i < HTTP_CLIENTS; i++) {
		struct client *client = &http->clients[i];

		if (client->fd >= 0)
			continue;
		client->fd = accept4(http->listener.fd, NULL, NULL,
				     SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (client->fd < 0)
			return;
		client->until_ms = now_ms + HTTP_ASK_MS;
		client->in_len = 0;
		client->answered = false;
	}
}

static void serve_one(struct http_unix *http, const struct pollfd *found,
		      int64_t now_ms)
{
	for (size_t i = 0; i < HTTP_CLIENTS; i++) {
		struct client *client = &http->clients[i];

		if (client->fd != found->fd)
			continue;
		if (!client->answered)
			take_in(http, client, now_ms);
		if (client->fd >= 0 && client->answered)
			hand_out(client);
		return;
	}
}

void http_unix_serve(struct http_unix *http, const struct pollfd *fds,
		     size_t nr, int64_t now_ms)
{
	bool knocked = false;

	for (size_t i = 0; i < nr; i++) {
		if (fds[i].fd == http->listener.fd)
			knocked = fds[i].revents;
		else if (fds[i].revents)
			serve_one(http, &fds[i], now_ms);
	}
	for (size_t i = 0; i < HTTP_CLIENTS; i++)
		if (http->clients[i].fd >= 0 &&
		    http->clients[i].until_ms <= now_ms)
			hang_up(&http->clients[i]);
	if (knocked)
		let_in(http, now_ms);
}
