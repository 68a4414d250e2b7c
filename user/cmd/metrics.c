// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope metrics: all VMs of this machine, for Prometheus. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <slotscope/version.h>

#include "base/clock.h"
#include "base/whole_file.h"
#include "cmd/cmd.h"
#include "host/http_unix.h"
#include "render/openmetrics.h"
#include "session/overview.h"
#include "session/stop.h"

#define DELAY_MIN_MS 1000
#define POLL_MS	     100
/* Looks for one answer: less than a scraper waits (10 s) */
#define ANSWER_MS    2000
/* ... for a text that is made once: all there are */
#define ONCE_MS	     600000
/* Answers are made anew at most once a second, and in a fifth of the time */
#define FRESH_MS     1000
#define REST	     4

enum { OPT_LISTEN = CMD_OPT_FIRST_OWN, OPT_FORMAT, OPT_DETAILS };

static const struct cmd_option option_table[] = {
	{ 'o', "output", "FILE", VALUES_FILES,
	  "write FILE at once as a whole: for the textfile collector of "
	  "node_exporter" },
	{ 'd', "delay", "SECONDS", NULL,
	  "write it again every so often; 1 at least" },
	{ OPT_LISTEN, "listen", "unix:PATH", NULL,
	  "answer HTTP on a Unix socket: GET /metrics" },
	{ OPT_FORMAT, "format", "FORM", "text openmetrics",
	  "text (default) or openmetrics, where no client says it" },
	{ OPT_DETAILS, "details", NULL, NULL,
	  "also what KVM has beside the slots; takes the module" },
	CMD_JSON("errors as JSON"),
	CMD_COMMON
};

struct metering {
	const char *path;
	const char *address;
	int delay_ms; /* 0: once */
	enum metrics_form form;
	bool details;
	struct overview overview;
	uint64_t since_ns;
	uint64_t took_ns;
	/* Of answers */
	struct http_page *pages[2]; /* by form; NULL: not made of this frame */
	int64_t stale_ms;	    /* from when on a new frame is due */
	struct slotscope_error *err;
	int failed;
	bool written; /* once at least */
};

static bool goes_on(const struct metering *m)
{
	return m->address || m->delay_ms;
}

static int gather(struct metering *m, int budget_ms,
		  struct slotscope_error *err)
{
	const uint64_t begin = clock_now();
	int ret = overview_frame(&m->overview, budget_ms, err);

	m->took_ns = clock_now() - begin;
	return ret;
}

static int make_text(const struct metering *m, enum metrics_form form,
		     char **text, size_t *len, struct slotscope_error *err)
{
	const struct overview *o = &m->overview;
	const struct metrics_frame frame = {
		.top = &o->top,
		.version = SLOTSCOPE_VERSION,
		.watched = goes_on(m) && o->tracer,
		.since_ns = m->since_ns,
		.at_ns = clock_read(CLOCK_REALTIME),
		.mono_ns = clock_now(),
		.took_ns = m->took_ns,
		.nr_looked = o->nr_looked,
		.unseen = o->unseen,
		.requests = o->requests,
		.changes = o->changes,
		.nr_slots = o->limits.nr_slots,
	};
	FILE *out = open_memstream(text, len);
	int ret = out ? render_openmetrics(out, &frame, form) : -ENOMEM;

	if (out && fclose(out) && !ret)
		ret = -ENOMEM;
	if (!ret)
		return 0;
	if (out)
		free(*text);
	return error_set(err, ret, "make the metrics");
}

static int put_text(const struct metering *m, struct slotscope_error *err)
{
	char *text;
	size_t len;
	int ret = make_text(m, m->form, &text, &len, err);

	if (ret)
		return ret;
	if (m->path)
		ret = whole_file_write(m->path, text, len, err);
	else
		fwrite(text, 1, len, stdout);
	free(text);
	return ret;
}

/* A disk that is full for a while is no reason to lose what was counted */
static void say_not_written(const struct slotscope_error *err)
{
	cmd_notice("%s: %s", err->tried, err->why);
}

static int write_on(struct metering *m, struct slotscope_error *err)
{
	int64_t next = clock_now_ms();
	int ret = 0;

	while (!ret && !stop_requested) {
		ret = gather(m, m->delay_ms ? m->delay_ms / 4 : ONCE_MS, err);
		/* What a signal has cut short is no frame */
		if (ret || stop_requested)
			break;
		ret = put_text(m, err);
		if (ret && m->written && ret != -ENOMEM) {
			say_not_written(err);
			ret = 0;
		}
		m->written = true;
		if (!m->delay_ms)
			break;
		next += m->delay_ms;
		if (next < clock_now_ms())
			next = clock_now_ms();
		if (!ret)
			ret = overview_wait(&m->overview,
					    (int)(next - clock_now_ms()), err);
	}
	return ret;
}

static void drop_pages(struct metering *m)
{
	for (size_t i = 0; i < 2; i++) {
		http_page_put(m->pages[i]);
		m->pages[i] = NULL;
	}
}

static int freshen(struct metering *m)
{
	int ret;

	if (clock_now_ms() < m->stale_ms)
		return 0;
	drop_pages(m);
	ret = gather(m, ANSWER_MS, m->err);
	m->stale_ms = clock_now_ms() + FRESH_MS +
		      (int64_t)(REST * m->took_ns / 1000000);
	return ret;
}

static struct http_page *get(void *opaque, const char *accept)
{
	struct metering *m = opaque;
	const enum metrics_form form =
		strstr(accept, "application/openmetrics-text") ?
			METRICS_OPENMETRICS :
		strstr(accept, "text/plain") ? METRICS_TEXT :
					       m->form;
	char *text;
	size_t len;

	if (!m->failed)
		m->failed = freshen(m);
	if (!m->failed && !m->pages[form] &&
	    !make_text(m, form, &text, &len, m->err))
		m->pages[form] = http_page_make(
			form == METRICS_TEXT ? METRICS_TEXT_TYPE :
					       METRICS_OPENMETRICS_TYPE,
			text, len);
	if (m->failed || !m->pages[form])
		return NULL;
	m->pages[form]->users++;
	return m->pages[form];
}

static int answer_on(struct metering *m, struct slotscope_error *err)
{
	const struct http_source source = { .path = "/metrics",
					    .get = get,
					    .opaque = m };
	struct pollfd fds[HTTP_FDS];
	struct http_unix *http;
	size_t nr;
	int ret = http_unix_open(m->address, &source, &http, err);

	if (ret)
		return ret;
	m->err = err;
	while (!ret && !stop_requested) {
		nr = http_unix_fds(http, fds);
		if (poll(fds, nr, POLL_MS) < 0)
			nr = 0; /* a signal */
		ret = overview_gather(&m->overview, err);
		if (!ret)
			http_unix_serve(http, fds, nr, clock_now_ms());
		if (!ret)
			ret = m->failed;
	}
	http_unix_close(http);
	drop_pages(m);
	return ret;
}

static int meter(struct metering *m)
{
	struct slotscope_error err = {};
	int ret, status;

	stop_on_signals();
	if (overview_open(&m->overview, !goes_on(m), cmd_globals.verbose, &err))
		return cmd_fail(&err);
	m->overview.details = m->details;
	m->since_ns = clock_read(CLOCK_REALTIME);
	ret = m->address ? answer_on(m, &err) : write_on(m, &err);
	status = ret ? cmd_fail(&err) :
		 !goes_on(m) && (m->overview.unseen || !m->written) ?
		       CMD_UNKNOWN :
		       CMD_OK;
	overview_close(&m->overview);
	return status;
}

static int parse_form(const char *text, enum metrics_form *form,
		      struct slotscope_error *err)
{
	*form = strcmp(text, "text") ? METRICS_OPENMETRICS : METRICS_TEXT;
	if (*form == METRICS_TEXT || !strcmp(text, "openmetrics"))
		return 0;
	error_set(err, EINVAL, "write the form \"%.40s\"", text);
	error_why(err, "there is no such form");
	return error_next(err, "--format text or --format openmetrics");
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct metering m = { .form = METRICS_TEXT };
	struct slotscope_error err = {};
	int opt, exit;

	while ((opt = cmd_getopt(cmd, argc, argv)) >= 0) {
		switch (opt) {
		case 'o':
			m.path = optarg;
			break;
		case 'd':
			if (cmd_parse_delay(optarg, DELAY_MIN_MS, &m.delay_ms,
					    &err))
				return cmd_fail(&err);
			break;
		case OPT_LISTEN:
			m.address = optarg;
			break;
		case OPT_FORMAT:
			if (parse_form(optarg, &m.form, &err))
				return cmd_fail(&err);
			break;
		case OPT_DETAILS:
			m.details = true;
			break;
		default:
			if (cmd_common_opt(cmd, opt, argv, &exit))
				return exit;
		}
	}
	if (optind < argc)
		return cmd_usage(cmd, "extra word \"%s\"", argv[optind]);
	if (m.address && (m.path || m.delay_ms))
		return cmd_usage(cmd, "--listen goes without -o and -d");
	if (m.delay_ms && !m.path)
		return cmd_usage(cmd, "-d goes with -o");
	return meter(&m);
}

const struct cmd cmd_metrics = {
	.name = "metrics",
	.summary = "tell of all VMs as metrics, for Prometheus",
	.usage = "metrics [OPTIONS]\n"
		 "metrics -o FILE [-d SECONDS] [OPTIONS]\n"
		 "metrics --listen unix:PATH [OPTIONS]",
	.about =
		"Tells of all VMs of this machine as metrics, in Prometheus' text "
		"format: slots, their memory, what the last look at each found. "
		"With -d or --listen it goes on, and counts changes, refused "
		"requests, gaps and lost events.",
	.options = option_table,
	.ending =
		"Exit status: 0 done, 2 written, but some processes could not be "
		"looked into, or a signal came before it was, 3 usage or error.",
	.run = run,
};
