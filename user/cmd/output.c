// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/kept_file.h"
#include "base/output_place.h"
#include "cmd/cmd.h"
#include "cmd/output.h"
#include "cmd/pager.h"
#include "cmd/page.h"
#include "cmd/progress_line.h"
#include "host/terminal.h"
#include "render/error.h"
#include "render/style.h"
#include "render/text.h"

/* Narrower than that nothing can be read; wider is no terminal */
#define COLUMNS_MIN 40
#define COLUMNS_MAX 10000

static int output_error;
static bool output_told;
static FILE *report, *pending; /* --report's file; not yet that */
static const char *report_path;
static bool report_is_product, report_created;
static int end_signal;

FILE *cmd_report(void)
{
	return report ? report : stdout;
}

FILE *cmd_output_open(const char *what, const char *path, bool *created,
		      struct slotscope_error *err)
{
	const char *why;
	FILE *out;
	int fd;

	if (!strcmp(path, "-")) {
		error_set(err, EINVAL, "write the %s to -", what);
		error_why(err, "it takes a file, apart from standard output");
		error_next(err, "name a file; ./- is one of that name");
		return NULL;
	}
	fd = kept_open(path, 0666, created, &why);
	out = fd < 0 ? NULL : kept_stream(fd);
	if (out)
		return out;
	error_set(err, fd < 0 ? -fd : errno, "write the %s to %.160s", what,
		  path);
	if (fd >= 0)
		close(fd);
	output_why(err, why);
	return NULL;
}

int cmd_report_to(const char *path, bool product, struct slotscope_error *err)
{
	if (pending)
		fclose(pending);
	pending = cmd_output_open("report", path, &report_created, err);
	if (!pending)
		return -err->code;
	report_is_product = product;
	report_path = path;
	return 0;
}

int cmd_apart(const char *output, const char *input,
	      struct slotscope_error *err)
{
	if (!input || !kept_is_same(output, input))
		return 0;
	error_set(err, EINVAL, "write to %.160s", output);
	error_why(err,
		  "it is the same file as %.160s: what is there would be "
		  "lost",
		  strcmp(input, "-") ? input : "standard input");
	return error_next(err, "name another file to write to");
}

int cmd_report_apart(const char *output, struct slotscope_error *err)
{
	return cmd_apart(output, report_path, err);
}

int cmd_report_begin(const char *const *inputs, size_t nr,
		     struct slotscope_error *err)
{
	int ret = 0;

	for (size_t i = 0; pending && i < nr && !ret; i++)
		ret = cmd_apart(report_path, inputs[i], err);
	if (ret)
		return ret;
	report = pending;
	pending = NULL;
	output_style();
	return 0;
}

static void drop_empty_report(void)
{
	if (report_created && (pending || report_is_product))
		kept_drop_empty(report_path);
}

/* What a terminal has, or COLUMNS says; as wide as may be read without */
static unsigned int columns_of(int fd)
{
	const char *said = getenv("COLUMNS");
	struct winsize size;
	unsigned long value;
	char *end;

	if (said && *said >= '0' && *said <= '9') {
		value = strtoul(said, &end, 10);
		if (!*end && value && value <= COLUMNS_MAX)
			return value < COLUMNS_MIN ? COLUMNS_MIN : value;
	}
	if (fd < 0 || !isatty(fd))
		return RENDER_COLUMNS;
	terminal_size(fd, &size);
	return size.ws_col < COLUMNS_MIN ? COLUMNS_MIN : size.ws_col;
}

/* NO_COLOR as https://no-color.org has it: one that is empty says nothing */
static bool colors_of(int fd)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (cmd_globals.color)
		return cmd_globals.color > 0;
	return fd >= 0 && isatty(fd) && !(no_color && *no_color) && term &&
	       *term && strcmp(term, "dumb");
}

void output_style(void)
{
	const int fd = report ? fileno(report) : STDOUT_FILENO;

	render_style.columns = columns_of(fd);
	render_style.color = colors_of(fd);
	render_style.wide = cmd_globals.wide;
	render_style.pretty = cmd_globals.pretty;
}

/* Why a write failed when nobody looked: what it was then fails the next one, too */
static int cause_of(FILE *out)
{
	clearerr(out);
	if (fputc('\n', out) == EOF || fflush(out))
		return errno;
	return EIO;
}

int cmd_flush(void)
{
	FILE *out = cmd_report();
	int error;

	/* Threads of a VM print too */
	flockfile(out);
	if (!output_error) {
		if (fflush(out))
			output_error = errno;
		else if (ferror(out))
			output_error = cause_of(out);
	}
	error = output_error;
	funlockfile(out);
	return error;
}

int cmd_end_by_signal(int signal)
{
	end_signal = signal;
	return 128 + signal;
}

/* A core of ours would tell nothing of the command that had it coming */
static void end_by_signal(void)
{
	sigset_t set;

	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
	signal(end_signal, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, end_signal);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(end_signal);
}

void cmd_output_told(void)
{
	output_told = true;
}

void cmd_page(void)
{
	if (!report && !cmd_globals.no_pager)
		pager_begin();
}

int cmd_fail(const struct slotscope_error *err)
{
	struct render_style style;

	cmd_flush();
	pager_settle();
	if (page_json()) {
		style = page_style();
		render_error_json(page_json(), err);
		render_style = style;
	}
	if (cmd_globals.json) {
		render_error_json(report_is_product ? stdout : cmd_report(),
				  err);
		return CMD_ERROR;
	}
	if (report && !report_is_product)
		render_error_text(report, err);
	render_error_text(stderr, err);
	return CMD_ERROR;
}

void cmd_notice(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (cmd_globals.json)
		render_notice_json(stderr, text);
	else
		fprintf(stderr, "slotscope: %s\n", text);
}

/* Whole lines: the stream is flushed at each */
static ssize_t write_notices(void *cookie, const char *text, size_t size)
{
	static const char prefix[] = "slotscope: ";
	const char *end;
	size_t len;

	for (size_t at = 0; at < size; at += len + !!end) {
		end = memchr(text + at, '\n', size - at);
		len = end ? (size_t)(end - text) - at : size - at;
		if (len > strlen(prefix) &&
		    !memcmp(text + at, prefix, strlen(prefix)))
			cmd_notice("%.*s", (int)(len - strlen(prefix)),
				   text + at + strlen(prefix));
		else if (len)
			cmd_notice("%.*s", (int)len, text + at);
	}
	return size;
}

FILE *cmd_notices(void)
{
	static FILE *notices;

	if (!cmd_globals.json)
		return stderr;
	if (!notices) {
		notices = fopencookie(
			NULL, "w",
			(cookie_io_functions_t){ .write = write_notices });
		if (notices)
			setlinebuf(notices);
	}
	return notices;
}

int cmd_cannot_tell(const struct slotscope_error *err)
{
	cmd_fail(err);
	return CMD_UNKNOWN;
}

/* Whatever the cause, a reader that has gone away or a full disk: one rule */
static int say_output_failed(int error)
{
	struct slotscope_error err = {};

	error_set(&err, error, "write to %.160s",
		  report ? report_path : "standard output");
	if (error == EIO)
		error_why(&err, "a write failed");
	error_next(&err, error == EPIPE ?
				 "let its reader read to the end" :
				 "see that there is room where it goes");
	render_error_text(stderr, &err);
	return CMD_ERROR;
}

/* A full disk behind our output shows at the last write at the latest */
int output_end(int status)
{
	int error = cmd_flush();

	progress_line_stop();
	/* Who quits the pager has seen enough */
	if (pager_end() && error == EPIPE)
		error = 0;
	drop_empty_report();
	if (error)
		return output_told ? CMD_ERROR : say_output_failed(error);
	if (end_signal && status == 128 + end_signal)
		end_by_signal();
	return status;
}
