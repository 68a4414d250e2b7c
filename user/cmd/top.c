// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope top: all VMs of this machine, refreshed in place. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "cmd/progress_line.h"
#include "cmd/screen.h"
#include "render/top.h"
#include "session/overview.h"
#include "session/stop.h"

#define DELAY_MS     2000
#define DELAY_MIN_MS 100
#define KEY_MS	     100

static const struct cmd_option option_table[] = {
	{ 'd', "delay", "SECONDS", NULL,
	  "between two frames (2); 0.1 at least" },
	{ 'n', "frames", "N", NULL, "end after so many" },
	{ 'b', "batch", NULL, NULL,
	  "print one frame after the other, also on a terminal" },
	CMD_COLUMNS('o', TOP_COLUMN_KEYS,
		    "these columns alone, with commas between: pid, command, "
		    "fd, state, slots, memory, rate, failed, vcpus, age, "
		    "verdict, vmm, name"),
	CMD_JSON("the same as JSON, one document a frame"),
	CMD_COMMON
};

struct topping {
	int delay_ms;
	uint64_t frames; /* 0: without end */
	bool batch;
	enum top_sort sort;
	struct overview overview;
	int status; /* of the last frame that was shown */
};

static void clock_text(char *text, size_t size, uint64_t real_ns)
{
	const time_t seconds = (time_t)(real_ns / 1000000000);
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || !strftime(text, size, "%T", &tm))
		snprintf(text, size, "?");
}

static int render(FILE *out, const struct topping *t)
{
	const struct overview *o = &t->overview;
	char clock[32];
	const struct top_frame frame = {
		.top = &o->top,
		.sort = t->sort,
		.at_ns = o->at_ns,
		.now_ns = clock_now(),
		.real_ns = clock_read(CLOCK_REALTIME),
		.clock = clock,
		.nr_looked = o->nr_looked,
		.unseen = o->unseen,
		.requests = o->requests,
		.changes = o->changes,
		.why = o->tracer ? NULL : o->no_tracer.why,
	};

	clock_text(clock, sizeof(clock), frame.real_ns);
	return cmd_globals.json ? render_top_json(out, &frame) :
				  render_top(out, &frame);
}

static int show(struct topping *t)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int ret;

	if (!out)
		return -ENOMEM;
	ret = render(out, t);
	if (fclose(out) && !ret)
		ret = -ENOMEM;
	if (!ret)
		screen_show(text);
	free(text);
	return ret;
}

static int status_of(const struct overview *o)
{
	int status = o->requests && o->changes && !o->top.lost && !o->unseen ?
			     CMD_OK :
			     CMD_UNKNOWN;

	for (size_t i = 0; i < o->top.nr; i++) {
		const struct top_vm *vm = o->top.vms[i];

		if (vm->look.verdict == TOP_MISMATCHES)
			return CMD_MISMATCH;
		if (vm->look.verdict != TOP_AGREE || top_changed(vm))
			status = CMD_UNKNOWN;
	}
	return status;
}

/* Return: 1: nobody takes any more */
static int put(struct topping *t, bool first, struct slotscope_error *err)
{
	int ret;

	if (t->batch && !first && !cmd_globals.json)
		putchar('\n');
	ret = t->batch ? render(stdout, t) : show(t);
	if (ret)
		return error_set(err, ret, "print the VMs");
	t->status = status_of(&t->overview);
	return cmd_flush() ? 1 : 0;
}

/* Return: true: it is to end */
static bool take_key(struct topping *t, char key, bool *again)
{
	static const char keys[] = {
		[TOP_BY_PID] = 'p', [TOP_BY_CHANGES] = 'c', [TOP_BY_MEMORY] = 'm'
	};

	for (size_t i = 0; i < sizeof(keys); i++)
		if (key == keys[i]) {
			t->sort = (enum top_sort)i;
			*again = true;
		}
	return key == 'q' || key == 'Q';
}

/* Up to the next frame; 1: it is to end */
static int wait_on(struct topping *t, int64_t until,
		   struct slotscope_error *err)
{
	int64_t left;
	bool again;
	int ret = 0;

	while (!ret && !stop_requested && (left = until - clock_now_ms()) > 0) {
		if (!t->batch && left > KEY_MS)
			left = KEY_MS;
		ret = overview_wait(&t->overview, (int)left, err);
		again = false;
		if (!ret && !t->batch && take_key(t, screen_key(0), &again))
			return 1;
		if (!ret && again)
			ret = put(t, false, err);
	}
	return ret;
}

static int follow(struct topping *t, struct slotscope_error *err)
{
	int64_t next = clock_now_ms();
	int ret = 0;

	for (uint64_t nr = 1; !ret && !stop_requested; nr++) {
		ret = overview_frame(&t->overview, t->delay_ms / 4, err);
		/* What a signal has cut short is no frame */
		if (!ret && !stop_requested)
			ret = put(t, nr == 1, err);
		if (nr == t->frames)
			break;
		next += t->delay_ms;
		if (next < clock_now_ms())
			next = clock_now_ms();
		if (!ret)
			ret = wait_on(t, next, err);
	}
	return ret < 0 ? ret : 0;
}

static int top(struct topping *t)
{
	struct slotscope_error err = {};
	int ret, status;

	stop_on_signals();
	if (overview_open(&t->overview, t->frames == 1, cmd_globals.verbose,
			  &err))
		return cmd_fail(&err);
	if (!t->batch) {
		progress_line_stop();
		screen_open();
	}
	ret = follow(t, &err);
	if (!t->batch)
		screen_close();
	status = ret ? cmd_fail(&err) : t->status;
	overview_close(&t->overview);
	return status;
}

static int parse_frames(const char *text, uint64_t *nr,
			struct slotscope_error *err)
{
	char *end;

	errno = 0;
	*nr = strtoull(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && !*end && !errno && *nr)
		return 0;
	error_set(err, EINVAL, "read the number of frames \"%.40s\"", text);
	error_why(err, "it is not a number from 1 on");
	return error_next(err, "slotscope top --help");
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct topping t = { .delay_ms = DELAY_MS, .status = CMD_UNKNOWN };
	struct slotscope_error err = {};
	int opt, exit;

	while ((opt = cmd_getopt(cmd, argc, argv)) >= 0) {
		switch (opt) {
		case 'd':
			if (cmd_parse_delay(optarg, DELAY_MIN_MS, &t.delay_ms,
					    &err))
				return cmd_fail(&err);
			break;
		case 'n':
			if (parse_frames(optarg, &t.frames, &err))
				return cmd_fail(&err);
			break;
		case 'o':
			if (table_choose(optarg, top_columns, TOP_COLUMNS,
					 &err))
				return cmd_fail(&err);
			break;
		case 'b':
			t.batch = true;
			break;
		default:
			if (cmd_common_opt(cmd, opt, argv, &exit))
				return exit;
		}
	}
	if (optind < argc)
		return cmd_usage(cmd, "extra word \"%s\"", argv[optind]);
	if (cmd_globals.json || !screen_is_terminal())
		t.batch = true;
	return top(&t);
}

const struct cmd cmd_top = {
	.name = "top",
	.summary = "show all VMs of this machine, refreshed in place",
	.usage = "top [OPTIONS]",
	.about =
		"Shows all VMs of this machine: their slots, how often these "
		"change, what was refused, where their vCPUs are, and whether "
		"what was traced, what KVM holds and what is mapped agree. On a "
		"terminal it is refreshed in place: q quits; c, m, p sort by "
		"changes, memory, process.",
	.options = option_table,
	.ending =
		"Exit status, of the last frame: 0 all VMs agree, or there was "
		"none; 1 one has mismatches; 2 of one that could not be told; 3 "
		"usage or error.",
	.run = run,
};
