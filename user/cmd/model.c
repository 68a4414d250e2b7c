// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope model: the memory model against what a real QEMU did or printed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include <slotscope/mtree.h>

#include "check/replay.h"
#include "cmd/cmd.h"

static const char help[] =
	"usage: slotscope model replay [OPTIONS] FILE...\n"
	"       slotscope model mtree [OPTIONS] FILE\n"
	"\n"
	"replay  makes the calls of QEMU's memory API that a log holds of our own model,\n"
	"        and holds every flat view and every request to KVM that follows against\n"
	"        what followed in QEMU.\n"
	"mtree   rebuilds the tree from the text of `info mtree -o -D` and prints all\n"
	"        flat views as `info mtree -f` does. What had to be assumed, because the\n"
	"        text does not tell, goes to standard error.\n"
	"FILE may be -, standard input.\n"
	"\n"
	"Options:\n"
	"      --full     replay: render each view whole at each commit\n"
	"      --json     replay: print one JSON document\n"
	"  -v, --verbose  say more on standard error\n"
	"  -h, --help     this text\n"
	"\n"
	"Exit status: 0 equal or printed, 1 a difference, 3 usage or error.\n";

enum { OPT_FULL = CMD_OPT_FIRST_OWN };

/* More text than any QEMU prints; a file must not end the program's memory */
#define MAX_TEXT (1ul << 30)

static int read_failed(struct slotscope_error *err, int code, const char *path)
{
	return error_set(err, code, "read %s", path);
}

static int read_text(const char *path, char **out, size_t *len,
		     struct slotscope_error *err)
{
	FILE *in = strcmp(path, "-") ? fopen(path, "r") : stdin;
	char *text = NULL, *more;
	size_t cap = 0;
	int r = 0;

	if (!in)
		return read_failed(err, errno, path);
	for (*len = 0; !feof(in) && !ferror(in) && !r;) {
		if (*len == cap) {
			cap = cap ? cap * 2 : 65536;
			more = cap > MAX_TEXT ? NULL : realloc(text, cap);
			if (!more) {
				r = read_failed(err,
						cap > MAX_TEXT ? EFBIG : ENOMEM,
						path);
				break;
			}
			text = more;
		}
		*len += fread(text + *len, 1, cap - *len, in);
	}
	if (!r && ferror(in))
		r = read_failed(err, EIO, path);
	if (in != stdin)
		fclose(in);
	if (r)
		free(text);
	else
		*out = text;
	return r;
}

/* One line of @text; NULL behind the last */
static const char *next_line(const char *text, int *len)
{
	if (!text || !*text)
		return NULL;
	*len = strcspn(text, "\n");
	return text;
}

static void print_side_by_side(const char *left, const char *right)
{
	int llen = 0, rlen = 0;

	printf("  %-56s   %s\n", "our view before the call",
	       "our view after it");
	left = next_line(left, &llen);
	right = next_line(right, &rlen);
	while (left || right) {
		bool same = left && right && llen == rlen &&
			    !memcmp(left, right, llen);

		printf("  %-56.*s %c %.*s\n", left ? llen : 0, left ? left : "",
		       same ? ' ' : '|', right ? rlen : 0, right ? right : "");
		left = next_line(left ? left + llen + !!left[llen] : NULL,
				 &llen);
		right = next_line(right ? right + rlen + !!right[rlen] : NULL,
				  &rlen);
	}
}

static void print_report(const char *path, const struct replay_report *report)
{
	printf("%s: %zu calls: %zu flat views, %zu KVM requests, %zu RAMBlock offsets ",
	       path, report->calls, report->flats, report->requests,
	       report->offsets);
	if (report->differs) {
		printf("compared, the last differs\n"
		       "  line %zu, after: %s\n"
		       "  ours:   %s\n"
		       "  theirs: %s\n",
		       report->line, report->call,
		       *report->ours ? report->ours : "(nothing)",
		       *report->theirs ? report->theirs : "(nothing)");
		print_side_by_side(report->before, report->after);
		puts("  (a log holds only a hash of QEMU's view)");
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
	}
	if (report->refused)
		add_string(obj, "refused", report->why.why);
	return obj;
}

static int replay(const struct cmd *cmd, int argc, char **argv,
		  const struct replay_options *options)
{
	struct json_object *list = json_object_new_array();
	size_t flats = 0, requests = 0, offsets = 0;
	struct slotscope_error err = {};
	struct replay_report report;
	int i, status = CMD_OK;
	char *text;
	size_t len;

	for (i = 0; i < argc && status != CMD_ERROR; i++) {
		if (read_text(argv[i], &text, &len, &err)) {
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
		puts(json_object_to_json_string_ext(list,
						    JSON_C_TO_STRING_PRETTY));
	else if (status != CMD_ERROR && argc > 1)
		printf("%d logs: %zu flat views, %zu KVM requests, %zu RAMBlock offsets compared: %s\n",
		       argc, flats, requests, offsets,
		       status ? "DIFFERENT" : "all equal");
	json_object_put(list);
	return status;
}

static int mtree(const struct cmd *cmd, int argc, char **argv)
{
	struct slotscope_error err = {};
	char *text;
	size_t len;
	int r;

	if (argc != 1)
		return cmd_usage(cmd, "mtree takes one file");
	r = read_text(argv[0], &text, &len, &err);
	if (r)
		return cmd_fail(&err);
	r = mtree_flatviews_from_tree_text(text, len, stdout, stderr, &err);
	free(text);
	return r ? cmd_fail(&err) : CMD_OK;
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	static const struct option long_options[] = {
		CMD_COMMON_LONG, { "full", no_argument, NULL, OPT_FULL }, {}
	};
	struct replay_options options = {};
	int opt, exit;

	while ((opt = getopt_long(argc, argv, ":" CMD_COMMON_SHORT,
				  long_options, NULL)) >= 0) {
		if (opt == OPT_FULL)
			options.full_render = true;
		else if (cmd_common_opt(cmd, opt, argv, &exit))
			return exit;
	}
	argc -= optind;
	argv += optind;
	if (argc && !strcmp(*argv, "mtree"))
		return mtree(cmd, argc - 1, argv + 1);
	if (!argc || strcmp(*argv, "replay"))
		return cmd_usage(cmd, "replay or mtree is expected");
	if (argc == 1)
		return cmd_usage(cmd, "replay takes one or more files");
	return replay(cmd, argc - 1, argv + 1, &options);
}

const struct cmd cmd_model = {
	.name = "model",
	.summary = "replay what QEMU's memory API did; read info mtree",
	.help = help,
	.run = run,
};
