// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope repro: a program that makes the requests of a log on a fresh VM. */
#include <errno.h>
#include <stdio.h>

#include "base/read_file.h"
#include "cmd/cmd.h"
#include "cmd/recorded.h"
#include "render/repro.h"
#include "session/vms.h"
#include "trace/log_load.h"

enum { OPT_KSELFTEST = CMD_OPT_FIRST_OWN, OPT_MINIMIZE, OPT_VM };

static const struct cmd_option option_table[] = {
	{ OPT_MINIMIZE, "minimize", NULL, NULL,
	  "drop what the last failure, or the slots at the end, do not "
	  "need" },
	{ OPT_KSELFTEST, "kselftest", NULL, NULL,
	  "write a test for selftests/kselftest instead" },
	{ OPT_VM, "vm", "N", NULL, "of several VMs the Nth" },
	{ 'o', "output", "FILE", VALUES_FILES, "write to FILE" },
	CMD_JSON("errors as JSON"),
	CMD_COMMON
};

struct repro_options {
	const char *path;
	uint64_t vm;
	bool minimize;
	enum repro_form form;
};

static int write_repro(const struct repro_options *options,
		       struct slotscope_error *err)
{
	const char *name = read_file_name(options->path);
	struct repro repro = {};
	struct slot_log log;
	struct vm_id vm;
	bool growing;
	int ret;

	slot_log_init(&log);
	ret = log_load(options->path, &log, &growing, err);
	if (!ret)
		recorded_tell_growing(options->path, growing);
	if (!ret)
		ret = log_pick_vm(name, &log, options->vm, &vm, err);
	if (ret)
		goto out;
	ret = repro_make(&log, &vm, &repro);
	if (!ret && options->minimize)
		ret = repro_minimize(&repro);
	if (ret) {
		error_set(err, ret, "make a program of %.160s", name);
		goto out;
	}
	if (!repro.nr) {
		ret = error_set(err, ENOENT, "make a program of %.160s", name);
		error_why(err, "it has no request that could be read");
		goto out;
	}
	render_repro(cmd_report(), &repro, name, options->form);
	ret = CMD_OK;
	if (repro.lost || repro.left_out || repro.late) {
		ret = CMD_UNKNOWN;
		cmd_notice("%s: the program may end otherwise",
			   repro.lost || repro.left_out ?
				   "the log is not whole" :
				   "nothing tells how it began");
	}
out:
	repro_deinit(&repro);
	slot_log_deinit(&log);
	return ret;
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct repro_options options = {};
	struct slotscope_error err = {};
	struct vm_name name = { .fd = -1 };
	int opt, exit, ret;

	while ((opt = cmd_getopt(cmd, argc, argv)) >= 0) {
		switch (opt) {
		case OPT_KSELFTEST:
			options.form = REPRO_KSELFTEST;
			break;
		case OPT_MINIMIZE:
			options.minimize = true;
			break;
		case OPT_VM:
			if (vm_name_parse(optarg, &name, &err))
				return cmd_fail(&err);
			if (!name.number)
				return cmd_usage(cmd, "of a file a VM is named "
						      "by its number: --vm 1");
			options.vm = name.number;
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
	if (argc - optind != 1)
		return cmd_usage(cmd, "one FILE is expected");
	options.path = argv[optind];
	ret = cmd_report_begin(&options.path, 1, &err);
	if (!ret)
		ret = write_repro(&options, &err);
	return ret < 0 ? cmd_fail(&err) : ret;
}

const struct cmd cmd_repro = {
	.name = "repro",
	.summary = "write a program that makes a log's requests on a fresh VM",
	.usage = "repro [OPTIONS] FILE",
	.about =
		"Writes a C program that makes the requests in FILE on a fresh "
		"VM, and ends in the same slots and errnos, or says what came "
		"out otherwise. FILE is a recording, strace's output, or a QEMU "
		"trace log. The program needs libc and linux-libc-dev.",
	.options = option_table,
	.ending =
		"Exit status: 0 written, 2 written, but requests were lost, or "
		"nothing tells how the VM began: it may end otherwise, 3 usage "
		"or error.",
	.args = VALUES_FILES,
	.run = run,
};
