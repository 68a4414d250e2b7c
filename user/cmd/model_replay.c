// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope model replay: what a QEMU's memory API was asked, asked of ours. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/plural.h"
#include "base/read_file.h"
#include "cmd/model.h"
#include "render/document.h"
#include "render/side_by_side.h"

/* QEMU's view beside ours where it is known, or else why it is not there */
static void print_views(const struct replay_report *report)
{
	struct side_by_side texts = {
		.left = report->before,
		.right = report->after,
		.left_title = "our view before the call",
		.right_title = "our view after it",
	};

	if (report->unchanged) {
		texts.left_title = "QEMU's view: the call left it as it was";
		texts.right_title = "ours";
	}
	render_side_by_side(stdout, &texts);
	if (!report->unchanged && !strncmp(report->theirs, "flat ", 5))
		puts("  QEMU's view cannot be shown: the log has its hash alone, and that is not\n"
		     "  the hash of the view before the call");
}

static void print_report(const char *path, const struct replay_report *report)
{
	printf("%s: %zu call%s: %zu flat view%s, %zu KVM request%s, %zu RAMBlock offset%s ",
	       path, report->calls, plural(report->calls), report->flats,
	       plural(report->flats), report->requests,
	       plural(report->requests), report->offsets,
	       plural(report->offsets));
	if (report->differs) {
		printf("compared, the last differs\n"
		       "  line %zu, after: %s\n"
		       "  ours:   %s\n"
		       "  theirs: %s\n",
		       report->line, report->call,
		       *report->ours ? report->ours : "(nothing)",
		       *report->theirs ? report->theirs : "(nothing)");
		print_views(report);
		return;
	}
	puts("equal");
	if (report->refused)
		printf("  line %zu, where QEMU aborts, is refused: %s: %s\n",
		       report->line, report->why.tried, report->why.why);
}

static void add_string(struct json_object *obj, const char *key,
		       const char *value)
{
	json_object_object_add(obj, key,
			       value ? json_object_new_string(value) : NULL);
}

static void add_number(struct json_object *obj, const char *key, size_t value)
{
	json_object_object_add(obj, key, json_object_new_uint64(value));
}

static struct json_object *report_json(const char *path,
				       const struct replay_report *report)
{
	struct json_object *obj = json_object_new_object();

	add_string(obj, "file", path);
	json_object_object_add(obj, "equal",
			       json_object_new_boolean(!report->differs));
	add_number(obj, "calls", report->calls);
	add_number(obj, "flat_views", report->flats);
	add_number(obj, "kvm_requests", report->requests);
	add_number(obj, "ramblock_offsets", report->offsets);
	if (report->differs || report->refused)
		add_number(obj, "line", report->line);
	if (report->differs) {
		add_string(obj, "call", report->call);
		add_string(obj, "ours", report->ours);
		add_string(obj, "theirs", report->theirs);
		add_string(obj, "view_before", report->before);
		add_string(obj, "view_after", report->after);
		add_string(obj, "view_theirs",
			   report->unchanged ? report->before : NULL);
	}
	if (report->refused)
		add_string(obj, "refused", report->why.why);
	return obj;
}

int model_replay(int argc, char **argv, const struct replay_options *options)
{
	struct json_object *list = json_object_new_array();
	size_t flats = 0, requests = 0, offsets = 0;
	struct slotscope_error err = {};
	struct replay_report report;
	int i, status = CMD_OK;
	char *text;
	size_t len;

	for (i = 0; i < argc && status != CMD_ERROR; i++) {
		if (read_file(argv[i], &text, &len, &err)) {
			status = cmd_fail(&err);
			break;
		}
		if (replay_api_log(text, len, options, &report, &err)) {
			status = cmd_fail(&err);
		} else {
			if (report.differs)
				status = CMD_MISMATCH;
			if (cmd_globals.json)
				json_object_array_add(
					list, report_json(argv[i], &report));
			else
				print_report(argv[i], &report);
			flats += report.flats;
			requests += report.requests;
			offsets += report.offsets;
		}
		replay_report_deinit(&report);
		free(text);
	}
	if (status != CMD_ERROR && cmd_globals.json)
		return render_document(stdout, list) ? CMD_ERROR : status;
	if (status != CMD_ERROR && argc > 1)
		printf("%d logs: %zu flat view%s, %zu KVM request%s, %zu RAMBlock offset%s compared: %s\n",
		       argc, flats, plural(flats), requests, plural(requests),
		       offsets, plural(offsets),
		       status ? "DIFFERENT" : "all equal");
	json_object_put(list);
	return status;
}
