// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope diff: what differs between two recordings. */
#include <stdio.h>

#include "base/read_file.h"
#include "cmd/cmd.h"
#include "cmd/recorded.h"
#include "render/log_diff.h"
#include "trace/log_load.h"

static const struct cmd_option option_table[] = { CMD_JSON("print JSON"),
						  CMD_COMMON };

static int status_of(enum log_verdict verdict)
{
	switch (verdict) {
	case LOG_VERDICT_SAME:
		return CMD_OK;
	case LOG_VERDICT_DIFFERS:
		return CMD_MISMATCH;
	default:
		return CMD_UNKNOWN;
	}
}

static int print_diff(const struct log_side sides[LOG_SIDES],
		      const struct log_file files[LOG_SIDES],
		      struct slotscope_error *err)
{
	struct log_diff diff;
	int ret = log_diff(&sides[LOG_A], &sides[LOG_B], &diff);

	if (ret) {
		error_set(err, ret, "compare %.80s with %.80s",
			  files[LOG_A].name, files[LOG_B].name);
	} else {
		ret = status_of(diff.verdict);
		if (cmd_globals.json)
			render_log_diff_json(cmd_report(), &diff, files, ret);
		else
			render_log_diff(cmd_report(), &diff, files);
	}
	log_diff_deinit(&diff);
	return ret;
}

static int load(const char *path, struct slot_log *log, struct log_side *side,
		struct slotscope_error *err)
{
	struct log_reader *reader;
	int ret = log_open(path, &reader, err);

	if (ret)
		return ret;
	side->log = log;
	side->text = !log_recording(reader);
	ret = log_read_all(reader, log, err);
	side->growing = !ret && log_growing(reader);
	recorded_tell_growing(path, side->growing);
	log_close(reader);
	return ret;
}

static int compare(char *const paths[LOG_SIDES], struct slotscope_error *err)
{
	struct log_side sides[LOG_SIDES] = {};
	struct log_file files[LOG_SIDES];
	struct slot_log logs[LOG_SIDES];
	int ret = 0;

	for (int s = 0; s < LOG_SIDES; s++)
		slot_log_init(&logs[s]);
	for (int s = 0; s < LOG_SIDES && !ret; s++) {
		ret = load(paths[s], &logs[s], &sides[s], err);
		files[s] = (struct log_file){ read_file_name(paths[s]),
					      sides[s].text ?
						      "another tool's text" :
						      "a recording" };
	}
	if (!ret)
		ret = print_diff(sides, files, err);
	for (int s = 0; s < LOG_SIDES; s++)
		slot_log_deinit(&logs[s]);
	return ret;
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct slotscope_error err = {};
	int opt, exit, ret;

	while ((opt = cmd_getopt(cmd, argc, argv)) >= 0) {
		if (cmd_common_opt(cmd, opt, argv, &exit))
			return exit;
	}
	if (argc - optind != LOG_SIDES)
		return cmd_usage(cmd, "two files are expected");
	cmd_page();
	ret = compare(argv + optind, &err);
	return ret < 0 ? cmd_fail(&err) : ret;
}

const struct cmd cmd_diff = {
	.name = "diff",
	.summary = "tell what differs between two recordings",
	.usage = "diff [OPTIONS] A B",
	.about =
		"Tells what differs between the requests and changes of two "
		"recordings, VM by VM. A and B may also be strace's output, or "
		"a QEMU trace log. What is another in each run is not compared: "
		"host addresses, processes, threads, times.",
	.options = option_table,
	.ending =
		"Exit status: 0 the same, from each VM's creation to its end, 1 "
		"they differ, 2 cannot tell: not all is there of one, and that "
		"may be what differs; 3 usage or error.",
	.args = VALUES_FILES,
	.run = run,
};
