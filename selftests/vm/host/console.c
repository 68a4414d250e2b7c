// SPDX-License-Identifier: GPL-2.0-or-later
/* What the guest's console said: kept, searched, shown. */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../klog.h"
#include "labctl.h"

#define LOG_MAX	    ((size_t)1 << 20)
#define SHOWN_LINES 80

static void keep(struct vm *vm, const char *data, size_t len)
{
	if (!vm->log)
		vm->log = calloc(1, LOG_MAX + 1);
	if (!vm->log || len > LOG_MAX)
		return;
	if (vm->loglen + len > LOG_MAX) {
		/* the newest half stays */
		memmove(vm->log, vm->log + LOG_MAX / 2,
			vm->loglen - LOG_MAX / 2);
		vm->loglen -= LOG_MAX / 2;
		if (vm->loglen + len > LOG_MAX)
			return;
	}
	for (size_t i = 0; i < len; i++)
		if (data[i] && data[i] != '\r')
			vm->log[vm->loglen++] = data[i];
	vm->log[vm->loglen] = '\0';
}

/* Returns false at the end: QEMU has closed it. */
bool console_read(struct vm *vm, bool verbose)
{
	char buf[4096];
	ssize_t n = read(vm->console, buf, sizeof(buf));

	if (n <= 0)
		return false;
	keep(vm, buf, n);
	if (verbose)
		write_all(STDERR_FILENO, buf, n);
	return true;
}

void console_close(struct vm *vm)
{
	close(vm->console);
	vm->console = -1;
}

/* What is still said, until it is silent for @ms. */
void console_watch(struct vm *vm, bool verbose, unsigned int ms)
{
	struct pollfd p = { .fd = vm->console, .events = POLLIN };

	while (vm->console >= 0 && poll(&p, 1, ms) > 0)
		if (!console_read(vm, verbose))
			break;
}

void console_drain(struct vm *vm, bool verbose)
{
	console_watch(vm, verbose, 0);
}

/* What was said before the snapshot belongs to the log of each run from it. */
bool console_load(struct vm *vm, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char buf[4096];
	ssize_t n;

	if (fd < 0)
		return false;
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		keep(vm, buf, n);
	close(fd);
	return n == 0;
}

/* The first line that tells of a fault in the kernel, or NULL. */
const char *console_problem(const struct vm *vm)
{
	const char *p = vm->log, *race = NULL;
	struct klog_reader reader = { 0 };
	char line[512];

	while (p && *p) {
		size_t len = strcspn(p, "\n");
		size_t part = len < sizeof(line) - 1 ? len : sizeof(line) - 1;

		memcpy(line, p, part);
		line[part] = '\0';
		switch (klog_read(&reader, line)) {
		case KLOG_NOTHING:
			break;
		case KLOG_PROBLEM:
			return p;
		case KLOG_RACE:
			race = p;
			break;
		case KLOG_OUR_RACE:
			return race;
		}
		p += len + (p[len] == '\n');
	}
	return NULL;
}

/* From the first problem on if there is one, else the end of it. */
void console_show(const struct vm *vm)
{
	const char *from = console_problem(vm);
	const char *end = vm->log + vm->loglen;
	int lines = 0;

	if (!vm->loglen) {
		note("the console said nothing");
		return;
	}
	if (!from) {
		for (from = end; from > vm->log; from--)
			if (from[-1] == '\n' && from != end &&
			    ++lines == SHOWN_LINES)
				break;
	}
	note("the guest's console:");
	write_all(STDERR_FILENO, from, end - from);
	if (end[-1] != '\n')
		write_all(STDERR_FILENO, "\n", 1);
}
