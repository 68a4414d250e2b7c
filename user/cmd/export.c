// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope export: a recording in the form of another tool. */
#include <errno.h>
#include <stdio.h>

#include "base/read_file.h"
#include "cmd/cmd.h"
#include "cmd/look.h"
#include "cmd/recorded.h"
#include "logs/lives.h"
#include "render/perfetto.h"
#include "trace/log_load.h"

enum { OPT_PERFETTO = CMD_OPT_FIRST_OWN };

static const struct cmd_option option_table[] = {
	{ OPT_PERFETTO, "perfetto", NULL, NULL,
	  "as Chrome trace JSON (Trace Event Format)" },
	{ 'i', "input", "FILE", VALUES_FILES,
	  "the recording; - is standard input" },
	{ 'o', "output", "FILE", VALUES_FILES, "write to FILE" },
	CMD_JSON("errors as JSON"),
	CMD_COMMON
};

static int no_times(const char *path, int ret, struct slotscope_error *err)
{
	error_set(err, -ret, "lay out %.160s in time", read_file_name(path));
	if (ret != -ENODATA)
		return ret;
	error_why(err, "it has no times");
	return error_next(err, "record with slotscope record, or with strace "
			       "-f -ttt -T -e trace=ioctl");
}

static int write_timeline(const char *path, const struct slot_log *log,
			  const struct stack_table *stacks,
			  struct slotscope_error *err)
{
	struct timeline timeline;
	struct slot_lost lost;
	uint64_t nr_lost = log_losses(log, &lost);
	int ret = timeline_make(log, &timeline);

	if (ret) {
		ret = no_times(path, ret, err);
	} else {
		render_perfetto(cmd_report(), &timeline, stacks, &lost);
		if (nr_lost)
			cmd_notice("%.160s lacks events "
				   "that were lost",
				   read_file_name(path));
		else if (!log->nr)
			cmd_notice("there is no event in "
				   "%.160s",
				   read_file_name(path));
		ret = nr_lost || !log->nr ? CMD_UNKNOWN : CMD_OK;
	}
	timeline_deinit(&timeline);
	return ret;
}

static int export(const char *path, struct slotscope_error *err)
{
	struct recording_reader *recording;
	struct log_reader *reader;
	struct slot_log log;
	int ret = log_open(path, &reader, err);

	if (ret)
		return ret;
	slot_log_init(&log);
	recording = log_recording(reader);
	ret = log_read_all(reader, &log, err);
	if (!ret) {
		recorded_tell_growing(path, log_growing(reader));
		ret = write_timeline(
			path, &log,
			recording ? recording_stacks(recording) : NULL, err);
	}
	slot_log_deinit(&log);
	log_close(reader);
	return ret;
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct slotscope_error err = {};
	const char *input = NULL;
	bool perfetto = false;
	int opt, exit, ret;

	while ((opt = cmd_getopt(cmd, argc, argv)) >= 0) {
		switch (opt) {
		case OPT_PERFETTO:
			perfetto = true;
			break;
		case 'i':
			if (look_once(&input, &err))
				return cmd_fail(&err);
			break;
		case 'o':
			if (cmd_report_to(optarg, true, &err))
				return cmd_fail(&err);
			break;
		default:
			if (cmd_common_opt(cmd, opt, argv, &exit))
				return exit;
		}
	}
	if (optind < argc)
		return cmd_usage(cmd, "the recording is named by -i");
	if (!input)
		return cmd_usage(cmd, "no -i FILE given");
	if (!perfetto)
		return cmd_usage(cmd, "no form given: --perfetto");
	ret = cmd_report_begin(&input, 1, &err);
	if (!ret)
		ret = export(input, &err);
	return ret < 0 ? cmd_fail(&err) : ret;
}

const struct cmd cmd_export = {
	.name = "export",
	.summary = "write a recording as a time line for Perfetto",
	.usage = "export --perfetto -i FILE [-o FILE]",
	.about = "Writes a recording as a time line for ui.perfetto.dev or "
		 "chrome://tracing: a track a VM, a slot, a vCPU and a thread, "
		 "with requests, changes, exits, and what is missing. FILE may "
		 "also be strace's output with times.",
	.options = option_table,
	.ending =
		"Exit status: 0 written, 2 written, but events were lost, or it "
		"has no VM, 3 usage or error.",
	.run = run,
};
