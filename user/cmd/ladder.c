// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>

#include "cmd/cmd.h"
#include "cmd/ladder.h"
#include "render/document.h"
#include "render/text.h"

/* Columns of a line: job, method and target, and what became of it */
#define HOW_COLUMN   14
#define STATE_COLUMN 62

static bool is_tried(const struct tracer_report *report, enum tracer_job job)
{
	for (size_t i = 0; i < report->nr_hooks; i++)
		if (report->hooks[i].job == job &&
		    report->hooks[i].state > TRACER_HOOK_ABSENT)
			return true;
	return false;
}

/* Why it is left alone, where nothing was wrong with it */
static const char *why(const struct tracer_hook *hook)
{
	if (hook->why[0] || hook->state != TRACER_HOOK_UNUSED)
		return hook->why;
	return "another one does it";
}

const char *ladder_cost(char *buf, const struct tracer_hook *hook)
{
	buf[0] = '\0';
	if (hook->runs)
		snprintf(buf, LADDER_COST, "%" PRIu64 "ns a run, of %" PRIu64,
			 hook->run_ns / hook->runs, hook->runs);
	return buf;
}

static void print_hook(const struct tracer_hook *hook, bool first)
{
	char line[160], how[96], cost[LADDER_COST];

	snprintf(how, sizeof(how), "%s %s", tracer_method_names[hook->method],
		 hook->target);
	snprintf(line, sizeof(line), "%-*s%-*s", HOW_COLUMN - 1,
		 first ? tracer_job_names[hook->job] : "",
		 STATE_COLUMN - HOW_COLUMN, how);
	ladder_cost(cost, hook);
	fprintf(cmd_report(), "%s%s%s%s\n", line,
		tracer_hook_state_names[hook->state], cost[0] ? "  " : "",
		cost);
	if (hook->why[0]) {
		snprintf(line, sizeof(line), "%*s", HOW_COLUMN + 1, "");
		text_wrap(cmd_report(), line, HOW_COLUMN + 1, hook->why);
	}
}

static void print_json(const struct tracer_report *report)
{
	struct json_writer w;

	render_json_begin(&w, cmd_report());
	json_begin_object(&w, NULL);
	json_begin_array(&w, "hooks");
	for (size_t i = 0; i < report->nr_hooks; i++) {
		const struct tracer_hook *hook = &report->hooks[i];

		if (!is_tried(report, hook->job))
			continue;
		json_begin_object(&w, NULL);
		json_write_str(&w, "job", tracer_job_names[hook->job]);
		json_write_str(&w, "method", tracer_method_names[hook->method]);
		json_write_str(&w, "target", hook->target);
		json_write_str(&w, "state",
			       tracer_hook_state_names[hook->state]);
		json_write_str(&w, "why", why(hook));
		if (hook->runs) {
			json_write_u64(&w, "runs", hook->runs);
			json_write_u64(&w, "run_ns", hook->run_ns);
		}
		json_end_object(&w);
	}
	json_end_array(&w);
	json_end_object(&w);
	render_json_end(&w);
}

void ladder_print(const struct tracer_report *report)
{
	if (cmd_globals.json) {
		print_json(report);
		return;
	}
	for (int job = 0; job < TRACER_JOBS; job++) {
		bool first = true;

		if (!is_tried(report, job))
			continue;
		for (size_t i = 0; i < report->nr_hooks; i++) {
			if (report->hooks[i].job != (enum tracer_job)job)
				continue;
			print_hook(&report->hooks[i], first);
			first = false;
		}
	}
}
