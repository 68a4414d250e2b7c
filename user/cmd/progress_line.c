// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/progress.h"
#include "cmd/cmd.h"
#include "cmd/progress_line.h"
#include "host/rights.h"
#include "host/terminal.h"

#define SILENT_MS 1000
#define LOOK_MS	  200

/**
 * struct line - the line
 * @lock:    of all below, and of what is printed while it may be there
 * @wake:    it is to stop
 * @since:   when something was printed last, or the first of it began
 * @shown:   it is on the screen
 * @running: there is a thread that shows it
 */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	int64_t since;
	bool shown;
	bool running;
} line = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void put(int fd, const char *text, size_t len)
{
	/* What cannot be shown is no loss */
	if (write(fd, text, len) < 0)
		return;
}

static void erase(void)
{
	if (line.shown)
		put(STDERR_FILENO, "\r\033[K", 4);
	line.shown = false;
}

static void show(const char *doing, int64_t ms)
{
	struct winsize size;
	char text[256];
	int len;

	terminal_size(STDERR_FILENO, &size);
	len = snprintf(text, sizeof(text), "%.120s ... %d s", doing,
		       (int)(ms / 1000));
	/* A line that is broken by the terminal could not be erased */
	if (len >= size.ws_col)
		len = size.ws_col - 1;
	put(STDERR_FILENO, "\r", 1);
	put(STDERR_FILENO, text, (size_t)len);
	put(STDERR_FILENO, "\033[K", 3);
	line.shown = true;
}

static void look(void)
{
	const char *doing = progress_doing();
	int64_t now = clock_now_ms();

	if (!doing) {
		erase();
		line.since = now;
	} else if (now - line.since >= SILENT_MS && !cmd_globals.json) {
		show(doing, now - line.since);
	}
}

static void *run(void *unused)
{
	struct timespec until;

	(void)unused;
	rights_only_think();
	pthread_mutex_lock(&line.lock);
	while (line.running) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += LOOK_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&line.wake, &line.lock, &until);
		if (line.running)
			look();
	}
	erase();
	pthread_mutex_unlock(&line.lock);
	return NULL;
}

/* In place of standard output and error: what they print stands by itself */
static ssize_t print(void *cookie, const char *text, size_t len)
{
	const int fd = cookie ? STDOUT_FILENO : STDERR_FILENO;
	ssize_t nr;
	size_t done = 0;

	pthread_mutex_lock(&line.lock);
	erase();
	line.since = clock_now_ms();
	while (done < len) {
		nr = write(fd, text + done, len - done);
		if (nr < 0 && errno == EINTR)
			continue;
		if (nr < 0)
			break;
		done += (size_t)nr;
	}
	pthread_mutex_unlock(&line.lock);
	return (ssize_t)done;
}

/* For good: without the line it only hands on */
static void in_place_of(FILE **stream, void *cookie, int mode)
{
	const cookie_io_functions_t functions = { .write = print };
	FILE *ours = fopencookie(cookie, "w", functions);

	if (!ours)
		return;
	fflush(*stream);
	setvbuf(ours, NULL, mode, BUFSIZ);
	*stream = ours;
}

void progress_line_start(void)
{
	const char *term = getenv("TERM");
	pthread_condattr_t attr;
	sigset_t all, before;

	if (!isatty(STDERR_FILENO) || !term || !*term || !strcmp(term, "dumb"))
		return;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&line.wake, &attr);
	pthread_condattr_destroy(&attr);
	line.since = clock_now_ms();
	line.running = true;
	/* Signals are for the thread that waits for them */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	line.running = !pthread_create(&line.thread, NULL, run, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!line.running)
		return;
	if (isatty(STDOUT_FILENO))
		in_place_of(&stdout, &line, _IOLBF);
	in_place_of(&stderr, NULL, _IONBF);
}

void progress_line_stop(void)
{
	if (!line.running)
		return;
	pthread_mutex_lock(&line.lock);
	line.running = false;
	pthread_cond_signal(&line.wake);
	pthread_mutex_unlock(&line.lock);
	pthread_join(line.thread, NULL);
}
