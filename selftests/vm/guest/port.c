// SPDX-License-Identifier: GPL-2.0-or-later
/* The virtio-serial port to the host. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"

static int port = -1;

int port_fd(void)
{
	return port;
}

/* Die loudly: the end of init is a panic, and that shows on the console. */
static _Noreturn void lost(const char *what)
{
	dprintf(2, "lab init: %s: %s\n", what, strerror(errno));
	_exit(1);
}

/* No udev here: sysfs tells which vport has our name. */
void port_open(void)
{
	const char *dir = "/sys/class/virtio-ports";
	char path[512], name[64];
	struct dirent *e;
	DIR *d = opendir(dir);

	if (!d)
		lost(dir);
	while ((e = readdir(d))) {
		ssize_t n;
		int fd;

		snprintf(path, sizeof(path), "%s/%s/name", dir, e->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		n = read(fd, name, sizeof(name) - 1);
		close(fd);
		name[n > 0 ? n : 0] = '\0';
		if (strcmp(name, LAB_PORT "\n"))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", e->d_name);
		port = open(path, O_RDWR | O_CLOEXEC);
	}
	closedir(d);
	if (port < 0)
		lost("no port " LAB_PORT);
}

static void write_all(const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(port, p, len);

		if (n < 0 && errno != EINTR && errno != EAGAIN)
			lost("port write");
		if (n > 0) {
			p += n;
			len -= n;
		}
	}
}

static void read_all(void *data, size_t len)
{
	char *p = data;

	while (len) {
		ssize_t n = read(port, p, len);

		if (n < 0 && errno != EINTR)
			lost("port read");
		/* 0: the host is not connected, as it is while restoring */
		if (n == 0)
			usleep(1000);
		if (n > 0) {
			p += n;
			len -= n;
		}
	}
}

void port_send(enum lab_frame_type type, const void *data, size_t len)
{
	const char *p = data;

	do {
		size_t part = len < LAB_FRAME_MAX ? len : LAB_FRAME_MAX;
		struct lab_frame f = { .type = type, .len = part };

		write_all(&f, sizeof(f));
		write_all(p, part);
		p += part;
		len -= part;
	} while (len);
}

/* The payload is the caller's to free and has a NUL byte behind it. */
char *port_receive(struct lab_frame *frame)
{
	char *data;

	read_all(frame, sizeof(*frame));
	if (frame->len > LAB_REQUEST_MAX)
		fail("a frame of %u bytes", frame->len);
	data = malloc(frame->len + 1);
	if (!data)
		fail("no memory for a frame of %u bytes", frame->len);
	read_all(data, frame->len);
	data[frame->len] = '\0';
	return data;
}

void fail(const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	port_send(LAB_FAILED, text, strlen(text));
	for (;;)
		pause();
}
