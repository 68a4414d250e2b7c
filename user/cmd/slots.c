// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope slots: what KVM holds of one VM. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "render/slots.h"
#include "session/kernel_view.h"

enum { OPT_PID = CMD_OPT_FIRST_OWN, OPT_FD, OPT_FROM };

static const char help[] =
	"usage: slotscope slots --pid PID [OPTIONS]\n"
	"\n"
	"Prints the memory slots that KVM holds for a VM, and the generation of each\n"
	"address space. KVM's own slots are marked.\n"
	"\n"
	"Options:\n"
	"      --pid PID      the VMM's process\n"
	"      --fd FD        the VM's descriptor there, if it has several VMs\n"
	"      --from SOURCE  module or bpf; default: the module if it is loaded\n"
	"      --json         print one JSON document\n"
	"  -v, --verbose      say more on standard error\n"
	"  -h, --help         this text\n"
	"\n"
	"Exit status: 0 done, 2 cut off, 3 usage or error.\n";

struct slots_options {
	pid_t pid;
	int fd;
	enum kernel_source source;
};

/* All slots that there were at one moment */
static bool is_whole(const struct slot_state *state)
{
	for (size_t i = 0; i < state->nr_as; i++)
		if (state->as[i].torn)
			return false;
	return !state->coverage.truncated;
}

static int print_state(const struct slot_state *state,
		       const struct kernel_view *view)
{
	if (cmd_globals.json) {
		render_slots_json(stdout, state);
	} else {
		render_slots(stdout, state);
		printf("read by %s\n", kernel_view_name(view));
	}
	return is_whole(state) ? CMD_OK : CMD_UNKNOWN;
}

static int show(const struct slots_options *options)
{
	struct slotscope_error err = {};
	struct slot_state state;
	struct kernel_view view;
	struct process process;
	struct vm_id vm;
	int ret;

	if (process_open(options->pid, &process, &err))
		return cmd_fail(&err);
	ret = find_vm(&process, options->fd, &vm, &err);
	if (ret) {
		ret = cmd_fail(&err);
		goto close_process;
	}
	ret = kernel_view_open(&view, options->source, NULL,
			       cmd_globals.verbose, &err);
	if (ret) {
		ret = cmd_fail(&err);
		goto close_process;
	}
	if (kernel_view_read(&view, &process, &vm, &state, &err))
		ret = cmd_fail(&err);
	else
		ret = print_state(&state, &view);
	slot_state_deinit(&state);
	kernel_view_close(&view);
close_process:
	process_close(&process);
	return ret;
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "pid", required_argument, NULL, OPT_PID },
		{ "fd", required_argument, NULL, OPT_FD },
		{ "from", required_argument, NULL, OPT_FROM },
		CMD_COMMON_LONG,
		{}
	};
	struct slots_options options = { .fd = -1 };
	struct slotscope_error err = {};
	int opt, exit;

	while ((opt = cmd_getopt(getopt_long, argc, argv, ":" CMD_COMMON_SHORT,
				 long_options)) >= 0) {
		switch (opt) {
		case OPT_PID:
			if (cmd_parse_pid(optarg, &options.pid, &err))
				return cmd_fail(&err);
			break;
		case OPT_FD:
			if (cmd_parse_fd(optarg, &options.fd, &err))
				return cmd_fail(&err);
			break;
		case OPT_FROM:
			if (!strcmp(optarg, "module"))
				options.source = KERNEL_BY_MODULE;
			else if (!strcmp(optarg, "bpf"))
				options.source = KERNEL_BY_BPF;
			else
				return cmd_usage(
					cmd, "--from %s: it is module or bpf",
					optarg);
			break;
		default:
			if (cmd_common_opt(cmd, opt, argv, &exit))
				return exit;
		}
	}
	if (optind < argc && !options.pid && is_process_number(argv[optind]))
		return cmd_usage(cmd, "extra word \"%s\": write --pid %s",
				 argv[optind], argv[optind]);
	if (optind < argc)
		return cmd_usage(cmd, "extra word \"%s\"", argv[optind]);
	if (!options.pid)
		return cmd_usage(cmd, "no --pid given");
	return show(&options);
}

const struct cmd cmd_slots = {
	.name = "slots",
	.summary = "print the memory slots of one VM",
	.help = help,
	.run = run,
};
